"""The issuer, and what it says of itself (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from ._errors import ResourceServerError, Unanswered
from ._slot import Held, Slot
from ._steps import Request, Response, Steps, number

#: In seconds.
METADATA_FRESH = 3600.0
#: How often is asked over connections that turn out to be closed.
TRIES = 2
#: Retry-After counts up to here, in seconds.
LONGEST_PAUSE = 30.0


class Discovery:
    def __init__(
        self,
        issuer: str,
        metadata: Optional[Mapping[str, Any]],
        clock: Callable[[], float],
        jitter: Callable[[float, float], float],
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._slot: Slot[Mapping[str, Any]] = Slot(clock, jitter)
        if metadata is not None:
            try:
                given = _checked(issuer, metadata)
            except Unanswered as error:
                said = str(error)
            else:
                self._slot.put(Held(given, float("inf"), float("inf")))
                return
            raise ResourceServerError("invalid_configuration", said)

    def members(self) -> Steps[Mapping[str, Any]]:
        return (yield from self._slot.obtain(self._discover))

    def endpoint(self, name: str) -> Steps[str]:
        members = yield from self.members()
        url = members.get(name)
        if isinstance(url, str) and is_safe(url):
            return url
        # Not kept for an hour, as what is good would be.
        self._slot.drop(lambda standing: standing is members)
        wrong = "has no" if url is None else "has no https URL as"
        raise Unanswered("server", f"the issuer's metadata {wrong} {name}")

    def _discover(self) -> Steps[Held[Mapping[str, Any]]]:
        for url in _locations(self._issuer):
            response = yield from ask(Request("GET", url))
            members = response.json_object() if response.status == 200 else None
            if members is not None:
                fresh_until = self._clock() + METADATA_FRESH
                return Held(_checked(self._issuer, members), fresh_until, float("inf"))
        raise Unanswered("server", "the issuer has neither RFC 8414 metadata nor OpenID discovery")


def ask(request: Request) -> Steps[Response]:
    for left in reversed(range(TRIES)):
        try:
            response: Response = yield request
        except Unanswered as error:
            if not error.closed or left == 0:
                raise
        else:
            return response
    raise AssertionError("the last try returns or raises")


def retry_after(response: Response, now: float) -> Optional[float]:
    """For how many seconds an issuer that has too much to do is left alone (RFC 9110 §10.2.3)."""
    if response.status not in (429, 503):
        return None
    said = response.headers.get("retry-after", "")
    seconds = number(said.strip())
    if seconds is None:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - now
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
    return min(max(seconds, 1.0), LONGEST_PAUSE)


def checked_issuer(issuer: str) -> str:
    """An issuer identifier (RFC 8414 §2): `https`, or `http` on this machine."""
    if not is_safe(issuer) or "?" in issuer or "#" in issuer:
        raise ResourceServerError(
            "invalid_issuer",
            "the issuer has to be an https URL without query and fragment (http: loopback only)",
        )
    return issuer


def is_safe(url: Any) -> bool:
    """An `https` URL, or `http` on this machine, with nobody's name and password in it."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or "\\" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address == ipaddress.ip_address("::1") or (
        address.version == 4 and address in ipaddress.ip_network("127.0.0.0/8")
    )


def _locations(issuer: str) -> tuple[str, str]:
    """RFC 8414 §3.1 inserts, OpenID Connect appends; both without a final slash of the issuer."""
    parts = urlsplit(issuer)
    inserted = f"/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"
    return (
        f"{parts.scheme}://{parts.netloc}{inserted}",
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
    )


def _checked(issuer: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
    if members.get("issuer") != issuer:
        raise Unanswered("server", "the metadata is of another issuer than the one that was asked")
    return dict(members)
