"""jeton-client of Python as the suite of the libraries drives it; see ../README.md.

All is asked of the `AsyncClient`, and of the `Client` with `JETON_DRIVER=threads`; `call` goes by `via`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable, Optional

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / "packages/python/jeton-client")]

import httpx
import requests
from _protocol import serve

from jeton_client import (
    AsyncClient,
    Authentication,
    Client,
    ClientError,
    FolderStore,
    MemoryStore,
    aws,
    client_secret,
    dpop_key,
    file,
    github_actions,
    none,
    platform_token,
    private_key_jwt,
)

THREADS = os.environ.get("JETON_DRIVER") == "threads"
SOURCES = {
    "file": lambda source: file(source["path"]),
    "github": lambda source: github_actions(source["audience"]),
    "aws": lambda source: aws(source["audience"]),
}
METHODS: dict[str, Callable[[dict[str, Any]], Authentication]] = {
    "secret": lambda given: client_secret(given["secret"]),
    "private_key_jwt": lambda given: private_key_jwt(given["jwk"]),
    "platform": lambda given: platform_token(SOURCES[given["source"]["kind"]](given["source"])),
    "none": lambda given: none(),
}


class Driver:
    def __init__(self) -> None:
        self.offset = 0.0
        self.clients: dict[str, tuple[AsyncClient, Client]] = {}
        self.sessions: dict[str, Any] = {}
        self.devices: dict[str, Any] = {}

    def now(self) -> float:
        return time.time() + self.offset

    async def clock(self, request: dict[str, Any]) -> None:
        self.offset = request["offset"]

    async def client(self, request: dict[str, Any]) -> None:
        authentication = request["authentication"]
        arguments: dict[str, Any] = {
            "issuer": request["issuer"],
            "client_id": request.get("client_id"),
            "authentication": METHODS[authentication["kind"]](authentication),
            "dpop": dpop_key() if request.get("dpop") else None,
            "metadata": request.get("metadata"),
            "clock": self.now,
        }
        asynchronous, threaded = AsyncClient(**arguments), Client(**arguments)
        # They share what they know, so that a row may ask either.
        asynchronous._server, asynchronous._tokens = threaded._server, threaded._tokens
        self.clients[request["as"]] = (asynchronous, threaded)

    def usual(self, request: dict[str, Any]) -> Any:
        asynchronous, threaded = self.clients[request["client"]]
        return threaded if THREADS else asynchronous

    async def token(self, request: dict[str, Any]) -> dict[str, Any]:
        client = self.usual(request)
        asked = request.get("scope"), request.get("resource")
        return await _tokens(lambda: client.token(*asked), request)

    async def call(self, request: dict[str, Any]) -> dict[str, Any]:
        asynchronous, threaded = self.clients[request["client"]]
        asked = request.get("scope"), request.get("resource")
        method, url = request.get("method", "GET"), request["url"]
        body = request.get("body")
        content = body.encode() if isinstance(body, str) else body
        via = request.get("via") or ("httpx" if THREADS else "httpx-async")
        answer: Any
        if via == "requests":
            auth = threaded.requests_auth(*asked)
            answer = await asyncio.to_thread(
                requests.request, method, url, data=content, auth=auth, timeout=30
            )
        elif via == "httpx":
            with httpx.Client(auth=threaded.auth(*asked), follow_redirects=True) as http:
                answer = await asyncio.to_thread(http.request, method, url, content=content)
        else:
            auth = asynchronous.auth(*asked)
            async with httpx.AsyncClient(auth=auth, follow_redirects=True) as http:
                answer = await http.request(method, url, content=content)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return {"status": answer.status_code, "headers": headers, "body": answer.text}

    async def device(self, request: dict[str, Any]) -> dict[str, Any]:
        device = await _done(lambda: self.usual(request).device(request.get("scope")))
        handle = f"device-{len(self.devices)}"
        self.devices[handle] = device
        return {
            "user_code": device.user_code,
            "verification_uri": device.verification_uri,
            "verification_uri_complete": device.verification_uri_complete,
            "handle": handle,
        }

    async def device_wait(self, request: dict[str, Any]) -> dict[str, Any]:
        return await _tokens(self.devices[request["handle"]].wait, {})

    async def session(self, request: dict[str, Any]) -> None:
        folder = (request.get("store") or {}).get("folder")
        # Of any length, where a session's key has a least one.
        key = hashlib.sha256(request["key"].encode()).digest()
        store = FolderStore(folder) if folder else MemoryStore()
        client = self.usual(request)
        self.sessions[request["as"]] = client.session(
            store,
            key,
            request["redirect_uri"],
            request.get("scope"),
            resource=request.get("resource"),
        )

    async def login(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"url": (await _done(self._session(request).login)).url}

    async def callback(self, request: dict[str, Any]) -> dict[str, Any]:
        session = self._session(request)
        return {"claims": await _done(lambda: session.callback(request["url"]))}

    async def session_token(self, request: dict[str, Any]) -> dict[str, Any]:
        return await _tokens(self._session(request).access_token, request)

    async def logout(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"url": (await _done(self._session(request).logout)).url}

    async def forget(self, request: dict[str, Any]) -> None:
        self._session(request).forget()

    def _session(self, request: dict[str, Any]) -> Any:
        return self.sessions[request["session"]]


async def _done(what: Callable[[], Any]) -> Any:
    return await (asyncio.to_thread(what) if THREADS else what())


async def _tokens(what: Callable[[], Any], request: dict[str, Any]) -> dict[str, Any]:
    times: Optional[int] = request.get("times")
    tokens = await asyncio.gather(*(_done(what) for _ in range(times or 1)))
    return {
        "tokens": list(dict.fromkeys(token.access_token for token in tokens)),
        "token_type": tokens[0].token_type,
        "expires_at": tokens[0].expires_at,
        "scope": tokens[0].scope,
    }


def main() -> None:
    driver = Driver()
    names = (
        "clock client token call device device_wait session login callback session_token logout "
        "forget"
    )
    asyncio.run(serve({name: getattr(driver, name) for name in names.split()}, ClientError))


if __name__ == "__main__":
    main()
