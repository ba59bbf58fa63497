"""Tokens that only their issuer can read (RFC 7662)."""

from __future__ import annotations

import copy
import hashlib
import json
from abc import ABC, abstractmethod
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional, Union
from urllib.parse import quote_plus, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ._discovery import LONGEST_PAUSE, Discovery, ask, retry_after
from ._errors import ResourceServerError, Unanswered
from ._keys import ALGORITHMS, RETRY_AFTER
from ._slot import Held, Slot, Slots
from ._steps import Request, Steps, json_object, number

#: In seconds.
ACTIVE_FRESH = 30.0
INACTIVE_FRESH = 10.0
MOST_TOKENS = 10_000
ASSERTION_LIFETIME = 60
#: After a fault of the network, in seconds.
PAUSE = 1.0

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Occasion:
    """For which question: each has an assertion of its own."""

    client_id: str
    issuer: str
    now: float
    jti: str
    #: How the issuer says that clients may authenticate; none where it does not say.
    methods: Sequence[Any] = ()


class Authentication(ABC):
    """How this API says to the issuer who it is: `client_secret` or `private_key_jwt`."""

    @abstractmethod
    def prove(self, occasion: Occasion) -> tuple[dict[str, str], dict[str, str]]:
        """What goes into the form, and into the headers."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}([redacted])"


class _ClientSecret(Authentication):
    def __init__(self, secret: str) -> None:
        self._secret = secret

    def prove(self, occasion: Occasion) -> tuple[dict[str, str], dict[str, str]]:
        client_id, methods = occasion.client_id, occasion.methods
        if "client_secret_post" in methods and "client_secret_basic" not in methods:
            return {"client_id": client_id, "client_secret": self._secret}, {}
        # RFC 6749 §2.3.1: both are form-encoded first.
        pair = f"{quote_plus(client_id)}:{quote_plus(self._secret)}"
        return {}, {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


class _PrivateKeyJwt(Authentication):
    def __init__(self, key: Any, alg: str, kid: Optional[str]) -> None:
        self._key = key
        self._alg = alg
        self._header = {"typ": "client-authentication+jwt", **({"kid": kid} if kid else {})}

    def prove(self, occasion: Occasion) -> tuple[dict[str, str], dict[str, str]]:
        client_id, now = occasion.client_id, int(occasion.now)
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": occasion.issuer,
            "iat": now,
            "exp": now + ASSERTION_LIFETIME,
            "jti": occasion.jti,
        }
        assertion = jwt.encode(claims, self._key, algorithm=self._alg, headers=self._header)
        form = {"client_assertion_type": _JWT_BEARER, "client_assertion": assertion}
        return {"client_id": client_id, **form}, {}


def client_secret(secret: str) -> Authentication:
    """By Basic; in the form where the issuer's metadata has that and not Basic."""
    return _ClientSecret(secret)


def private_key_jwt(
    key: Union[Mapping[str, Any], str, bytes],
    *,
    kid: Optional[str] = None,
    alg: Optional[str] = None,
) -> Authentication:
    """By an assertion signed with a key of the API's own: a JWK as its members or as JSON, or PEM."""
    try:
        return _read(key, kid, alg)
    except Exception:  # noqa: BLE001 - what is said of a key may quote it
        failed = "the key is not a private JWK or PEM that can sign"
    raise ResourceServerError("invalid_configuration", failed)


def _read(
    key: Union[Mapping[str, Any], str, bytes], kid: Optional[str], alg: Optional[str]
) -> Authentication:
    text = key.decode() if isinstance(key, bytes) else key
    private: Any
    if isinstance(text, str) and text.lstrip().startswith("-----"):
        private = load_pem_private_key(text.encode(), None)
    else:
        jwk = json.loads(text) if isinstance(text, str) else dict(text)
        kid, alg = kid or jwk.get("kid"), alg or jwk.get("alg")
        private = jwt.PyJWK(jwk).key
    if alg is None and isinstance(private, ec.EllipticCurvePrivateKey):
        alg = _CURVES[private.curve.name]
    elif alg is None and isinstance(private, rsa.RSAPrivateKey):
        alg = "RS256"
    elif alg is None and isinstance(private, ed25519.Ed25519PrivateKey):
        alg = "EdDSA"
    if alg not in ALGORITHMS:
        raise ValueError("an algorithm that we do not sign with")
    found = _PrivateKeyJwt(private, alg, kid)
    # Once, so that a key that cannot sign is told of here.
    found.prove(Occasion("", "", 0.0, ""))
    return found


@dataclass(frozen=True)
class Introspection:
    """By which client the issuer is asked about opaque tokens."""

    client_id: str
    authentication: Authentication = field(repr=False)


class Introspector:
    def __init__(
        self,
        introspection: Introspection,
        issuer: str,
        discovery: Discovery,
        clock: Callable[[], float],
        jitter: Callable[[float, float], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._by = introspection
        self._issuer = issuer
        self._discovery = discovery
        self._clock = clock
        self._random = random
        # The answers as they came: what is read from them is for one request alone.
        self._slots: Slots[Optional[bytes]] = Slots(lambda: Slot(clock, jitter), MOST_TOKENS)
        #: Until when nobody is asked, and why.
        self._paused: tuple[float, Optional[ResourceServerError]] = (0.0, None)

    def members(self, token: str) -> Steps[Mapping[str, Any]]:
        """What the issuer says of an active token."""
        slot = self._slots.at(_key(token))
        answer = yield from slot.obtain(lambda: self._renewed(token))
        if answer is None:
            raise ResourceServerError("inactive", "the issuer says that the token is not active")
        return json_object(answer) or {}

    def disbelieve(self, token: str) -> ResourceServerError:
        """What is said of an answer whose claims cannot be read; it is forgotten."""
        self._slots.at(_key(token)).drop()
        return _unavailable(Unanswered("server", "its answer has malformed claims"))

    def _renewed(self, token: str) -> Steps[Held[Optional[bytes]]]:
        until, failure = self._paused
        left = until - self._clock()
        # A pause longer than any is from before the clock was set.
        if failure is not None and 0 < left <= LONGEST_PAUSE:
            failure = copy.copy(failure)
            failure.retry_after = left
            raise failure
        try:
            answer = yield from self._asked(token)
        except Unanswered as error:
            failure = _unavailable(error)
            pause = error.retry_after or (PAUSE if error.fault == "network" else 0.0)
        else:
            return answer
        self._paused = (self._clock() + pause, copy.copy(failure))
        raise failure

    def _asked(self, token: str) -> Steps[Held[Optional[bytes]]]:
        url = yield from self._discovery.endpoint("introspection_endpoint")
        occasion = Occasion(
            self._by.client_id,
            self._issuer,
            self._clock(),
            urlsafe_b64encode(self._random(24)).decode(),
            _methods((yield from self._discovery.members())),
        )
        form, headers = self._by.authentication.prove(occasion)
        body = urlencode({"token": token, "token_type_hint": "access_token", **form}).encode()
        headers["content-type"] = "application/x-www-form-urlencoded"
        response = yield from ask(Request("POST", url, headers, body))
        if response.status in (400, 401, 403):
            raise Unanswered("caller", f"it refuses this client ({response.status})")
        answer = response.json_object() if response.status == 200 else None
        active = (answer or {}).get("active")
        if answer is None or not isinstance(active, bool):
            pause = retry_after(response, self._clock())
            raise Unanswered("server", f"its answer is none ({response.status})", pause)
        now = self._clock()
        if not active:
            return Held(None, now + INACTIVE_FRESH, now + INACTIVE_FRESH)
        expires_at = number(answer.get("exp"))
        until = now + ACTIVE_FRESH if expires_at is None else min(now + ACTIVE_FRESH, expires_at)
        return Held(response.body, until, until)


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _methods(metadata: Mapping[str, Any]) -> Sequence[Any]:
    """RFC 8414 §2; what holds of the token endpoint where nothing is said of this one."""
    for endpoint in ("introspection", "token"):
        listed = metadata.get(f"{endpoint}_endpoint_auth_methods_supported")
        if isinstance(listed, list):
            return listed
    return ()


def _unavailable(error: Unanswered) -> ResourceServerError:
    return ResourceServerError(
        "introspection_unavailable",
        f"the issuer cannot be asked about the token: {error}",
        fault=error.fault,
        retry_after=error.retry_after or RETRY_AFTER,
    )
