# A command that logs a person in with a browser on any other device (RFC 8628), and keeps them
# logged in.
#
# Run with:
#   pip install jeton-client
#   ISSUER=https://tokens.example.com CLIENT_ID=… API=https://orders.example.com SESSION_KEY=… \
#     python command-line.py
# SESSION_KEY are 16 random bytes at least: what is kept in the folder SESSIONS is sealed with them.

import os
import sys

import httpx

from jeton_client import Client, ClientError, FolderStore

api = os.environ["API"]
client = Client(os.environ["ISSUER"], os.environ["CLIENT_ID"])
session = client.session(
    FolderStore(os.environ.get("SESSIONS", "sessions")),
    os.environ["SESSION_KEY"],
    scope="openid profile offline_access orders:read",
    resource=api,
)


def is_logged_in() -> bool:
    try:
        session.access_token()
    except ClientError as error:
        if error.code == "not_logged_in":
            return False
        raise
    return True


try:
    if not is_logged_in():
        device = session.device()
        print(f"Open {device.verification_uri} and enter {device.user_code}", file=sys.stderr)
        device.wait()
    response = httpx.get(f"{api}/orders", auth=session.auth())
except ClientError as error:
    # It says whose fault it is: caller, server, network or token.
    sys.exit(f"{error.fault}: {error}")
except httpx.HTTPError as error:
    sys.exit(f"the API: {error}")
if not response.is_success:
    sys.exit(f"{response.status_code}: {response.headers.get('www-authenticate')}")
print(response.text)
