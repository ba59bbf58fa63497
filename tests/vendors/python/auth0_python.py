"""auth0-python."""

from __future__ import annotations

from typing import Any

from _steps import serve
from auth0.authentication import GetToken, Users
from auth0.authentication.token_verifier import AsymmetricSignatureVerifier, TokenVerifier

tenant: dict[str, str] = {}


def begin(domain: str, protocol: str) -> None:
    tenant.update(domain=domain, protocol=protocol)


def client(client_id: str = "web") -> GetToken:
    return GetToken(client_id=client_id, client_secret="any", **tenant)


def log_in(code: str, redirect_uri: str) -> Any:
    return client().authorization_code(code, redirect_uri)


def verify(id_token: str, issuer: str) -> dict[str, Any]:
    keys = AsymmetricSignatureVerifier(f"{issuer}.well-known/jwks.json")
    return TokenVerifier(keys, issuer=issuer, audience="web").verify(id_token)


def userinfo(access_token: str) -> Any:
    return Users(**tenant).userinfo(access_token)


def refresh(refresh_token: str) -> Any:
    return client().refresh_token(refresh_token, scope="")


def client_credentials(audience: str, client_id: str = "web") -> Any:
    return client(client_id).client_credentials(audience)


serve(
    {step.__name__: step for step in (begin, log_in, verify, userinfo, refresh, client_credentials)}
)
