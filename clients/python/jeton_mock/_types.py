"""The mock described as in its configuration file, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Optional, TypedDict, TypeVar, Union

Claims = dict[str, Any]
T = TypeVar("T")

# As written: members that may be absent, `*` in patterns for any run of characters, `/\d+/` for a
# regular expression.


class Matcher(TypedDict, total=False):
    """For which requests: all that is named must match."""

    endpoint: str
    method: str
    client_id: str
    grant_type: str
    parameters: dict[str, str]


class CustomResponse(TypedDict, total=False):
    """An answer of one's own."""

    status: int
    error: str
    error_description: str
    headers: dict[str, str]
    body: str


class _Fault(TypedDict):
    fault: Union[str, CustomResponse]


class Fault(_Fault, total=False):
    """Something that goes wrong on purpose."""

    match: Matcher
    nth: int
    times: int
    tokens: list[str]


class ClaimMatch(TypedDict, total=False):
    """For which requests: all that is named must match."""

    client_id: str
    grant_type: str
    scope: str
    subject: str
    parameters: dict[str, str]


class ClaimRule(TypedDict, total=False):
    """What tokens and answers say besides. In texts ``${name}`` is a parameter of the request."""

    match: ClaimMatch
    id_token: Claims
    access_token: Claims
    userinfo: Claims
    response: Claims
    access_token_typ: str
    lifetime: int
    last: bool


class _User(TypedDict):
    sub: str


class User(_User, total=False):
    """Somebody who can log in."""

    name: str
    claims: Claims
    id_token: Claims
    access_token: Claims
    userinfo: Claims


class _Client(TypedDict):
    client_id: str


class Client(_Client, total=False):
    """RFC 7591 metadata."""

    client_secret: str
    client_secret_expires_at: int
    client_secrets: list[dict[str, Any]]
    client_name: str
    client_uri: str
    token_endpoint_auth_method: str
    jwks: dict[str, Any]
    jwks_uri: str
    token_endpoint_auth_signing_alg: str
    token_endpoint_is_audience: bool
    client_assertion_lifetime: int
    client_assertion_single_use: bool
    grant_types: list[str]
    scope: str
    audiences: list[str]
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    access_token_lifetime: int
    access_token_format: str
    access_token_signed_response_alg: str
    id_token_signed_response_alg: str
    any_private_use_scheme: bool
    localhost_is_loopback: bool
    require_pkce: bool
    refresh_token_rotation: bool
    refresh_token_grace: int
    refresh_token_lifetime: int
    refresh_token_idle_lifetime: int
    refresh_token_delivery: str
    offline_access_required: bool
    allowed_origins: list[str]
    id_token_claims: list[str]
    access_token_claims: list[str]
    userinfo_claims: list[str]
    client_claims: Claims
    login: bool
    disabled: bool


class TrustCondition(TypedDict, total=False):
    """One test of a claim. What is missing never passes."""

    #: Its name, or of one inside of others their names.
    claim: Union[str, list[str]]
    equals: Union[str, float, bool]
    one_of: list[Union[str, float, bool]]
    #: It ends in ``/`` or ``:``, the border of a segment.
    prefix: str
    contains: Union[str, float, bool]


class _TrustRule(TypedDict):
    name: str
    conditions: list[TrustCondition]
    client_id: str


class TrustRule(_TrustRule, total=False):
    """A token that meets all conditions stands for the client."""

    disabled: bool
    audience: str
    scope: str
    audiences: list[str]
    access_token_lifetime: int
    single_use: bool
    subject: str
    impersonation: bool
    accepted_dangers: list[str]


class _TrustDocument(TypedDict):
    issuer: str


class TrustDocument(_TrustDocument, total=False):
    """An issuer whose tokens stand for clients.

    The mock asks nobody for keys but its own issuers: those of others are in ``jwks``, or one of its
    own stands in for them.
    """

    jwks_uri: str
    jwks: dict[str, Any]
    algorithms: list[str]
    disabled: bool
    rules: list[TrustRule]


class ClockSpec(TypedDict, total=False):
    """The time an issuer starts at."""

    reset: bool
    set: int
    advance: int
    freeze: bool


class IssuerSpec(TypedDict, total=False):
    """An issuer. A member that is absent is the template's."""

    strictness: str
    signing_algs: list[str]
    access_token_lifetime: int
    auto_login: str
    clock: ClockSpec
    users: list[User]
    clients: list[Client]
    trust: list[TrustDocument]
    claims: list[ClaimRule]
    faults: list[Fault]


class MockSpec(TypedDict, total=False):
    """A whole mock: what a configuration file says."""

    seed: str
    strictness: str
    host: str
    port: int
    https: bool
    issuer_url: str
    browser_url: str
    backend_url: str
    trust_host: bool
    issuer: IssuerSpec
    issuers: dict[str, IssuerSpec]


# As answered.


@dataclass(frozen=True)
class IssuerInfo:
    #: Empty: the default one.
    name: str
    #: The issuer identifier.
    issuer: str
    #: ``lenient`` or ``strict``.
    strictness: str
    #: Seconds since 1970.
    now: int
    #: Requests in its journal.
    journal: int


@dataclass(frozen=True)
class FaultState:
    id: int
    fault: Union[str, CustomResponse]
    #: Requests that matched.
    seen: int
    #: How often it acted.
    acted: int
    match: Matcher = field(default_factory=Matcher)
    nth: Optional[int] = None
    times: Optional[int] = None
    tokens: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ClockState:
    #: Seconds since 1970.
    now: int
    frozen: bool
    #: Seconds ahead of the real time.
    offset: int


@dataclass(frozen=True)
class Key:
    kid: str
    alg: str
    #: Tokens are signed with it.
    signs: bool
    #: It is in JWKS.
    published: bool


@dataclass(frozen=True)
class Entry:
    """A request and how it was answered."""

    id: int
    #: By the issuer's clock, seconds since 1970.
    at: int
    #: The issuer's name.
    issuer: str
    endpoint: str
    method: str
    path: str
    #: Of query and body; credentials read ``[redacted]``.
    parameters: dict[str, str]
    client_id: Optional[str] = None
    grant_type: Optional[str] = None
    subject: Optional[str] = None
    #: None where the connection was dropped.
    status: Optional[int] = None
    #: The error code of the answer.
    error: Optional[str] = None
    #: What strict would have refused.
    waived: list[str] = field(default_factory=list)
    #: The faults that acted.
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        about = ((name, getattr(self, name)) for name in ("client_id", "grant_type", "subject"))
        said = [
            f"#{self.id} {self.method} {self.endpoint} {self.status or 'dropped'}",
            self.error or "",
            *(f"{name}={value}" for name, value in about if value is not None),
            f"faults: {', '.join(self.faults)}" if self.faults else "",
        ]
        return " ".join(filter(None, said))


def read(kind: type[T], answer: Mapping[str, Any]) -> T:
    """An answer as a dataclass; a mock that is newer may say more."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in answer.items() if name in known})
