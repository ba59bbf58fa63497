"""Authlib as a client: `authorize` prints where to send the browser, `exchange` does the rest."""

import json
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

issuer, client_id, client_secret, callback, command, *rest = sys.argv[1:]
metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()


def session(**more):
    return OAuth2Session(
        client_id,
        client_secret,
        scope="openid profile offline_access",
        redirect_uri=callback,
        code_challenge_method="S256",
        revocation_endpoint_auth_method="client_secret_basic",
        **more,
    )


if command == "authorize":
    verifier = generate_token(48)
    url, state = session().create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier
    )
    json.dump({"url": url, "verifier": verifier, "state": state}, sys.stdout)
else:
    url, verifier, state = rest
    client = session(state=state)
    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=url, code_verifier=verifier
    )
    sub = client.get(metadata["userinfo_endpoint"]).json()["sub"]
    refreshed = client.refresh_token(metadata["token_endpoint"], token["refresh_token"])

    def active():
        answer = client.introspect_token(
            metadata["introspection_endpoint"], token=refreshed["access_token"]
        )
        return answer.json()["active"]

    before = active()
    client.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"])
    json.dump(
        {
            "sub": sub,
            "rotated": refreshed["refresh_token"] != token["refresh_token"],
            "active": before,
            "active_after_revocation": active(),
        },
        sys.stdout,
    )
