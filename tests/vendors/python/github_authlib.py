"""Authlib, as its guide to GitHub has it."""

from __future__ import annotations

from typing import Any

from _steps import serve
from authlib.integrations.requests_client import OAuth2Session

app: dict[str, Any] = {}


def begin(issuer: str, redirect_uri: str) -> None:
    session = OAuth2Session("web", "any", scope="read:user user:email", redirect_uri=redirect_uri)
    app.update(issuer=issuer, session=session)


def url() -> str:
    address, _state = app["session"].create_authorization_url(
        f"{app['issuer']}/login/oauth/authorize"
    )
    return address


def log_in(answer: str) -> Any:
    return app["session"].fetch_token(
        f"{app['issuer']}/login/oauth/access_token", authorization_response=answer
    )


def user() -> Any:
    answer = app["session"].get(f"{app['issuer']}/user")
    answer.raise_for_status()
    return answer.json()


serve({step.__name__: step for step in (begin, url, log_in, user)})
