"""What a token says, as far as it is true here and now (RFC 9068 §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

from ._errors import ResourceServerError
from ._steps import number

_NAMES = (
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "client_id",
    "scope",
    "auth_time",
    "acr",
    "cnf",
)


@dataclass(frozen=True)
class Claims:
    """The claims of a token that is good. What it does not say is None, or empty."""

    iss: str
    sub: Optional[str]
    aud: Sequence[str]
    #: Seconds since 1970; None of an opaque token whose issuer does not say.
    exp: Optional[float]
    iat: Optional[float]
    jti: Optional[str]
    client_id: Optional[str]
    scope: frozenset[str]
    auth_time: Optional[float]
    acr: Optional[str]
    #: What the token is bound to (RFC 7800): `jkt`, `x5t#S256`.
    cnf: Optional[Mapping[str, Any]]
    #: All others.
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    issuer: str
    audiences: Sequence[str]
    leeway: float


def read_claims(members: Mapping[str, Any], expected: Expected, now: float) -> Claims:
    """The claims, if they are of that issuer, for that audience, and of this time."""
    audiences = _audiences(members.get("aud"))
    if members.get("iss") != expected.issuer:
        raise ResourceServerError("wrong_issuer", "the token is of another issuer")
    if not any(ours in audiences for ours in expected.audiences):
        raise ResourceServerError("wrong_audience", "the token is for another audience")
    times = {name: _time(members, name) for name in ("exp", "iat", "nbf", "auth_time")}
    _check_times(times, expected.leeway, now)
    texts = {name: _text(members, name) for name in ("sub", "jti", "client_id", "acr")}
    return Claims(
        iss=expected.issuer,
        aud=audiences,
        scope=frozenset(filter(None, (_text(members, "scope") or "").split(" "))),
        cnf=_confirmation(members),
        exp=times["exp"],
        iat=times["iat"],
        auth_time=times["auth_time"],
        rest={name: value for name, value in members.items() if name not in _NAMES},
        **texts,
    )


def _check_times(times: Mapping[str, Optional[float]], leeway: float, now: float) -> None:
    expires_at = times["exp"]
    if expires_at is not None and now >= expires_at + leeway:
        ago = round(now - expires_at)
        raise ResourceServerError("expired", f"the token expired {ago} s ago: is a clock off?")
    for name in ("nbf", "iat"):
        begins_at = times[name]
        if begins_at is not None and now < begins_at - leeway:
            ahead = round(begins_at - now)
            raise ResourceServerError(
                "not_yet_valid", f"the token is good in {ahead} s only: is a clock off?"
            )


def _audiences(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if value is None:
        return ()
    raise _malformed("aud")


def _time(members: Mapping[str, Any], name: str) -> Optional[float]:
    if name not in members:
        return None
    value = members[name]
    seconds = None if isinstance(value, str) else number(value)
    if seconds is None:
        raise _malformed(name)
    return seconds


def _text(members: Mapping[str, Any], name: str) -> Optional[str]:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise _malformed(name)
    return value


def _confirmation(members: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
    """RFC 7800 §3.1. Bound to what nobody here knows is not bound to nothing."""
    if "cnf" not in members:
        return None
    value = members["cnf"]
    if not isinstance(value, dict):
        raise _malformed("cnf")
    known = [value[name] for name in ("jkt", "x5t#S256") if name in value]
    if not known:
        raise ResourceServerError("bound_token", "the token is bound to what is not known here")
    if not all(isinstance(one, str) for one in known):
        raise _malformed("cnf")
    return value


def _malformed(name: str) -> ResourceServerError:
    return ResourceServerError("malformed", f"the token's claim {name} is malformed")
