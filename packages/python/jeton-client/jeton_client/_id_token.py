"""The ID token of a login (OpenID Connect Core §3.1.3.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional

import jwt

from ._errors import ClientError
from ._jose import ALGORITHMS, decode
from ._records import same
from ._steps import json_object, number

#: Of its times, in seconds.
LEEWAY = 10.0
_LARGEST = 64 * 1024


def _wrong(what: str, code: str = "invalid_response") -> ClientError:
    return ClientError(code, f"the ID token {what}")


def read_id_token(
    token: str, *, issuer: str, client_id: Optional[str], nonce: Optional[str], now: float
) -> dict[str, Any]:
    """Its claims, checked but for the signature, which is `check_signature`'s."""
    parts = token.split(".")
    claims = None
    if len(parts) == 3 and len(token) <= _LARGEST:
        claims = _decoded(parts[1])
    if claims is None:
        raise _wrong("is no JWT")
    if claims.get("iss") != issuer:
        raise _wrong("is of another issuer")
    audience = claims.get("aud")
    audience = audience if isinstance(audience, list) else [audience]
    if client_id not in audience:
        raise _wrong("is for another client")
    if claims.get("azp", client_id) != client_id or (len(audience) > 1 and "azp" not in claims):
        raise _wrong("was made for another client")
    expires_at, issued_at = number(claims.get("exp")), number(claims.get("iat"))
    if expires_at is None or issued_at is None:
        raise _wrong("has no exp or no iat")
    if now >= expires_at + LEEWAY:
        raise _wrong(f"expired {round(now - expires_at)} s ago: is a clock off?")
    if issued_at > now + 60:
        raise _wrong(f"is from {round(issued_at - now)} s ahead: is a clock off?")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise _wrong("has no sub")
    given = claims.get("nonce")
    # There is none where no browser was sent with one.
    if nonce is not None and not (isinstance(given, str) and same(given, nonce)):
        raise _wrong("is of another login (nonce)", "nonce_mismatch")
    return claims


def other_sub(token: str, *, issuer: str, client_id: Optional[str], sub: Any) -> bool:
    """Whether the ID token of a refresh is of another person (OpenID Connect Core §12.2).

    One that is no use for that is of nobody.
    """
    parts = token.split(".")
    claims = (_decoded(parts[1]) if len(parts) == 3 else None) or {}
    audience = claims.get("aud")
    is_ours = client_id in (audience if isinstance(audience, list) else [audience])
    if not is_ours or claims.get("iss") != issuer or not isinstance(claims.get("sub"), str):
        return False
    return bool(claims["sub"] != sub)


def check_signature(token: str, keys: Iterable[Any]) -> None:
    """By a key of the server's: those with its kid, else those that may be of its algorithm."""
    signed, _, signature = token.rpartition(".")
    header = _decoded(signed.partition(".")[0]) or {}
    alg, kid = header.get("alg"), header.get("kid")
    if alg not in ALGORITHMS or "crit" in header:
        raise _wrong("is not signed in a way that we verify")
    for key in keys:
        if not isinstance(key, Mapping) or (kid is not None and key.get("kid") != kid):
            continue
        if _verifies(key, str(alg), signed, signature):
            return
    raise _wrong("is signed by none of the server's keys")


def _verifies(key: Mapping[str, Any], alg: str, signed: str, signature: str) -> bool:
    if key.get("kty") == "oct" or key.get("alg", alg) != alg or key.get("use", "sig") != "sig":
        return False
    try:
        parsed = jwt.PyJWK(dict(key), alg)
        # Which also says that the curve is the algorithm's.
        parsed.Algorithm.prepare_key(parsed.key)
        return bool(parsed.Algorithm.verify(signed.encode(), parsed.key, decode(signature)))
    except Exception:  # noqa: BLE001 - a key of another type or curve, a signature that is none
        return False


def _decoded(part: str) -> Optional[dict[str, Any]]:
    try:
        return json_object(decode(part))
    except ValueError:
        return None
