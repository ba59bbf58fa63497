"""google-auth."""

from __future__ import annotations

from typing import Any

from _steps import serve
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account
from google.oauth2 import id_token as tokens


def verify(id_token: str, certs_url: str, audience: str = "web") -> Any:
    """As `verify_oauth2_token` does, whose addresses are Google's own."""
    return tokens.verify_token(id_token, Request(), audience=audience, certs_url=certs_url)


def refresh(refresh_token: str, token_uri: str) -> dict[str, Any]:
    person = credentials.Credentials(
        None,
        refresh_token=refresh_token,
        token_uri=token_uri,
        client_id="web",
        client_secret="any",
    )
    person.refresh(Request())
    return {"token": person.token}


def service_account_(token_uri: str) -> dict[str, Any]:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    machine = service_account.Credentials.from_service_account_info(
        {
            "client_email": "orders@acme.iam.gserviceaccount.com",
            "token_uri": token_uri,
            "private_key": key.decode(),
            "private_key_id": "1",
        },
        scopes=["https://www.googleapis.com/auth/cloud-platform"],
    )
    machine.refresh(Request())
    return {"token": machine.token}


serve({"verify": verify, "refresh": refresh, "service_account": service_account_})
