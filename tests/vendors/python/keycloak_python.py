"""python-keycloak."""

from __future__ import annotations

from typing import Any

from _steps import serve
from keycloak import KeycloakOpenID

realm: dict[str, str] = {}


def begin(server_url: str, realm_name: str) -> None:
    realm.update(server_url=server_url, realm_name=realm_name)


def client(client_id: str = "web") -> KeycloakOpenID:
    return KeycloakOpenID(client_id=client_id, client_secret_key="any", **realm)


def well_known() -> Any:
    return client().well_known()


def auth_url(redirect_uri: str, scope: str, state: str) -> str:
    return client().auth_url(redirect_uri=redirect_uri, scope=scope, state=state)


def log_in(code: str, redirect_uri: str) -> Any:
    return client().token(grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def password(username: str, password: str) -> Any:
    return client().token(username, password)


def verify(token: str) -> Any:
    """By the keys of the realm, which it fetches where it is given none."""
    return client().decode_token(token)


def introspect(token: str) -> Any:
    return client().introspect(token)


def userinfo(token: str) -> Any:
    return client().userinfo(token)


def refresh(refresh_token: str) -> Any:
    return client().refresh_token(refresh_token)


def log_out(refresh_token: str) -> Any:
    return client().logout(refresh_token)


def client_credentials(client_id: str = "web") -> Any:
    return client(client_id).token(grant_type="client_credentials")


def device() -> Any:
    return client().device()


steps = (
    *(begin, well_known, auth_url, log_in, password, verify, introspect),
    *(userinfo, refresh, log_out, client_credentials, device),
)
serve({step.__name__: step for step in steps})
