from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Optional, Union

Fault = Literal["caller", "server", "network", "token"]

#: By the code: whose fault it is, and the status of the answer. Of a service that is not to be had,
#: what stood in the way says whose.
CODES: dict[str, tuple[Fault, int]] = {
    "invalid_issuer": ("caller", 500),
    "invalid_configuration": ("caller", 500),
    "missing_token": ("caller", 401),
    "invalid_request": ("caller", 400),
    "malformed": ("token", 401),
    "too_large": ("token", 401),
    "unsigned": ("token", 401),
    "wrong_algorithm": ("token", 401),
    "unknown_key": ("token", 401),
    "bad_signature": ("token", 401),
    "wrong_type": ("token", 401),
    "wrong_issuer": ("token", 401),
    "wrong_audience": ("token", 401),
    "expired": ("token", 401),
    "not_yet_valid": ("token", 401),
    "inactive": ("token", 401),
    "bound_token": ("token", 401),
    "invalid_dpop_proof": ("token", 401),
    "use_dpop_nonce": ("token", 401),
    "wrong_certificate": ("token", 401),
    "insufficient_user_authentication": ("token", 401),
    "insufficient_scope": ("token", 403),
    "keys_unavailable": ("server", 503),
    "introspection_unavailable": ("server", 503),
    "replay_unavailable": ("server", 503),
}


#: By the code, what a stranger is told: nothing that stands in a token.
DESCRIPTIONS = {
    "missing_token": "an access token is needed",
    "invalid_request": "several credentials in one request",
    "malformed": "the access token is malformed",
    "too_large": "the access token is too large",
    "unsigned": "the access token is not signed",
    "wrong_algorithm": "the access token is signed by another algorithm",
    "unknown_key": "the key of the access token is unknown",
    "bad_signature": "the signature of the access token is wrong",
    "wrong_type": "the token is no access token",
    "wrong_issuer": "the access token is of another issuer",
    "wrong_audience": "the access token is for another audience",
    "expired": "the access token has expired",
    "not_yet_valid": "the access token is not yet valid",
    "inactive": "the access token is not active",
    "bound_token": "the access token is bound to a key, of which there is no proof",
    "invalid_dpop_proof": "the DPoP proof does not hold",
    "use_dpop_nonce": "the DPoP proof needs a nonce of this server",
    "wrong_certificate": "the access token is bound to another certificate",
    "insufficient_user_authentication": "a more recent or stronger login is needed",
    "insufficient_scope": "the access token does not have the scope",
}


class ResourceServerError(Exception):
    """Why a request is refused, whose fault it is, and what is answered. It never holds a token."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        fault: Optional[Fault] = None,
        retry_after: Optional[float] = None,
        parameters: Optional[Mapping[str, str]] = None,
    ) -> None:
        super().__init__(message)
        #: One of the README's words, as ``expired`` or ``keys_unavailable``.
        self.code = code
        #: ``caller``, ``server``, ``network`` or ``token``.
        self.fault: Fault = fault or CODES[code][0]
        #: What whoever sent the request is told; the message itself is for the log.
        self.description = DESCRIPTIONS.get(code, "unavailable")
        #: The HTTP status of the answer.
        self.status = CODES[code][1]
        #: Seconds, of a 503.
        self.retry_after = retry_after
        #: What the challenge says besides, as the scope that is needed.
        self.parameters = dict(parameters or {})
        #: The value of ``WWW-Authenticate``, where there is one.
        self.challenge: Optional[str] = None
        #: All headers of the answer, with that one.
        self.headers: dict[str, str] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        # Copied for each request that waits for the same answer, and pickled by process pools.
        given = (self.fault, self.retry_after, self.parameters, self.challenge, self.headers)
        return _restored, (type(self), self.code, str(self), *given)


def _restored(
    kind: Callable[..., ResourceServerError],
    code: str,
    message: str,
    fault: Fault,
    retry_after: Optional[float],
    parameters: Mapping[str, str],
    challenge: Optional[str],
    headers: Mapping[str, str],
) -> ResourceServerError:
    error = kind(code, message, fault=fault, retry_after=retry_after, parameters=parameters)
    error.challenge, error.headers = challenge, dict(headers)
    return error


class Unanswered(Exception):
    """The issuer gave no answer, or none that is one. What it was needed for makes an error of it."""

    def __init__(
        self,
        fault: Fault,
        message: str,
        retry_after: Optional[float] = None,
        closed: Optional[bool] = None,
    ) -> None:
        super().__init__(message)
        self.fault: Fault = fault
        self.retry_after = retry_after
        #: Whether the connection was closed, as one that was kept open may have been long ago.
        self.closed = closed

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.fault, str(self), self.retry_after, self.closed)


#: What each who waits for the same answer gets a copy of.
FAILURES = (ResourceServerError, Unanswered)
Failure = Union[ResourceServerError, Unanswered]
