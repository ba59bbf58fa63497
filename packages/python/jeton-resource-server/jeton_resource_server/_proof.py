"""Who sends a token that is bound to a key or to a certificate (RFC 9449, RFC 8705)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Optional, Protocol, Union
from urllib.parse import urlsplit

from ._errors import ResourceServerError
from ._jwt import take_apart
from ._keys import algorithms_of, plain, read_key
from ._steps import number

#: Of proofs.
PROOF_ALGORITHMS = ("ES256", "EdDSA", "RS256", "PS256")
#: How far the time of a proof may be off, in seconds.
WINDOW = 60.0
#: How long a nonce is the newest, in seconds; the one before it is good as well.
NONCE_BUCKET = 120.0
#: Of nonces, in bytes.
SHORTEST_SECRET = 32

_LARGEST = 8 * 1024
#: RFC 7515 §4.1.9: one may be left out.
_TYPES = ("dpop+jwt", "application/dpop+jwt")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
#: RFC 7638 §3.2, in the order of their names.
_THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_PORTS = {"https": 443, "http": 80}


class Replays(Protocol):
    """Which proofs were there before. `claim` says whether this is the first time, and holds it until then.

    Only True counts as the first time. A store that cannot say raises; a ResourceServerError
    `replay_unavailable` is answered with 503.
    """

    def claim(self, key: str, until: float) -> bool: ...


class AsyncReplays(Protocol):
    def claim(self, key: str, until: float) -> Awaitable[bool]: ...


AnyReplays = Union[Replays, AsyncReplays]


class MemoryReplays:
    """Of this process: so many. While all of them are still good it takes no other."""

    def __init__(self, most: int = 250_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        #: The same by when they end, the first in front.
        self._ends: list[tuple[float, str]] = []
        self._now = 0.0

    def claim(self, key: str, until: float) -> bool:
        with self._lock:
            # It is later than that, for a proof that is from a minute ahead at most.
            self._now = max(self._now, until - 3 * WINDOW)
            while self._ends and self._ends[0][0] < self._now:
                self._seen.remove(heappop(self._ends)[1])
            if key in self._seen:
                return False
            # To forget one would be to take it again.
            if len(self._seen) >= self._most:
                raise ResourceServerError(
                    "replay_unavailable", "as many proofs as can be remembered are", retry_after=1.0
                )
            self._seen.add(key)
            heappush(self._ends, (until, key))
            return True


class Nonces:
    """Nonces that need no store: a MAC of the time (RFC 9449 §8)."""

    def __init__(self, secret: Union[str, bytes]) -> None:
        given = secret.encode() if isinstance(secret, str) else secret
        if len(given) < SHORTEST_SECRET:
            raise ResourceServerError(
                "invalid_configuration", "the dpop_nonce_secret has less than 32 bytes"
            )
        self._secret = given

    def newest(self, now: float) -> str:
        return self._of(int(now // NONCE_BUCKET))

    def is_good(self, nonce: Any, now: float) -> bool:
        bucket = int(now // NONCE_BUCKET)
        return isinstance(nonce, str) and any(
            _same(nonce, self._of(one)) for one in (bucket, bucket - 1)
        )

    def _of(self, bucket: int) -> str:
        mac = hmac.new(self._secret, b"dpop nonce %d" % bucket, hashlib.sha256)
        return _encode(mac.digest()[:18])


@dataclass(frozen=True)
class Proven:
    """A proof that holds, if it was not there before."""

    key: str
    until: float


def check_proof(
    proofs: Sequence[str],
    *,
    token: str,
    thumbprint: str,
    method: str,
    url: str,
    nonces: Optional[Nonces],
    now: float,
) -> Proven:
    """RFC 9449 §4.3."""
    # One header, and a proxy may have made one of two.
    if len(proofs) != 1 or "," in proofs[0]:
        raise _bad("there has to be one proof" if proofs else "there is no proof")
    jwt = take_apart(proofs[0]) if len(proofs[0]) <= _LARGEST else None
    claims = jwt.claims() if jwt is not None else None
    if jwt is None or claims is None:
        raise _bad("the proof is no JWT")
    header = jwt.header
    if str(header.get("typ")).lower() not in _TYPES or "crit" in header or "b64" in header:
        raise _bad("the proof's header is not that of a proof")
    jwk, alg = header.get("jwk"), plain(header.get("alg"))
    if not isinstance(jwk, dict) or any(name in jwk for name in _PRIVATE):
        raise _bad("the proof has no public key")
    key = read_key(jwk, alg) if alg in PROOF_ALGORITHMS and alg in algorithms_of(jwk) else None
    if key is None:
        raise _bad("the proof's key or algorithm is not taken")
    if not _same(_thumbprint(jwk), thumbprint):
        raise _bad("the proof is by another key than the token is bound to")
    if not jwt.is_signed_by([key]):
        raise _bad("the proof's signature does not hold")
    if claims.get("htm") != method or not _is(url, claims.get("htu")):
        raise _bad("the proof is for another request")
    if not _same(str(claims.get("ath")), _encode(hashlib.sha256(token.encode()).digest())):
        raise _bad("the proof is for another token")
    jti, issued_at = claims.get("jti"), claims.get("iat")
    seconds = None if isinstance(issued_at, str) else number(issued_at)
    if not isinstance(jti, str) or not jti or seconds is None:
        raise _bad("the proof has no jti or no iat")
    # Before its time: with a nonce whoever has no clock can do better.
    if nonces is not None and not nonces.is_good(claims.get("nonce"), now):
        raise ResourceServerError("use_dpop_nonce", "the proof needs a nonce of this server")
    if abs(now - seconds) > WINDOW:
        raise _bad(f"the proof's time is {round(abs(now - seconds))} s off: is a clock off?")
    seen = hashlib.sha256(f"{thumbprint}\0{jti}".encode("utf-8", "surrogatepass")).hexdigest()
    return Proven(seen, seconds + 2 * WINDOW)


def check_certificate(certificate: Optional[bytes], thumbprint: str) -> None:
    """RFC 8705 §3: the certificate of the connection, as DER."""
    given = _encode(hashlib.sha256(certificate).digest()) if certificate is not None else ""
    if not _same(given, thumbprint):
        raise ResourceServerError(
            "wrong_certificate", "the token is bound to another certificate than the connection's"
        )


def public_url(origin: str, url: str) -> str:
    """Where the request came to, as the world knows it: no header of the request says so."""
    if url.startswith("/"):
        # RFC 9112 §3.2.1: no host, also where it begins with two.
        return origin + url.partition("?")[0]
    try:
        path = urlsplit(url).path
    except ValueError:
        path = None
    if path is None or not (path == "" or path.startswith("/")):
        raise _bad("the request's URL is malformed")
    return origin + (path or "/")


def _is(ours: str, theirs: Any) -> bool:
    if not isinstance(theirs, str) or len(theirs) > _LARGEST:
        return False
    try:
        return _normal(ours) == _normal(theirs)
    except ValueError:
        return False


def _normal(url: str) -> tuple[str, str, Optional[int], str]:
    """RFC 3986 §6.2.2 and §6.2.3, without query and fragment."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError("nobody's name")
    scheme = parts.scheme.lower()
    port = parts.port if parts.port is not None else _PORTS.get(scheme)
    return (
        scheme,
        (parts.hostname or "").lower(),
        port,
        _without_dots(_ESCAPED.sub(_plain, parts.path)),
    )


def _plain(escaped: re.Match[str]) -> str:
    character = chr(int(escaped[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escaped[0].upper()


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:] if path.startswith("/") else path.split("/")
    for at, segment in enumerate(segments):
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
        if segment in (".", "..") and at == len(segments) - 1:
            kept.append("")
    return "/" + "/".join(kept)


def _thumbprint(jwk: Mapping[str, Any]) -> str:
    members = {name: jwk[name] for name in _THUMBPRINT[jwk["kty"]]}
    return _encode(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bad(why: str) -> ResourceServerError:
    return ResourceServerError("invalid_dpop_proof", why)
