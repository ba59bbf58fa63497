"""A JWT taken apart, and its signature verified (RFC 7515, RFC 8725)."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ._errors import ResourceServerError
from ._keys import PublicKey, plain

#: Of a token, in bytes, before anything is decoded.
LARGEST = 16 * 1024

#: Without a signature it is told apart from what is no JWT.
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)", re.ASCII)


@dataclass(frozen=True)
class Jwt:
    """Taken apart; nothing of it is true yet."""

    header: dict[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    _payload: str = field(repr=False)

    def is_signed_by(self, keys: Sequence[PublicKey]) -> bool:
        return any(key.verifies(self.signed, self.signature) for key in keys)

    def claims(self) -> Optional[dict[str, Any]]:
        """None of what is no JSON object, or has a member twice."""
        return _object(self._payload)


def take_apart(token: str) -> Optional[Jwt]:
    """None of what is no JWT."""
    parts = _COMPACT.fullmatch(token)
    if parts is None:
        return None
    encoded_header, payload, encoded_signature = parts.groups()
    header = _object(encoded_header)
    signature = _decoded(encoded_signature)
    if header is None or signature is None:
        return None
    signed = token[: parts.end(2)].encode()
    return Jwt(header, signed, signature, payload)


def checked_algorithm(jwt: Jwt, algorithms: Sequence[str]) -> str:
    """One of those that are taken; a header that wants to be understood is not."""
    alg = plain(jwt.header.get("alg"))
    if isinstance(alg, str) and alg.lower() == "none":
        raise ResourceServerError("unsigned", "the token is not signed")
    if not isinstance(alg, str) or alg not in algorithms:
        raise ResourceServerError(
            "wrong_algorithm", "the token is signed by an algorithm not taken"
        )
    # RFC 7515 §4.1.11, RFC 7797: we understand none.
    if "crit" in jwt.header or "b64" in jwt.header:
        raise ResourceServerError("malformed", "the token's header has what is not understood")
    return alg


def _decoded(part: str) -> Optional[bytes]:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return None


def _object(part: str) -> Optional[dict[str, Any]]:
    decoded = _decoded(part)
    try:
        # As UTF-8; `json` alone would also guess at others.
        text = decoded.decode() if decoded is not None else ""
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def _no_number(name: str) -> float:
    raise ValueError(name)
