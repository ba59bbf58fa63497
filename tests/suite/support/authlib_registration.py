"""Authlib at a registration: `register` registers, `manage` reads, changes and removes what was registered. What is
told is held to Authlib's own reading of RFC 7591 §2."""

import json
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7591 import ClientMetadataClaims

issuer, token, command, document = sys.argv[1:]
metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()
session = OAuth2Session(token={"access_token": token, "token_type": "Bearer"})


def told(response, status):
    assert response.status_code == status, response.text
    client = response.json()
    ClientMetadataClaims(
        client,
        {"alg": "none"},
        ClientMetadataClaims.get_claims_options(metadata),
    ).validate()
    return client


if command == "register":
    json.dump(
        told(session.post(metadata["registration_endpoint"], json=json.loads(document)), 201),
        sys.stdout,
    )
else:
    client = json.loads(document)
    uri = client["registration_client_uri"]
    read = told(session.get(uri), 200)
    only_told = {
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    }
    update = {name: value for name, value in read.items() if name not in only_told}
    changed = told(session.put(uri, json=update | {"client_name": "Changed"}), 200)
    session.token = {"access_token": changed["registration_access_token"], "token_type": "Bearer"}
    removed = session.delete(uri).status_code
    json.dump(
        {"read": read["client_name"], "changed": changed["client_name"], "removed": removed},
        sys.stdout,
    )
