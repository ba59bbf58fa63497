"""What is decided of a request: the token, its claims, its binding, and what is needed of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Optional, Union
from urllib.parse import urlsplit

from ._challenges import EXPOSED, metadata_place, refuse
from ._claims import Claims, Expected, read_claims
from ._discovery import Discovery, checked_issuer, is_safe
from ._errors import ResourceServerError
from ._introspection import Introspection, Introspector
from ._jwt import LARGEST, checked_algorithm, take_apart
from ._keys import ALGORITHMS, Keys, PastedKeys
from ._proof import (
    PROOF_ALGORITHMS,
    AnyReplays,
    MemoryReplays,
    Nonces,
    check_certificate,
    check_proof,
    public_url,
)
from ._steps import Call, Steps

DEFAULT_ALGORITHMS = ("ES256", "EdDSA", "RS256", "PS256")
LEEWAY = 10.0

Words = Union[str, Iterable[str]]
Header = Union[str, Sequence[str], None]

#: RFC 6750 §2.1.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
_TYPES = ("at+jwt", "application/at+jwt")


@dataclass(frozen=True)
class Sent:
    """What of a request counts."""

    authorization: Header = field(default=None, repr=False)
    method: str = "GET"
    #: Of it only the path counts.
    url: str = field(default="/", repr=False)
    dpop: Header = field(default=None, repr=False)
    certificate: Optional[bytes] = field(default=None, repr=False)


@dataclass(frozen=True)
class Needed:
    """What a token has to be good for."""

    scope: Sequence[str] = ()
    any_scope: Sequence[str] = ()
    acr_values: Sequence[str] = ()
    max_age: Optional[float] = None


@dataclass(frozen=True)
class Settings:
    """All that is said of a resource server, but for who does what it asks for."""

    issuer: str
    audience: Words
    resource: Optional[str]
    scopes: Sequence[str]
    algorithms: Sequence[str]
    leeway: float
    introspection: Optional[Introspection]
    jwks: Optional[Mapping[str, Any]]
    jwks_uri: Optional[str]
    metadata: Optional[Mapping[str, Any]]
    dpop_nonce_secret: Union[str, bytes, None] = field(repr=False)
    replays: Optional[AnyReplays]
    clock: Callable[[], float]
    random: Callable[[int], bytes]


class Core:
    def __init__(self, settings: Settings) -> None:
        issuer = checked_issuer(settings.issuer)
        audiences = words(settings.audience)
        if not audiences or not all(audiences):
            raise ResourceServerError("invalid_configuration", "the audience is empty")
        if not settings.algorithms or not set(settings.algorithms) <= set(ALGORITHMS):
            known = ", ".join(ALGORITHMS)
            raise ResourceServerError("invalid_configuration", f"algorithms are some of {known}")
        if settings.jwks_uri is not None and not is_safe(settings.jwks_uri):
            raise ResourceServerError("invalid_configuration", "the jwks_uri is not an https URL")
        if not is_seconds(settings.leeway):
            raise ResourceServerError("invalid_configuration", "the leeway is no number of seconds")
        self._settings = settings
        self._clock = settings.clock
        self._expected = Expected(issuer, audiences, settings.leeway)
        discovery = Discovery(issuer, settings.metadata, settings.clock, self._between)
        self._keys: Union[Keys, PastedKeys] = (
            PastedKeys(settings.jwks)
            if settings.jwks is not None
            else Keys(discovery, settings.jwks_uri, settings.clock, self._between)
        )
        by = settings.introspection
        self._introspector: Optional[Introspector] = None
        if by is not None:
            self._introspector = Introspector(
                by, issuer, discovery, settings.clock, self._between, settings.random
            )
        secret = settings.dpop_nonce_secret
        self._nonces = Nonces(secret) if secret is not None else None
        self._replays = settings.replays if settings.replays is not None else MemoryReplays()
        self.resource = _resource(settings.resource, audiences)

    def _between(self, low: float, high: float) -> float:
        return low + (high - low) * int.from_bytes(self._settings.random(4), "big") / 2**32

    # The request.

    def verify(self, sent: Sent, needed: Needed) -> Steps[Claims]:
        scheme = _scheme(sent.authorization)
        try:
            token = _token(sent.authorization)
            claims = yield from self._claims(token)
            yield from self._check_binding(claims, scheme, token, sent)
            self._check_needed(claims, needed)
            return claims
        except ResourceServerError as error:
            failure = error
        raise self._refused(failure, scheme, needed)

    def require(self, claims: Claims, needed: Needed) -> None:
        try:
            self._check_needed(claims, needed)
            return
        except ResourceServerError as error:
            failure = error
        raise self._refused(failure, "dpop" if _jkt(claims) is not None else "bearer", needed)

    def answer_headers(self, claims: Optional[Claims] = None) -> dict[str, str]:
        """What an answer that is no refusal has: also the nonce for the next proof."""
        if self._nonces is None or claims is None or _jkt(claims) is None:
            return dict(EXPOSED)
        return {**EXPOSED, "DPoP-Nonce": self._nonces.newest(self._clock())}

    def _claims(self, token: str) -> Steps[Claims]:
        if token.count(".") == 2:
            return (yield from self._claims_of_jwt(token))
        if self._introspector is None:
            raise ResourceServerError("malformed", "the token is no JWT")
        members = yield from self._introspector.members(token)
        # RFC 7662 §2.2: the issuer need not say that it is itself.
        named = {"iss": self._expected.issuer, **members}
        named.pop("active", None)
        # A refresh token may be active as well.
        if str(named.get("token_type", "Bearer")).lower() not in ("bearer", "dpop"):
            raise ResourceServerError("wrong_type", "the token is no access token")
        try:
            return read_claims(named, self._expected, self._clock())
        except ResourceServerError as error:
            if error.code != "malformed":
                raise
        # The issuer says so, and no token.
        raise self._introspector.disbelieve(token)

    def _claims_of_jwt(self, token: str) -> Steps[Claims]:
        jwt = take_apart(token)
        if jwt is None:
            raise ResourceServerError("malformed", "the token is no JWT")
        alg = checked_algorithm(jwt, self._settings.algorithms)
        if str(jwt.header.get("typ")).lower() not in _TYPES:
            raise ResourceServerError("wrong_type", "the token is no access token (RFC 9068)")
        kid = jwt.header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise ResourceServerError("malformed", "the token's kid is no string")
        keys = yield from self._keys.find(kid, alg)
        if not keys:
            raise ResourceServerError("unknown_key", "the token is signed by no key of the issuer")
        if not jwt.is_signed_by(keys):
            raise ResourceServerError("bad_signature", "the token's signature does not hold")
        members = jwt.claims()
        if members is None or "exp" not in members:
            raise ResourceServerError("malformed", "the token's claims are malformed")
        return read_claims(members, self._expected, self._clock())

    def _check_binding(self, claims: Claims, scheme: str, token: str, sent: Sent) -> Steps[None]:
        thumbprint = _jkt(claims)
        if thumbprint is None and scheme == "dpop":
            raise ResourceServerError(
                "bound_token", "the token is sent as bound to a key and is not"
            )
        certificate = (claims.cnf or {}).get("x5t#S256")
        if certificate is not None:
            check_certificate(sent.certificate, certificate)
        if thumbprint is None:
            return
        if scheme != "dpop":
            raise ResourceServerError("bound_token", "the token is bound to a key: send a proof")
        if self.resource is None:
            raise ResourceServerError(
                "invalid_configuration", "proofs need the resource, the https URL of this API"
            )
        parts = urlsplit(self.resource)
        proven = check_proof(
            _values(sent.dpop),
            token=token,
            thumbprint=thumbprint,
            method=sent.method,
            url=public_url(f"{parts.scheme}://{parts.netloc}", sent.url),
            nonces=self._nonces,
            now=self._clock(),
        )
        claim = partial(self._replays.claim, proven.key, proven.until)
        first = claim() if isinstance(self._replays, MemoryReplays) else (yield Call(claim))
        # What a store may answer besides, as a coroutine that nobody awaits, is true as well.
        if first is not True:
            raise ResourceServerError("invalid_dpop_proof", "the proof was used before")

    def _check_needed(self, claims: Claims, needed: Needed) -> None:
        has = claims.scope
        if not has.issuperset(needed.scope) or (
            needed.any_scope and has.isdisjoint(needed.any_scope)
        ):
            raise ResourceServerError("insufficient_scope", "the token's scope is not enough")
        otherwise = needed.acr_values and claims.acr not in needed.acr_values
        if otherwise or not self._is_recent(claims, needed.max_age):
            # All of it: another login has to do for the whole.
            parameters = {}
            if needed.acr_values:
                parameters["acr_values"] = " ".join(needed.acr_values)
            if needed.max_age is not None:
                parameters["max_age"] = str(int(needed.max_age))
            raise ResourceServerError(
                "insufficient_user_authentication",
                "the person has to log in again or in another way",
                parameters=parameters,
            )

    def _is_recent(self, claims: Claims, max_age: Optional[float]) -> bool:
        if max_age is None:
            return True
        return claims.auth_time is not None and self._clock() - claims.auth_time <= max_age

    def _refused(
        self, error: ResourceServerError, scheme: str, needed: Needed
    ) -> ResourceServerError:
        scope = [*needed.scope, *needed.any_scope]
        if scope:
            error.parameters.setdefault("scope", " ".join(scope))
        nonce = self._nonces.newest(self._clock()) if self._nonces is not None else None
        return refuse(
            error,
            scheme=scheme,
            resource_metadata=metadata_place(self.resource)[1] if self.resource else None,
            nonce=nonce if error.code in ("use_dpop_nonce", "missing_token") else None,
        )

    # The document (RFC 9728).

    def metadata_path(self) -> str:
        return metadata_place(self._resource_of_document())[0]

    def metadata(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "resource": self._resource_of_document(),
            "authorization_servers": [self._expected.issuer],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": [*PROOF_ALGORITHMS],
        }
        if self._settings.scopes:
            document["scopes_supported"] = [*self._settings.scopes]
        return document

    def _resource_of_document(self) -> str:
        if self.resource is None:
            raise ResourceServerError(
                "invalid_configuration",
                "the document needs the resource, the https URL of this API",
            )
        return self.resource


def words(value: Optional[Words]) -> tuple[str, ...]:
    """Texts, or one of them. A text is not taken apart: an audience may have a space."""
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def is_seconds(value: Any) -> bool:
    """Not NaN, of which no comparison holds."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0


def needed(
    scope: Optional[Words],
    any_scope: Optional[Words],
    acr_values: Optional[Words],
    max_age: Optional[float],
) -> Needed:
    one_of = {"any_scope": any_scope, "acr_values": acr_values}
    for name, value in one_of.items():
        # One of none would be nobody, or everybody.
        if value is not None and not scopes(value):
            raise ResourceServerError("invalid_configuration", f"{name} is given and empty")
    if max_age is not None and not is_seconds(max_age):
        raise ResourceServerError("invalid_configuration", "max_age is no number of seconds")
    return Needed(scopes(scope), scopes(any_scope), scopes(acr_values), max_age)


def scopes(value: Optional[Words]) -> tuple[str, ...]:
    listed = value.split() if isinstance(value, str) else [*(value or ())]
    return tuple(dict.fromkeys(listed))


def _resource(resource: Optional[str], audiences: Sequence[str]) -> Optional[str]:
    """The URL of this API: as given, or the first audience that is one."""
    if resource is None:
        return next((one for one in audiences if is_safe(one) and "?" not in one), None)
    if not is_safe(resource) or "#" in resource:
        raise ResourceServerError("invalid_configuration", "the resource is not an https URL")
    return resource


def _scheme(authorization: Header) -> str:
    """In small letters; that of the first, if there are several."""
    return next(iter(_values(authorization)), "").partition(" ")[0].lower()


def _token(authorization: Header) -> str:
    """It stands nowhere else (RFC 6750 §2.1)."""
    values = _values(authorization)
    if not values:
        raise ResourceServerError("missing_token", "the request has no token")
    token = values[0].partition(" ")[2].strip(" ")
    # Of several headers a proxy or a framework may have made one.
    if len(values) > 1 or "," in token:
        raise ResourceServerError("invalid_request", "the request has several credentials")
    if _scheme(authorization) not in ("bearer", "dpop"):
        raise ResourceServerError("missing_token", "the request has no token")
    if len(token) > LARGEST:
        raise ResourceServerError("too_large", "the token is larger than 16 kB")
    if not _TOKEN.fullmatch(token):
        raise ResourceServerError("malformed", "the token has what no token has")
    return token


def _values(header: Header) -> Sequence[str]:
    return () if header is None else (header,) if isinstance(header, str) else header


def _jkt(claims: Claims) -> Optional[str]:
    return None if claims.cnf is None else claims.cnf.get("jkt")
