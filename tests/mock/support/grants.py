"""Libraries of Python that use grants of the mock's own: prints what came of it."""

import json
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session as Authlib
from oauthlib.oauth2 import LegacyApplicationClient, MobileApplicationClient
from requests_oauthlib import OAuth2Session

issuer, callback = sys.argv[1:]
metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
endpoint = metadata["token_endpoint"]
scope = "openid profile offline_access"

authlib = Authlib("py", "any", scope=scope)
first = authlib.fetch_token(endpoint, username="alice", password="any")
again = authlib.refresh_token(endpoint, refresh_token=first["refresh_token"])
by_authlib = authlib.get(metadata["userinfo_endpoint"]).json()["sub"]

legacy = OAuth2Session(client=LegacyApplicationClient("py", scope=scope))
legacy.fetch_token(endpoint, username="bob", password="any", client_secret="any")
by_oauthlib = legacy.get(metadata["userinfo_endpoint"]).json()["sub"]

mobile = OAuth2Session(
    client=MobileApplicationClient("py"), redirect_uri=callback, scope=["openid", "profile"]
)
url, _ = mobile.authorization_url(metadata["authorization_endpoint"], login_hint="carol")
print(url, flush=True)
mobile.token_from_fragment(input())
json.dump(
    {
        "authlib": by_authlib,
        "rotated": again["refresh_token"] != first["refresh_token"],
        "oauthlib": by_oauthlib,
        "implicit": mobile.get(metadata["userinfo_endpoint"]).json()["sub"],
    },
    sys.stdout,
)
