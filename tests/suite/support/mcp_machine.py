"""The MCP SDK as a machine: asks a protected server for what it has, and gets a token when it is told to.
What the client proves itself by is read from standard input."""

import asyncio
import json
import sys

import httpx2
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
    static_assertion_provider,
)

server_url, issuer, client_id, way = sys.argv[1:]
proof = sys.stdin.read()


class Memory:
    """Where the SDK keeps what it has been given."""

    tokens = None
    client_info = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info):
        self.client_info = client_info


common = {
    "server_url": server_url,
    "storage": Memory(),
    "client_id": client_id,
    "scope": "read",
    "issuer": issuer,
}
if way == "secret":
    provider = ClientCredentialsOAuthProvider(client_secret=proof, **common)
else:
    if way == "static":
        assertion = static_assertion_provider(proof)
    else:
        assertion = SignedJWTParameters(
            issuer=client_id,
            subject=client_id,
            signing_key=proof,
            signing_algorithm=way,
        ).create_assertion_provider()
    provider = PrivateKeyJWTOAuthProvider(assertion_provider=assertion, **common)


async def main():
    async with httpx2.AsyncClient(auth=provider) as client:
        answer = await client.get(server_url)
        json.dump({"status": answer.status_code, **answer.json()}, sys.stdout)


asyncio.run(main())
