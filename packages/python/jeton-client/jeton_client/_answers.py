"""Whose fault an answer that was not hoped for is, and how it is said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Optional

from ._errors import FAULTS, ClientError
from ._steps import Response

#: RFC 6749 §5.2, and the RFCs that added to it.
REFUSALS = (
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    "invalid_target",
    "invalid_request",
    "unsupported_grant_type",
    "access_denied",
    "invalid_grant",
    "expired_token",
    "server_error",
    "temporarily_unavailable",
)
#: A server's clock further off than this is worth a word, in seconds.
_OFF = 30
#: RFC 6749 A.8, and no longer than a person reads.
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,300}")
_MESSAGES = {
    "invalid_client": "the server does not accept how the client authenticates",
    "unauthorized_client": "the client may not use this grant",
    "invalid_scope": "the client may not have this scope",
    "invalid_target": "the client may not have tokens for this resource",
    "invalid_request": "the server does not take the request",
    "unsupported_grant_type": "the server does not have this grant",
    "access_denied": "access was denied",
    "invalid_grant": "the code, token or assertion is no longer good",
    "expired_token": "the device code has expired",
    "server_error": "the server failed",
    "temporarily_unavailable": "the server is unavailable for a while",
    "rate_limited": "the server takes no more requests for a while",
    "invalid_response": "the server's answer is not one of OAuth",
}


def refusal(
    response: Response, *, secrets: Iterable[str], now: float, error: Optional[str] = None
) -> ClientError:
    """The error for an answer that is none, or whose member `error` is the one given."""
    after = retry_after(response.headers, now)
    body = response.json_object() or {}
    description = described(body.get("error_description"), secrets)
    if response.status == 429:
        code = "rate_limited"
    elif error in REFUSALS and response.status < 500:
        code = str(error)
    elif response.status >= 500:
        code = "temporarily_unavailable" if response.status == 503 else "server_error"
    elif error == "use_dpop_nonce":
        # Its nonce was used, and it wants another each time.
        code = "invalid_response"
    elif error is not None and 400 <= response.status < 500:
        # An error of an extension: it is about what we asked for.
        code = "invalid_request"
    else:
        code = "invalid_response"
    return made(
        code,
        status=response.status,
        retry_after=after,
        description=description,
        note=skew(response.headers, now),
    )


def made(
    code: str,
    *,
    status: Optional[int] = None,
    retry_after: Optional[float] = None,
    description: Optional[str] = None,
    note: str = "",
) -> ClientError:
    said = f"{_MESSAGES[code]} ({code})"
    if description:
        said = f"{said}: {description}"
    return ClientError(
        code, said + note, status=status, retry_after=retry_after, description=description
    )


def described(description: object, secrets: Iterable[str]) -> Optional[str]:
    """A description that is fit to be shown: printable, and without anything secret that we sent."""
    if not isinstance(description, str) or not _DESCRIPTION.fullmatch(description):
        return None
    for secret in secrets:
        pieces = [secret, *(piece for piece in secret.split(".") if len(piece) >= 16)]
        if any(piece and piece in description for piece in pieces):
            return None
    return description


def retry_after(headers: Mapping[str, str], now: float) -> Optional[float]:
    """RFC 9110 §10.2.3, in seconds; at most a day."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), 86400.0)
    until = _date(value)
    if until is None:
        return None
    # A date is by the server's clock.
    return min(max(until - (_date(headers.get("date", "")) or now), 0.0), 86400.0)


def skew(headers: Mapping[str, str], now: float) -> str:
    there = _date(headers.get("date", ""))
    if there is None or abs(now - there) <= _OFF:
        return ""
    seconds = round(abs(now - there))
    side = "ahead of" if now > there else "behind"
    return f" (the clock here is {seconds} s {side} the server's)"


def _date(value: str) -> Optional[float]:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def code_of(error: str) -> str:
    """The word for what the authorization endpoint said (RFC 6749 §4.1.2.1, OpenID Connect)."""
    return error if error in REFUSALS and FAULTS[error] != "token" else "access_denied"
