"""Authlib as a machine with a key: a token, a look at it, its end. The key is read from standard input."""

import json
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

issuer, client_id, alg = sys.argv[1:]
key = sys.stdin.read()
if alg.startswith("ES"):
    key = ECKey.import_key(key)
metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()
session = OAuth2Session(
    client_id,
    key,
    token_endpoint_auth_method="private_key_jwt",
    revocation_endpoint_auth_method="private_key_jwt",
)
session.register_client_auth_method(PrivateKeyJWT(metadata["token_endpoint"], alg=alg))
token = session.fetch_token(
    metadata["token_endpoint"], grant_type="client_credentials", scope="read"
)


def active():
    answer = session.introspect_token(
        metadata["introspection_endpoint"], token=token["access_token"]
    )
    return answer.json()["active"]


before = active()
session.revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
json.dump(
    {"scope": token["scope"], "active": before, "active_after_revocation": active()},
    sys.stdout,
)
