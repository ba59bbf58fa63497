"""The mock described as in its configuration file, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Optional, TypedDict, TypeVar, Union

from ._platforms import Platform

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
    """What tokens and answers say besides; None takes away.

    In texts ``${name}`` is client_id, subject, issuer, issuer_name, base, scope, scopes (a list),
    grant_type, now, user.NAME (a claim of the user), claims.NAME (of what is being made), uuid:NAME, a
    parameter that OAuth or OpenID Connect registers, or parameters.NAME; ``${a|b}`` is the first that is
    there.
    """

    match: ClaimMatch
    id_token: Claims
    access_token: Claims
    userinfo: Claims
    introspection: Claims
    response: Claims
    refresh_token: Claims
    access_token_header: Claims
    id_token_header: Claims
    lifetime: int
    last: bool
    next_login: bool


class KeptClaimRule(ClaimRule):
    """A rule that is there."""

    id: int


class _User(TypedDict):
    sub: str


class User(_User, total=False):
    """Somebody who can log in."""

    name: str
    #: For the grant password, where it is strict; a lenient issuer takes any.
    password: str
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
    #: Each ``{"identifier": …, "scope": …}``.
    apis: list[dict[str, str]]
    labels: dict[str, str]
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    access_token_lifetime: int
    access_token_format: str
    access_token_signed_response_alg: str
    id_token_signed_response_alg: str
    #: ``public`` or ``pairwise``.
    subject_type: str
    sector_identifier_uri: str
    any_private_use_scheme: bool
    localhost_is_loopback: bool
    require_pkce: bool
    refresh_token_rotation: bool
    refresh_token_grace: int
    refresh_token_lifetime: int
    refresh_token_idle_lifetime: int
    refresh_token_delivery: str
    offline_access_required: bool
    renew_claims: bool
    allowed_origins: list[str]
    id_token_claims: list[str]
    access_token_claims: list[str]
    userinfo_claims: list[str]
    client_claims: Claims
    first_party: bool
    login: bool
    disabled: bool
    client_expires_at: int
    registration_ceiling: dict[str, Any]
    registration: dict[str, Any]


class _Api(TypedDict):
    identifier: str


class Api(_Api, total=False):
    """An API (resource server) that tokens are for.

    A final slash more or less of a URL is an alias that need not be listed.
    """

    aliases: list[str]
    name: str
    scopes: dict[str, str]
    access_token_lifetime: int
    access_token_format: str
    access_token_signed_response_alg: str
    client_claims: Claims
    client_claims_from: dict[str, str]
    introspection_clients: list[str]
    self_registered_clients: bool
    labels: dict[str, str]
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
    labels: dict[str, str]
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
    #: Absent: those of ``keys``, else RS256, ES256, EdDSA.
    signing_algs: list[str]
    #: Private JWKs, in place of keys of the seed: EC P-256, OKP Ed25519, or RSA with all its members. JWKS shows
    #: them with ``kid``, ``x5c``, ``x5t`` and ``x5t#S256`` as they are given.
    keys: list[dict[str, Any]]
    access_token_lifetime: int
    auto_login: str
    profile: str
    #: Besides the server's: password, implicit, hybrid. Absent: all where it is lenient, else none.
    grants: list[str]
    user_claims: list[str]
    clock: ClockSpec
    users: list[User]
    clients: list[Client]
    apis: list[Api]
    trust: list[TrustDocument]
    claims: list[ClaimRule]
    faults: list[Fault]
    platform: Platform


class Profile(TypedDict, total=False):
    """How a vendor answers. Texts are templates."""

    #: The identifier: ``${base}/``. Absent: the base.
    issuer: str
    #: Issuers that have it unasked: ``kiosk/{store}``. A part in braces is a value.
    names: list[str]
    #: Names that say values where an issuer is given it: ``{store:uuid}``, a value that is a UUID.
    asked_names: list[str]
    #: Values where the name says none.
    values: dict[str, str]
    #: Paths beneath the base, by endpoint; the first is in the metadata, all answer.
    paths: dict[str, list[str]]
    #: None takes a member away.
    metadata: Claims
    #: Before the issuer's own.
    rules: list[ClaimRule]
    #: By endpoint and name: ``alias``, ``scope_part``, ``remembered``, ``values``, ``default``.
    parameters: dict[str, dict[str, dict[str, Any]]]
    #: Endpoints that take JSON, too, for a form.
    json_requests: list[str]
    #: Endpoints that take the query of a POST, too, for a form.
    query_requests: list[str]
    #: The first that matches: ``match``, ``status``, ``headers``, ``body``.
    errors: list[dict[str, Any]]
    #: Members of good answers, by endpoint.
    responses: dict[str, Claims]
    #: What is at further paths: ``paths``, ``methods``, ``parameters``, ``presented``, ``token``, ``ends``,
    #: ``status``, ``content_type``, ``headers``, ``body``.
    documents: list[dict[str, Any]]
    #: Of token responses: json or form.
    response_format: str
    #: Of scopes, in requests and answers.
    scope_separator: str
    #: Members of token responses that are sent so.
    base64url: list[str]
    signing_algs: list[str]
    access_token_lifetime: int
    users: list[User]


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
    #: Vendors of your own, by the name that ``profile`` has; one of a bundled name takes its place.
    profiles: dict[str, Profile]


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
    #: Which issuer was asked, where another one may have been meant.
    hint: Optional[str] = None
    #: Why it was refused, in the words of the server's log.
    reason: Optional[str] = None
    #: The id of the request, which its answer has in ``X-Request-Id`` and a page as its reference.
    request_id: Optional[str] = None

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
