"""The keys that an issuer's tokens may be signed by (RFC 7517)."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

import jwt
from jwt.algorithms import Algorithm

from ._discovery import Discovery, ask, retry_after
from ._errors import ResourceServerError, Unanswered
from ._slot import Held, Slot
from ._steps import Request, Steps

#: In seconds.
KEYS_FRESH = 600.0
#: Between two looks for a key that nobody knows, in seconds.
COOL_DOWN = 10.0
MOST_KEYS = 100
#: Of a token that does not say which.
MOST_TRIED = 4
#: Seconds after which a request is worth another try.
RETRY_AFTER = 1.0

#: By what the key is; RFC 7518 §3, RFC 8037.
_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_BY_RSA = ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512")
ALGORITHMS = (*_BY_CURVE.values(), *_BY_RSA)
SMALLEST_RSA = 2048
#: Larger ones are only there to keep us busy.
LARGEST_RSA = 8192


def plain(alg: Any) -> Any:
    """RFC 9864 gave EdDSA with this curve another name."""
    return "EdDSA" if alg == "Ed25519" else alg


@dataclass(frozen=True)
class PublicKey:
    """A key for one algorithm."""

    alg: str
    _algorithm: Algorithm = field(repr=False)
    _key: Any = field(repr=False)

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        return self._algorithm.verify(signed, self._key, signature)


@dataclass(frozen=True)
class KeySet:
    by_kid: Mapping[str, Sequence[PublicKey]]
    by_alg: Mapping[str, Sequence[PublicKey]]

    def of(self, kid: Optional[str], alg: str) -> Sequence[PublicKey]:
        if kid is None:
            return self.by_alg.get(alg, ())[:MOST_TRIED]
        return [key for key in self.by_kid.get(kid, ()) if key.alg == alg][:MOST_TRIED]


def algorithms_of(jwk: Mapping[str, Any]) -> Sequence[str]:
    """For which algorithms a key is, by its type and by what it says of itself."""
    kty, crv, alg = jwk.get("kty"), jwk.get("crv"), plain(jwk.get("alg"))
    operations = jwk.get("key_ops")
    if jwk.get("use", "sig") != "sig" or (
        operations is not None and not (isinstance(operations, list) and "verify" in operations)
    ):
        return ()
    fits: Sequence[str] = ()
    if kty == "RSA":
        fits = _BY_RSA
    elif isinstance(crv, str) and kty == ("OKP" if crv == "Ed25519" else "EC") and crv in _BY_CURVE:
        fits = (_BY_CURVE[crv],)
    return fits if alg is None else [one for one in fits if one == alg]


def read_key(jwk: Mapping[str, Any], alg: str) -> Optional[PublicKey]:
    """The public half; None of what is no key, or an RSA key of another size than is safe."""
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}
    try:
        parsed = jwt.PyJWK(public, alg)
        key: Any = parsed.Algorithm.prepare_key(parsed.key)
    except Exception:  # noqa: BLE001 - a key that somebody else wrote
        return None
    if public["kty"] == "RSA":
        too_slow = key.public_numbers().e.bit_length() > 64
        if too_slow or not SMALLEST_RSA <= key.key_size <= LARGEST_RSA:
            return None
    return PublicKey(alg, parsed.Algorithm, key)


def read_key_set(document: Any) -> Optional[KeySet]:
    """None of what is no set. Keys that are not for us are passed over."""
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        return None
    by_kid: dict[str, list[PublicKey]] = {}
    by_alg: dict[str, list[PublicKey]] = {}
    for jwk in keys:
        if not isinstance(jwk, dict):
            continue
        kid = jwk.get("kid")
        for alg in algorithms_of(jwk):
            key = read_key(jwk, alg)
            if key is None:
                continue
            by_alg.setdefault(alg, []).append(key)
            if isinstance(kid, str):
                by_kid.setdefault(kid, []).append(key)
    return KeySet(by_kid, by_alg)


class Keys:
    """Keys that are fetched: kept for ten minutes, and longer while there are no others."""

    def __init__(
        self,
        discovery: Discovery,
        jwks_uri: Optional[str],
        clock: Callable[[], float],
        jitter: Callable[[float, float], float],
    ) -> None:
        self._discovery = discovery
        self._jwks_uri = jwks_uri
        self._clock = clock
        self._slot: Slot[KeySet] = Slot(clock, jitter)
        self._failed: tuple[float, Optional[ResourceServerError]] = (0.0, None)

    def find(self, kid: Optional[str], alg: str) -> Steps[Sequence[PublicKey]]:
        keys = yield from self._slot.obtain(self._fetch)
        found = keys.of(kid, alg)
        if found or (kid in keys.by_kid):
            return found
        keys = yield from self._slot.look_again(keys, self._fetch, COOL_DOWN)
        return keys.of(kid, alg)

    def _fetch(self) -> Steps[Held[KeySet]]:
        until, failed = self._failed
        if failed is not None and self._clock() < until:
            raise copy.copy(failed)
        try:
            keys = yield from self._asked()
        except Unanswered as error:
            failure = ResourceServerError(
                "keys_unavailable",
                f"the issuer's keys cannot be had: {error}",
                fault=error.fault,
                retry_after=error.retry_after or RETRY_AFTER,
            )
        else:
            return Held(keys, self._clock() + KEYS_FRESH, float("inf"))
        # Not each request that comes meanwhile asks for itself.
        self._failed = (self._clock() + RETRY_AFTER, failure)
        raise failure

    def _asked(self) -> Steps[KeySet]:
        url = self._jwks_uri
        if url is None:
            url = yield from self._discovery.endpoint("jwks_uri")
        response = yield from ask(Request("GET", url))
        document = response.json_object() if response.status == 200 else None
        keys = read_key_set(document)
        # Keys of which none is for us are an answer; no keys at all are somebody's mistake.
        if document is None or keys is None or not document["keys"]:
            pause = retry_after(response, self._clock())
            raise Unanswered("server", f"there are none ({response.status})", pause)
        return keys


class PastedKeys:
    def __init__(self, jwks: Mapping[str, Any]) -> None:
        keys = read_key_set(jwks)
        if keys is None or not keys.by_alg:
            raise ResourceServerError("invalid_configuration", "the jwks has no key that is for us")
        self._keys = keys

    def find(self, kid: Optional[str], alg: str) -> Steps[Sequence[PublicKey]]:
        return self._keys.of(kid, alg)
        yield
