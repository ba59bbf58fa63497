"""A person who logs in, as HTTP: code + PKCE (RFC 7636), whoever ``login_hint`` names."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, urljoin, urlsplit

from ._http import MockError, Value, encode, send


def log_in(base: str, parameters: Mapping[str, Value]) -> dict[str, Value]:
    """From the authorization endpoint beneath ``base`` to what the code is redeemed with."""
    verifier = secrets.token_urlsafe(32)
    asked: dict[str, Value] = {
        "response_type": "code",
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest())
        .decode()
        .rstrip("="),
        "code_challenge_method": "S256",
        **parameters,
    }
    redirect_uri = str(asked["redirect_uri"])
    answer = _follow(f"{base}/authorize?{encode(asked)}", redirect_uri)
    if "error" in answer:
        error, description = answer["error"], answer.get("error_description")
        said = ": ".join(filter(None, (error, description)))
        raise MockError(f"login: {said}", error=error, error_description=description)
    if answer.get("state") != asked["state"]:
        raise MockError(f"login: state {answer.get('state')} came back for {asked['state']}")
    return {"code": answer.get("code"), "code_verifier": verifier, "redirect_uri": redirect_uri}


def _follow(url: str, redirect_uri: str) -> dict[str, str]:
    """From redirect to redirect until one leads to the client; its query."""
    here = urlsplit(url)
    cookies: dict[str, str] = {}
    for _ in range(10):
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = send(url, headers={"cookie": cookie} if cookie else {})
        for line in answer.headers.get_all("set-cookie", []):
            name, _, value = line.split(";")[0].partition("=")
            cookies[name] = value
        location = answer.headers.get("location")
        if location is None:
            where = answer.what.split("?")[0]
            raise MockError(
                f"login: {where}: {answer.status} in place of a redirect: {answer.excerpt()}",
                status=answer.status,
            )
        if location.startswith(redirect_uri) and location[len(redirect_uri) :][:1] in (
            "",
            "?",
            "&",
            "#",
        ):
            return dict(parse_qsl(urlsplit(location).query))
        # The mock may know itself by an address that leads elsewhere from here, as in a container.
        url = (
            urlsplit(urljoin(url, location))
            ._replace(scheme=here.scheme, netloc=here.netloc)
            .geturl()
        )
    raise MockError(f"login: ten redirects, and none leads to {redirect_uri}")
