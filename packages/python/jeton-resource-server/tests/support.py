"""The package from beside the tests, an issuer without a network, and whoever has its tokens."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import threading
from base64 import urlsafe_b64encode
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar, Union
from urllib.parse import parse_qs

PACKAGE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PACKAGE), str(PACKAGE.parent / "jeton-mock")]

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from jeton_resource_server import AsyncResourceServer, ResourceServer, ResourceServerError

BIN = os.environ.get("JETON_BIN") or str(PACKAGE.parents[2] / "target" / "suite" / "jeton")
ISSUER = "https://tokens.example"
AUDIENCE = "https://api.example/v1"
NOW = 1_800_000_000

T = TypeVar("T")
Answer = Union[httpx.Response, Exception, Callable[[httpx.Request], httpx.Response]]


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


def encode(value: Union[bytes, Any]) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(data: Union[str, bytes]) -> str:
    return encode(hashlib.sha256(data.encode() if isinstance(data, str) else data).digest())


class Key:
    """A key pair of an issuer, or of a holder of tokens."""

    def __init__(self, alg: str = "ES256", kid: Optional[str] = "one", bits: int = 2048) -> None:
        private: Any
        if alg.startswith("ES"):
            curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
            private = ec.generate_private_key(curves[alg])
        elif alg == "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
        else:
            private = rsa.generate_private_key(65537, bits)
        self.alg = alg
        self.kid = kid
        self.private = private
        self.algorithm = get_default_algorithms()[alg]
        self.jwk = self.algorithm.to_jwk(private, as_dict=True)
        self.bare = self.algorithm.to_jwk(private.public_key(), as_dict=True)
        self.bare.pop("key_ops", None)
        self.public = {**self.bare, "alg": alg, **({"kid": kid} if kid else {})}

    def thumbprint(self) -> str:
        names = {"EC": "crv kty x y", "OKP": "crv kty x", "RSA": "e kty n"}[self.bare["kty"]]
        members = {name: self.bare[name] for name in names.split()}
        return sha256(json.dumps(members, separators=(",", ":")))

    def sign(self, header: Mapping[str, Any], payload: Union[bytes, Any]) -> str:
        """Any header and any payload, signed as they are."""
        signed = f"{encode(dict(header))}.{encode(payload)}"
        return f"{signed}.{encode(self.algorithm.sign(signed.encode(), self.private))}"


class Time:
    def __init__(self) -> None:
        self.now: float = NOW

    def clock(self) -> float:
        return self.now


class Issuer:
    """An issuer that publishes keys and answers about opaque tokens; `script` has what comes before it."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.key = Key()
        self.keys: list[Any] = [self.key.public]
        self.opaque: dict[str, Any] = {}
        self.asked: list[httpx.Request] = []
        self.script: dict[str, list[Answer]] = {}
        self.lock = threading.Lock()
        self.metadata = {
            "issuer": ISSUER,
            "jwks_uri": f"{ISSUER}/jwks",
            "introspection_endpoint": f"{ISSUER}/introspect",
        }

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        with self.lock:
            self.asked.append(request)
            scripted = self.script.get(path)
            answer = scripted.pop(0) if scripted else None
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return answer if answer is not None else self.usual(request)

    def usual(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/.well-known/oauth-authorization-server":
            return httpx.Response(200, json=self.metadata)
        if path == "/jwks":
            return httpx.Response(200, json={"keys": self.keys})
        if path == "/introspect":
            token = self.form(request)["token"]
            return httpx.Response(200, json=self.opaque.get(token, {"active": False}))
        return httpx.Response(404)

    def form(self, request: httpx.Request) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}

    def count(self, path: str = "/jwks") -> int:
        return sum(request.url.path == path for request in self.asked)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """RFC 9068 §2.2; one that is None is left out."""
        claims = {
            "iss": ISSUER,
            "sub": "alice",
            "aud": AUDIENCE,
            "client_id": "app",
            "scope": "read profile",
            "iat": int(self.time.now),
            "exp": int(self.time.now) + 300,
            "jti": encode(os.urandom(12)),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        header: Optional[Mapping[str, Any]] = None,
        key: Optional[Key] = None,
        **changes: Any,
    ) -> str:
        signer = key or self.key
        whole = {"alg": signer.alg, "typ": "at+jwt", "kid": signer.kid, **(header or {})}
        given = {name: value for name, value in whole.items() if value is not None}
        return signer.sign(given, self.claims(**changes))

    def bearer(self, *args: Any, **changes: Any) -> str:
        return f"Bearer {self.token(*args, **changes)}"

    def introspected(self, **changes: Any) -> str:
        token = f"opaque-{encode(os.urandom(12))}"
        self.opaque[token] = {"active": True, **self.claims(**changes)}
        return token


class Begun:
    """An issuer, and the resource server of either kind that trusts it."""

    def __init__(self, **options: Any) -> None:
        self.time = Time()
        self.issuer = Issuer(self.time)
        self.options = {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "clock": self.time.clock,
            **options,
        }
        transport = httpx.MockTransport(self.issuer.handle)
        self.server = ResourceServer(http=httpx.Client(transport=transport), **self.options)

    def asynchronous(self) -> AsyncResourceServer:
        transport = httpx.MockTransport(self.issuer.handle)
        return AsyncResourceServer(http=httpx.AsyncClient(transport=transport), **self.options)

    def refused(self, authorization: Any, **sent: Any) -> ResourceServerError:
        return refusal(lambda: self.server.verify(authorization, **sent))


def refusal(what: Callable[[], Any]) -> ResourceServerError:
    """The error that it raises, which has no token, nor has what led to it."""
    try:
        what()
    except ResourceServerError as error:
        seen: Optional[BaseException] = error
        while seen is not None:
            shown = json.dumps([repr(seen), str(seen), repr(vars(seen))])
            for value in ("eyJ", "opaque-", "mallory", "evil"):
                assert value not in shown, shown
            seen = seen.__context__ or seen.__cause__
            assert seen is None, f"{type(seen)} may have a token"
        return error
    raise AssertionError("it was taken")


def unverified(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
