"""google-auth as a workload: exchanges the token on standard input, by its STS client and by a credential
configuration as `gcloud iam workload-identity-pools create-cred-config` writes it."""

import json
import sys
import tempfile

from google.auth import identity_pool
from google.auth.transport.requests import Request
from google.oauth2 import sts

token_url, audience = sys.argv[1:]
first, second = sys.stdin.read().split()
JWT = "urn:ietf:params:oauth:token-type:jwt"

answer = sts.Client(token_url).exchange_token(
    Request(),
    grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token=first,
    subject_token_type=JWT,
    audience=audience,
    scopes=["read"],
    requested_token_type="urn:ietf:params:oauth:token-type:access_token",
)
with tempfile.NamedTemporaryFile("w", suffix=".jwt") as file:
    file.write(second)
    file.flush()
    credentials = identity_pool.Credentials.from_info(
        {
            "type": "external_account",
            "audience": audience,
            "subject_token_type": JWT,
            "token_url": token_url,
            "credential_source": {"file": file.name},
        },
        scopes=["read"],
    )
    credentials.refresh(Request())
json.dump({"exchanged": answer, "credentials": credentials.token}, sys.stdout)
