# A service that gets its tokens by jeton-client, which keeps one until it is time for the next.
#
# Run with:
#   pip install jeton-client
#   ISSUER=https://tokens.example.com CLIENT_ID=… CLIENT_SECRET=… API=https://orders.example.com python service.py
# Instead of CLIENT_SECRET: CLIENT_KEY, a file with the private JWK of the client, or TOKEN_FILE, the
# file in which Kubernetes or another platform keeps its token.

import json
import os
import sys
from pathlib import Path

import httpx

from jeton_client import (
    Authentication,
    Client,
    ClientError,
    client_secret,
    file,
    platform_token,
    private_key_jwt,
)


def proof() -> Authentication:
    if path := os.environ.get("TOKEN_FILE"):
        return platform_token(file(path))
    if path := os.environ.get("CLIENT_KEY"):
        return private_key_jwt(json.loads(Path(path).read_text()))
    return client_secret(os.environ["CLIENT_SECRET"])


api = os.environ["API"]
# One for the process: it has the tokens.
client = Client(os.environ["ISSUER"], os.environ["CLIENT_ID"], proof())
# For this API alone: whatever it asks gets the token.
orders = httpx.Client(base_url=api, auth=client.auth("orders:read", api))

try:
    response = orders.get("/orders")
except ClientError as error:
    # It says whose fault it is: caller, server, network or token.
    sys.exit(f"{error.fault}: {error}")
except httpx.HTTPError as error:
    sys.exit(f"the API: {error}")
if not response.is_success:
    sys.exit(f"{response.status_code}: {response.headers.get('www-authenticate')}")
print(response.text)
