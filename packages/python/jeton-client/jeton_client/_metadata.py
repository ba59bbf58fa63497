"""What a server says of itself (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional
from urllib.parse import urlsplit

from ._errors import ClientError

#: Those we send something to, or somebody with something.
ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
    "jwks_uri",
)


@dataclass(frozen=True)
class Metadata:
    issuer: str
    _members: Mapping[str, Any] = field(repr=False)

    def endpoint(self, name: str) -> str:
        url = self.optional_endpoint(name)
        if url is None:
            raise ClientError("invalid_metadata", f"the server's metadata has no {name}")
        return url

    def optional_endpoint(self, name: str) -> Optional[str]:
        url = self._members.get(name)
        return url if isinstance(url, str) else None

    def listed(self, name: str) -> Optional[list[Any]]:
        """A list, or None where the server says nothing."""
        value = self._members.get(name)
        return value if isinstance(value, list) else None

    def says(self, name: str) -> bool:
        return self._members.get(name) is True

    def completed(self, other: Metadata) -> Metadata:
        """With what the other says besides."""
        return Metadata(self.issuer, {**other._members, **self._members})


def checked_issuer(issuer: str) -> str:
    """An issuer identifier (RFC 8414 §2): `https`, or `http` on this machine."""
    if not is_safe(issuer) or "?" in issuer or "#" in issuer:
        raise ClientError(
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
    # Not `is_loopback`, which holds of ::ffff:127.0.0.1 in some versions only.
    return address == ipaddress.ip_address("::1") or (
        address.version == 4 and address in ipaddress.ip_network("127.0.0.0/8")
    )


def locations(issuer: str) -> tuple[str, str]:
    """RFC 8414 §3.1 inserts, OpenID Connect appends; both without a final slash of the issuer."""
    parts = urlsplit(issuer)
    inserted = f"/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"
    return (
        f"{parts.scheme}://{parts.netloc}{inserted}",
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
    )


def checked(issuer: str, members: Mapping[str, Any]) -> Metadata:
    if members.get("issuer") != issuer:
        raise ClientError(
            "issuer_mismatch", "the metadata is of another issuer than the one that was asked"
        )
    for name in ENDPOINTS:
        if name in members and not is_safe(members[name]):
            raise ClientError("invalid_metadata", f"the metadata's {name} is not an https URL")
    return Metadata(issuer, dict(members))
