from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Optional

Fault = Literal["caller", "server", "network", "token"]

FAULTS: dict[str, Fault] = {
    **dict.fromkeys(
        (
            "invalid_issuer",
            "invalid_configuration",
            "invalid_client",
            "unauthorized_client",
            "invalid_scope",
            "invalid_target",
            "invalid_request",
            "unsupported_grant_type",
            "access_denied",
            "state_mismatch",
            "login_expired",
            "not_logged_in",
            "credential_unavailable",
        ),
        "caller",
    ),
    **dict.fromkeys(
        (
            "no_metadata",
            "issuer_mismatch",
            "invalid_metadata",
            "invalid_response",
            "server_error",
            "temporarily_unavailable",
            "rate_limited",
            "nonce_mismatch",
        ),
        "server",
    ),
    "unreachable": "network",
    "timeout": "network",
    "invalid_grant": "token",
    "expired_token": "token",
}


class ClientError(Exception):
    """What went wrong, and whose fault it is. It never holds a token, a secret, a code or a verifier."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: Optional[int] = None,
        retry_after: Optional[float] = None,
        description: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        #: One of the README's words, as ``invalid_client`` or ``unreachable``.
        self.code = code
        #: ``caller``, ``server``, ``network`` or ``token``.
        self.fault: Fault = FAULTS[code]
        #: The HTTP status, where there was an answer.
        self.status = status
        #: Seconds until it makes sense to try again, where the server said so.
        self.retry_after = retry_after
        #: The server's ``error_description``, where it is fit to be shown.
        self.description = description

    @property
    def passes(self) -> bool:
        """Whether it may be gone in a moment, so that what stands is good as long as it is."""
        return self.fault in ("network", "server")

    def __reduce__(self) -> tuple[Callable[..., ClientError], tuple[Any, ...]]:
        # Copied for each caller that waits for the same request, and pickled by process pools.
        said = (str(self), self.status, self.retry_after, self.description)
        return _restored, (type(self), self.code, *said)


class StoreError(ClientError):
    """The store of sessions failed, as it may for a moment only."""

    @property
    def passes(self) -> bool:
        return True


def _restored(
    kind: type[ClientError],
    code: str,
    message: str,
    status: Optional[int],
    retry_after: Optional[float],
    description: Optional[str],
) -> ClientError:
    return kind(code, message, status=status, retry_after=retry_after, description=description)
