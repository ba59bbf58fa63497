"""okta-jwt-verifier."""

from __future__ import annotations

from _steps import serve
from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier


async def access_token(issuer: str, token: str) -> None:
    await AccessTokenVerifier(issuer=issuer).verify(token)


async def id_token(issuer: str, token: str, nonce: str) -> None:
    await IDTokenVerifier(issuer=issuer, client_id="web").verify(token, nonce=nonce)


serve({step.__name__: step for step in (access_token, id_token)})
