"""How a client says who it is (RFC 6749 §2.3, RFC 7521 §4.2)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Callable, Optional, Union
from urllib.parse import quote_plus

from ._errors import ClientError
from ._grant import is_token
from ._jose import Key, SigningKey
from ._metadata import Metadata
from ._sources import Source, as_source
from ._steps import Steps

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Seconds that an assertion is good for.
ASSERTION_LIFETIME = 60


@dataclass(frozen=True)
class Proof:
    """What goes into one request."""

    form: dict[str, str] = field(repr=False)
    authorization: Optional[str] = field(default=None, repr=False)
    #: What must not come back to anybody's eyes.
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Occasion:
    """For which request: each has an assertion of its own."""

    client_id: Optional[str]
    metadata: Metadata
    now: float
    jti: str

    def named(self) -> dict[str, str]:
        return {"client_id": self.client_id} if self.client_id is not None else {}

    def named_surely(self) -> str:
        if self.client_id is None:
            raise ClientError("invalid_configuration", "this authentication needs a client_id")
        return self.client_id


class Authentication(ABC):
    """Made by `client_secret`, `private_key_jwt`, `platform_token` or `none`."""

    @abstractmethod
    def prove(self, occasion: Occasion) -> Steps[Proof]: ...

    def __repr__(self) -> str:
        return f"{type(self).__name__}([redacted])"


class _ClientSecret(Authentication):
    def __init__(self, secret: str) -> None:
        if not secret:
            raise ClientError("invalid_configuration", "the client secret is empty")
        self._secret = secret

    def prove(self, occasion: Occasion) -> Steps[Proof]:
        client_id = occasion.named_surely()
        methods = occasion.metadata.listed("token_endpoint_auth_methods_supported")
        # RFC 8414 §2: where nothing is listed it is Basic.
        if methods and "client_secret_basic" not in methods and "client_secret_post" in methods:
            form = {"client_id": client_id, "client_secret": self._secret}
            return Proof(form, secrets=(self._secret, quote_plus(self._secret)))
        # RFC 6749 §2.3.1: both are form-encoded first.
        pair = f"{quote_plus(client_id)}:{quote_plus(self._secret)}"
        basic = b64encode(pair.encode()).decode()
        return Proof({}, f"Basic {basic}", (self._secret, quote_plus(self._secret), basic))
        yield


class _PrivateKeyJwt(Authentication):
    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def prove(self, occasion: Occasion) -> Steps[Proof]:
        client_id = occasion.named_surely()
        header = {"typ": "client-authentication+jwt"}
        if self._key.kid is not None:
            header["kid"] = self._key.kid
        claims = {
            "iss": client_id,
            "sub": client_id,
            # RFC 10070: the issuer alone, as a string, and never an endpoint.
            "aud": occasion.metadata.issuer,
            "iat": int(occasion.now),
            "exp": int(occasion.now) + ASSERTION_LIFETIME,
            "jti": occasion.jti,
        }
        return _asserted(occasion, self._key.sign(header, claims), JWT_BEARER)
        yield


class _PlatformToken(Authentication):
    def __init__(self, source: Source, assertion_type: str) -> None:
        self._source = source
        self._type = assertion_type

    def prove(self, occasion: Occasion) -> Steps[Proof]:
        token = yield from self._source.token()
        if not is_token(token):
            raise ClientError(
                "credential_unavailable", "the platform's token is empty or malformed"
            )
        return _asserted(occasion, token, self._type)


class _None(Authentication):
    def prove(self, occasion: Occasion) -> Steps[Proof]:
        return Proof({"client_id": occasion.named_surely()})
        yield


def _asserted(occasion: Occasion, assertion: str, kind: str) -> Proof:
    form = {"client_assertion_type": kind, "client_assertion": assertion}
    return Proof({**occasion.named(), **form}, secrets=(assertion,))


def client_secret(secret: str) -> Authentication:
    """By Basic; in the form where the server's metadata has that and not Basic."""
    return _ClientSecret(secret)


def private_key_jwt(
    key: Key, *, kid: Optional[str] = None, alg: Optional[str] = None
) -> Authentication:
    """By an assertion signed with a key of the client's own (RFC 7523 §2.2), new for each request.

    `kid` and `alg` are the JWK's, where they are not given.
    """
    return _PrivateKeyJwt(SigningKey(key, kid, alg))


def platform_token(
    source: Union[Source, Callable[[], Union[str, Awaitable[str]]]],
    *,
    assertion_type: str = JWT_BEARER,
) -> Authentication:
    """By the token that a platform gives its job: `github_actions`, `file`, `aws`, or any function.

    A SPIFFE JWT-SVID has `assertion_type` ``urn:ietf:params:oauth:client-assertion-type:jwt-spiffe``.
    """
    return _PlatformToken(as_source(source), assertion_type)


def none() -> Authentication:
    """A public client."""
    return _None()
