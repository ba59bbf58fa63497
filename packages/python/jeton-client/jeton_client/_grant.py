"""What the token endpoint answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Optional

from ._errors import ClientError
from ._steps import number

#: RFC 6749 A.12 and A.17. An access token also has to fit a header, in one word.
_ACCESS_TOKEN = re.compile(r"[\x21-\x7e]+")
_OTHER_TOKEN = re.compile(r"[\x20-\x7e]+")
#: Where the server does not say, in seconds.
LIFETIME = 60.0


@dataclass(frozen=True)
class AccessToken:
    #: Shown as ``[redacted]``, wherever this is printed.
    access_token: str = field(repr=False)
    #: ``Bearer`` or ``DPoP``.
    token_type: str
    #: Seconds since 1970.
    expires_at: float
    #: What was granted, which may be less than what was asked for.
    scope: str

    def __repr__(self) -> str:
        return (
            f"AccessToken(access_token=[redacted], token_type={self.token_type!r}, "
            f"expires_at={self.expires_at!r}, scope={self.scope!r})"
        )


@dataclass(frozen=True)
class Grant:
    """An access token and what came with it."""

    token: AccessToken
    lifetime: float
    refresh_token: Optional[str] = field(default=None, repr=False)
    id_token: Optional[str] = field(default=None, repr=False)


def is_token(value: Any, form: re.Pattern[str] = _ACCESS_TOKEN) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def read_grant(answer: dict[str, Any], *, asked: str, bound: bool, sent_at: float) -> Grant:
    """A successful answer. Its time counts from when it was asked for, so never too long."""
    access_token, kind = answer.get("access_token"), answer.get("token_type")
    if not is_token(access_token):
        raise ClientError("invalid_response", "the server's answer has no access_token")
    token_type = {"bearer": "Bearer", "dpop": "DPoP"}.get(str(kind).lower())
    if token_type is None:
        raise ClientError("invalid_response", "the server's token_type is neither Bearer nor DPoP")
    # A server that binds nothing says so by Bearer, and then it is one (RFC 9449 §5).
    if token_type == "DPoP" and not bound:
        raise ClientError(
            "invalid_response", "the server has bound the token to a DPoP key, and we have none"
        )
    lifetime = number(answer["expires_in"]) if "expires_in" in answer else LIFETIME
    if lifetime is None or lifetime < 0:
        raise ClientError("invalid_response", "the server's expires_in is not a number of seconds")
    scope = answer.get("scope", asked)
    if not isinstance(scope, str):
        raise ClientError("invalid_response", "the server's scope is no string")
    rest = {name: answer.get(name) for name in ("refresh_token", "id_token")}
    if any(value is not None and not is_token(value, _OTHER_TOKEN) for value in rest.values()):
        raise ClientError("invalid_response", "the server's answer has a malformed token")
    token = AccessToken(str(access_token), token_type, sent_at + lifetime, scope)
    return Grant(token, lifetime, **rest)
