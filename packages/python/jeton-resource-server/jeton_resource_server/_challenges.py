"""What whoever is refused is told: RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Optional
from urllib.parse import urlsplit

from ._errors import ResourceServerError
from ._proof import PROOF_ALGORITHMS

#: Of every answer: what a page of another origin may read.
EXPOSE = "Access-Control-Expose-Headers"
EXPOSED = {EXPOSE: "WWW-Authenticate, DPoP-Nonce"}

#: What a client is told by a code of its own; by all others `invalid_token`.
_ERRORS = (
    "invalid_request",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "insufficient_scope",
    "insufficient_user_authentication",
)
_WELL_KNOWN = "/.well-known/oauth-protected-resource"


def metadata_place(resource: str) -> tuple[str, str]:
    """The path of the metadata document with its query, and its URL (RFC 9728 §3.1)."""
    parts = urlsplit(resource)
    path = _WELL_KNOWN + (parts.path if parts.path != "/" else "")
    if parts.query:
        path += f"?{parts.query}"
    return path, f"{parts.scheme}://{parts.netloc}{path}"


def refuse(
    error: ResourceServerError,
    *,
    scheme: str,
    resource_metadata: Optional[str],
    nonce: Optional[str],
) -> ResourceServerError:
    """The same error, with what is answered."""
    headers = {**EXPOSED, "Cache-Control": "no-store"}
    if error.status in (400, 401, 403):
        more = {} if resource_metadata is None else {"resource_metadata": resource_metadata}
        error.challenge = _challenges(error, scheme, {**error.parameters, **more})
        headers["WWW-Authenticate"] = error.challenge
    if error.status == 503:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after or 1)))
    if nonce is not None and error.status == 401:
        headers["DPoP-Nonce"] = nonce
    error.headers = headers
    return error


def answer_body(error: ResourceServerError) -> dict[str, str]:
    """What is told, in the challenge and in the body alike."""
    if error.code == "missing_token":
        return {}
    told = error.code
    if error.status in (401, 403) and told not in _ERRORS:
        told = "invalid_token"
    return {"error": told, "error_description": error.description}


def is_metadata_target(target: str, path: str) -> bool:
    """Whether a request target is that of the document; without a query of its own any query is."""
    return target == path or ("?" not in path and target.partition("?")[0] == path)


def exposing(values: Iterable[str]) -> str:
    """Access-Control-Expose-Headers with ours besides those of the application."""
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    there = {name.lower() for name in names}
    ours = EXPOSED[EXPOSE].split(", ")
    return ", ".join([*names, *(name for name in ours if name.lower() not in there)])


def _challenges(error: ResourceServerError, scheme: str, more: Mapping[str, str]) -> str:
    algs = {"algs": " ".join(PROOF_ALGORITHMS)}
    if error.code == "missing_token":
        # RFC 6750 §3.1: without credentials, no error.
        return f"{_challenge('Bearer', more)}, {_challenge('DPoP', {**algs, **more})}"
    said = {**answer_body(error), **more}
    if error.code == "bound_token" or scheme == "dpop":
        return _challenge("DPoP", {**algs, **said})
    return _challenge("Bearer", said)


def _challenge(scheme: str, parameters: Mapping[str, str]) -> str:
    quoted = [f'{name}="{_quotable(value)}"' for name, value in parameters.items()]
    return f"{scheme} {', '.join(quoted)}" if quoted else scheme


def _quotable(value: str) -> str:
    """RFC 6750 §3: what stands between quotes without being escaped."""
    return "".join(one if " " <= one <= "~" and one not in '"\\' else "'" for one in value)
