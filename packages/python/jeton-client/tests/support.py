"""The package from beside the tests, an authorization server without a network, and time that tests move."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar, Union
from urllib.parse import parse_qs, urlsplit

PACKAGE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PACKAGE))

import httpx
import jwt

from jeton_client import AsyncClient, Client, ClientError, client_secret
from jeton_client._jose import SigningKey, encode

BIN = os.environ.get("JETON_BIN") or str(PACKAGE.parents[2] / "target" / "suite" / "jeton")
ISSUER = "https://tokens.example"
API = "https://api.example"
REDIRECT = "https://app.example/callback"
SECRET = "a secret & more"

T = TypeVar("T")
Answer = Union[httpx.Response, Exception, Callable[["Asked"], httpx.Response]]


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


class Time:
    """The clock, and the sleep that moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)


class Asked:
    """A request that the server got."""

    def __init__(self, request: httpx.Request) -> None:
        self.method = request.method
        self.url = str(request.url)
        self.path = request.url.path
        self.headers = request.headers
        form = parse_qs(request.content.decode())
        twice = [name for name, values in form.items() if len(values) > 1 and name != "resource"]
        assert not twice, f"more than once: {twice}"
        self.form = {name: values[0] for name, values in form.items()}
        self.resources = form.get("resource", [])

    @property
    def basic(self) -> Optional[str]:
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(value).decode() if scheme == "Basic" else None

    @property
    def proof(self) -> dict[str, Any]:
        return claims_of(self.headers["dpop"])


class Server:
    """An authorization server that rotates refresh tokens; `script` has what comes before it."""

    def __init__(self, time: Time, issuer: str = ISSUER) -> None:
        self.time = time
        self.issuer = issuer
        self.asked: list[Asked] = []
        self.script: dict[str, list[Answer]] = {}
        self.lifetime: Optional[float] = 300
        self.token_type = "Bearer"
        self.key = SigningKey(new_key())
        self.id_claims: dict[str, Any] = {}
        self.grants: dict[str, dict[str, str]] = {}
        self.lock = threading.Lock()
        self.given = 0
        #: Members that only OpenID's document has.
        self.apart: set[str] = set()
        names = ("authorization", "token", "device_authorization", "revocation", "end_session")
        self.metadata: dict[str, Any] = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
            "id_token_signing_alg_values_supported": ["ES256"],
            **{f"{name}_endpoint": f"{issuer}/{name}" for name in names},
        }

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        asked = Asked(request)
        with self.lock:
            self.asked.append(asked)
            scripted = self.script.get(asked.path)
            answer = scripted.pop(0) if scripted else None
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(asked)
        return answer if answer is not None else self.usual(asked)

    def usual(self, asked: Asked) -> httpx.Response:
        if asked.path == "/.well-known/oauth-authorization-server":
            return ok(
                {name: self.metadata[name] for name in self.metadata if name not in self.apart}
            )
        if asked.path == "/.well-known/openid-configuration" and self.apart:
            return ok(self.metadata)
        if asked.path == "/jwks":
            return ok({"keys": [self.key.public_jwk]})
        if asked.path == "/token":
            return self.token(asked.form)
        if asked.path == "/device_authorization":
            return ok(
                {
                    "device_code": "a-device-code-of-ours",
                    "user_code": "WDJB-MJHT",
                    "verification_uri": f"{self.issuer}/device",
                    "verification_uri_complete": f"{self.issuer}/device?user_code=WDJB-MJHT",
                    "expires_in": 600,
                }
            )
        return httpx.Response(200 if asked.path == "/revocation" else 404)

    def token(self, form: dict[str, str]) -> httpx.Response:
        with self.lock:
            self.given += 1
            answer: dict[str, Any] = {
                "access_token": f"access-token-{self.given}",
                "token_type": self.token_type,
            }
            if self.lifetime is not None:
                answer["expires_in"] = self.lifetime
            if "scope" in form:
                answer["scope"] = form["scope"]
            if form["grant_type"] != "client_credentials":
                answer["refresh_token"] = f"refresh-token-{self.given}"
            if form["grant_type"] == "authorization_code":
                login = self.grants.pop(form["code"])
                challenge = encode(hashlib.sha256(form["code_verifier"].encode()).digest())
                if challenge != login["code_challenge"]:
                    return refused("invalid_grant")
                claims = {
                    "iss": self.issuer,
                    "sub": "alice",
                    "aud": "app",
                    "iat": int(self.time.now),
                    "exp": int(self.time.now) + 300,
                    "nonce": login.get("nonce"),
                    **self.id_claims,
                }
                answer["id_token"] = self.key.sign({}, claims)
            return ok(answer)

    def authorize(self, url: str, **changed: Optional[str]) -> str:
        """The browser goes to `url`, the person agrees, and the browser comes back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = f"a-code-of-ours-{len(self.asked)}"
        self.grants[code] = query
        parameters = {"code": code, "state": query["state"], "iss": self.issuer, **changed}
        given = {name: value for name, value in parameters.items() if value is not None}
        return str(httpx.URL(REDIRECT, params=given))

    def count(self, path: str = "/token") -> int:
        return len(self.to(path))

    def to(self, path: str = "/token") -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


def ok(body: Any, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=body, headers=headers)


def refused(error: str, status: int = 400, description: str = "", **headers: str) -> httpx.Response:
    body = {"error": error, **({"error_description": description} if description else {})}
    return httpx.Response(status, json=body, headers=headers)


def lost(request: str = "") -> Exception:
    return httpx.ReadError("the connection broke")


def new_key() -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from jwt.algorithms import ECAlgorithm

    return ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


class Both:
    """The client for threads and the one for asyncio, asked for the same in the same words."""

    def __init__(self, time: Time, server: Server, **options: Any) -> None:
        self.time = time
        self.server = server
        self.options = {
            "issuer": server.issuer,
            "client_id": "app",
            "authentication": client_secret(SECRET),
            "clock": time.clock,
            **options,
        }

    def threaded(self) -> Client:
        http = httpx.Client(transport=self.server.transport())
        return Client(http=http, sleep=self.time.sleep, **self.options)

    def asynchronous(self) -> AsyncClient:
        http = httpx.AsyncClient(transport=self.server.transport())
        return AsyncClient(http=http, sleep=self.time.sleep_async, **self.options)


def begin(**options: Any) -> tuple[Time, Server, Client]:
    time = Time()
    server = Server(time)
    return time, server, Both(time, server, **options).threaded()


def failure(what: Callable[[], Any]) -> ClientError:
    """The error that it raises, which has no secret, nor has what led to it."""
    try:
        what()
    except ClientError as error:
        seen: Optional[BaseException] = error
        while seen is not None:
            shown = json.dumps([repr(seen), str(seen), repr(vars(seen))])
            for value in (SECRET, "access-token", "refresh-token", "a-code-of-ours", "device-code"):
                assert value not in shown, shown
            assert isinstance(seen, ClientError), f"{type(seen)} may have a request with secrets"
            seen = seen.__context__ or seen.__cause__
        return error
    raise AssertionError("nothing was wrong")
