"""Requests-OAuthlib as a public client: prints where to send the browser, reads where it came back to."""

import json
import sys

import requests
from requests_oauthlib import OAuth2Session

issuer, client_id, callback = sys.argv[1:]
metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
session = OAuth2Session(
    client_id, redirect_uri=callback, scope="openid profile email offline_access", pkce="S256"
)
url, _ = session.authorization_url(metadata["authorization_endpoint"])
print(url, flush=True)
# Without a secret it sends one that is empty, by Basic.
token = session.fetch_token(metadata["token_endpoint"], authorization_response=input())
refreshed = session.refresh_token(metadata["token_endpoint"], auth=(client_id, ""))
json.dump(
    {
        "sub": session.get(metadata["userinfo_endpoint"]).json()["sub"],
        "rotated": refreshed["refresh_token"] != token["refresh_token"],
    },
    sys.stdout,
)
