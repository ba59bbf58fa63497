from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Optional, Union
from urllib.parse import quote_plus

from ._clock import Clock
from ._control import Control, given
from ._http import MockError, Value, encode, send
from ._keys import Keys
from ._login import log_in
from ._types import (
    Api,
    ClaimMatch,
    Client,
    CustomResponse,
    Entry,
    FaultState,
    IssuerInfo,
    KeptClaimRule,
    Matcher,
    TrustDocument,
    User,
    read,
)

if TYPE_CHECKING:
    from typing_extensions import Self

#: The mock's limit for one wait, in seconds.
LONGEST_WAIT = 30.0

Claims = Mapping[str, Any]


class Issuer:
    """One provider of its own: keys, users, clients, faults, clock and journal.

    At the end of a ``with`` it is deleted.
    """

    def __init__(self, name: str, url: str, base: str, control: Control) -> None:
        self.name = name
        #: The issuer identifier (``iss``): what an application is configured with.
        self.url = url
        #: Its time: codes, tokens and polling follow it.
        self.clock = Clock(control)
        self.keys = Keys(control)
        # Where this process reaches it, which `url` need not be: in a container, behind a proxy.
        self._base = base
        # What the endpoints lie beneath: the issuer, which may end in a slash.
        self._beneath = url.removesuffix("/")
        self._control = control

    @property
    def authorization_endpoint(self) -> str:
        return f"{self._beneath}/authorize"

    @property
    def token_endpoint(self) -> str:
        return f"{self._beneath}/token"

    @property
    def device_authorization_endpoint(self) -> str:
        return f"{self._beneath}/device_authorization"

    @property
    def introspection_endpoint(self) -> str:
        return f"{self._beneath}/introspect"

    @property
    def revocation_endpoint(self) -> str:
        return f"{self._beneath}/revoke"

    @property
    def userinfo_endpoint(self) -> str:
        return f"{self._beneath}/userinfo"

    @property
    def end_session_endpoint(self) -> str:
        return f"{self._beneath}/end_session"

    @property
    def jwks_uri(self) -> str:
        return f"{self._beneath}/.well-known/jwks.json"

    @property
    def discovery_url(self) -> str:
        return f"{self._beneath}/.well-known/openid-configuration"

    # Tokens.

    def token(
        self,
        *,
        client_id: Optional[str] = "demo",
        client_secret: Optional[str] = "demo-secret",
        grant_type: str = "client_credentials",
        **parameters: Value,
    ) -> dict[str, Any]:
        """A token by client credentials; with another ``grant_type``, by that.

        The demo client's secret does for any client but a strict one; None is a public client.
        ``client_id=None`` names nobody, where an assertion says who it is. Other parameters go along
        as they are.
        """
        form = {"grant_type": grant_type, **parameters}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if client_id is None or client_secret is None:
            form["client_id"] = client_id
        else:
            # RFC 6749 §2.3.1: both are form-encoded first.
            pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        response: dict[str, Any] = send(
            f"{self._base}/token", "POST", headers=headers, body=encode(form)
        ).json()
        return response

    def login(
        self,
        *,
        client_id: str = "demo",
        client_secret: Optional[str] = "demo-secret",
        redirect_uri: str = "https://app.example/callback",
        scope: str = "openid",
        subject: Optional[str] = "alice",
        **parameters: Value,
    ) -> dict[str, Any]:
        """Logs somebody in by code + PKCE, without a browser.

        ``subject`` is sent as ``login_hint``; None names nobody, as with ``auto_login``. Nobody
        needs to listen at ``redirect_uri``. Other parameters go along as they are.
        """
        asked = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "login_hint": subject,
        }
        form = log_in(self._base, {**asked, **parameters})
        return self.token(
            client_id=client_id,
            client_secret=client_secret,
            grant_type="authorization_code",
            **form,
        )

    def mint(
        self,
        claims: Optional[Claims] = None,
        *,
        typ: Optional[str] = None,
        alg: Optional[str] = None,
        fault: Optional[str] = None,
    ) -> str:
        """Signs any claims. ``iss``, ``iat``, ``exp`` and ``jti`` are filled in; None leaves one out."""
        body = given(claims=dict(claims or {}), typ=typ, alg=alg, fault=fault)
        return str(self._control("POST", "/mint", {}, body)["token"])

    # What goes wrong.

    def add_fault(
        self,
        fault: Union[str, CustomResponse],
        *,
        match: Optional[Matcher] = None,
        nth: Optional[int] = None,
        times: Optional[int] = None,
        tokens: Optional[Sequence[str]] = None,
    ) -> FaultHandle:
        """Makes something go wrong, until it is removed: at the latest at the end of a ``with``."""
        body = given(fault=fault, match=match, nth=nth, times=times, tokens=tokens)
        return FaultHandle(self._control("POST", "/faults", {}, body)["id"], self._control)

    def faults(self) -> list[FaultState]:
        return _faults(self._control)

    def clear_faults(self) -> None:
        self._control("DELETE", "/faults", {})

    # Who is known, and what is said of them.

    def add_user(
        self,
        sub: str,
        *,
        name: Optional[str] = None,
        claims: Optional[Claims] = None,
        id_token: Optional[Claims] = None,
        access_token: Optional[Claims] = None,
        userinfo: Optional[Claims] = None,
    ) -> User:
        """Adds a user, or replaces the one with that ``sub``."""
        members = given(
            name=name,
            claims=claims,
            id_token=id_token,
            access_token=access_token,
            userinfo=userinfo,
        )
        user: User = self._control("POST", "/users", {}, {"sub": sub, **members})
        return user

    def users(self) -> list[User]:
        users: list[User] = self._control("GET", "/users", {})["users"]
        return users

    def remove_user(self, sub: str) -> None:
        self._control("DELETE", "/users", {"sub": sub})

    def add_client(self, client_id: str, **metadata: Any) -> Client:
        """Adds a client (RFC 7591 metadata), or replaces the one with that ``client_id``."""
        client: Client = self._control("POST", "/clients", {}, {"client_id": client_id, **metadata})
        return client

    def clients(self) -> list[Client]:
        clients: list[Client] = self._control("GET", "/clients", {})["clients"]
        return clients

    def remove_client(self, client_id: str) -> None:
        self._control("DELETE", "/clients", {"client_id": client_id})

    def add_api(self, identifier: str, **members: Any) -> Api:
        """Adds an API, or replaces the one with that ``identifier``."""
        api: Api = self._control("POST", "/apis", {}, {"identifier": identifier, **members})
        return api

    def apis(self) -> list[Api]:
        apis: list[Api] = self._control("GET", "/apis", {})["apis"]
        return apis

    def remove_api(self, identifier: str) -> None:
        self._control("DELETE", "/apis", {"identifier": identifier})

    def add_trusted_issuer(self, document: TrustDocument) -> TrustDocument:
        """Trusts an issuer, by a document that replaces the one of that issuer."""
        added: TrustDocument = self._control("POST", "/trust", {}, document)
        return added

    def trusted_issuers(self) -> list[TrustDocument]:
        documents: list[TrustDocument] = self._control("GET", "/trust", {})["trust"]
        return documents

    def remove_trusted_issuer(self, issuer: str) -> None:
        self._control("DELETE", "/trust", {"iss": issuer})

    def add_claim_rule(
        self,
        *,
        match: Optional[ClaimMatch] = None,
        id_token: Optional[Claims] = None,
        access_token: Optional[Claims] = None,
        userinfo: Optional[Claims] = None,
        introspection: Optional[Claims] = None,
        response: Optional[Claims] = None,
        refresh_token: Optional[Claims] = None,
        access_token_header: Optional[Claims] = None,
        id_token_header: Optional[Claims] = None,
        lifetime: Optional[int] = None,
        last: Optional[bool] = None,
        next_login: Optional[bool] = None,
    ) -> KeptClaimRule:
        """Claims for tokens and answers; every rule that matches applies, in order."""
        body = given(
            match=match,
            id_token=id_token,
            access_token=access_token,
            userinfo=userinfo,
            introspection=introspection,
            response=response,
            refresh_token=refresh_token,
            access_token_header=access_token_header,
            id_token_header=id_token_header,
            lifetime=lifetime,
            last=last,
            next_login=next_login,
        )
        rule: KeptClaimRule = self._control("POST", "/claims", {}, body)
        return rule

    def claim_rules(self) -> list[KeptClaimRule]:
        rules: list[KeptClaimRule] = self._control("GET", "/claims", {})["claims"]
        return rules

    def environment(self, *, audience: Optional[str] = None) -> dict[str, Any]:
        """What a job finds in its environment: ``variables``, and ``files`` with ``path`` and ``content``.

        Of the platform that the issuer stands in for. Tokens in it are for ``audience``, or for the issuer.
        """
        query = {} if audience is None else {"audience": audience}
        answer: dict[str, Any] = self._control("GET", "/environment", query)
        return answer

    def remove_claim_rule(self, id: int) -> None:
        self._control("DELETE", "/claims", {"id": id})

    def clear_claim_rules(self) -> None:
        self._control("DELETE", "/claims", {})

    # What was asked.

    def journal(
        self,
        *,
        endpoint: Optional[str] = None,
        client_id: Optional[str] = None,
        grant_type: Optional[str] = None,
        subject: Optional[str] = None,
        status: Optional[int] = None,
        after: Optional[int] = None,
    ) -> list[Entry]:
        """The requests it got, newest last; ``after`` is an entry's id."""
        wanted = given(
            endpoint=endpoint,
            client_id=client_id,
            grant_type=grant_type,
            subject=subject,
            status=status,
            after=after,
        )
        return [read(Entry, entry) for entry in self._control("GET", "/journal", wanted)["entries"]]

    def count(
        self,
        *,
        endpoint: Optional[str] = None,
        client_id: Optional[str] = None,
        grant_type: Optional[str] = None,
        subject: Optional[str] = None,
        status: Optional[int] = None,
        after: Optional[int] = None,
    ) -> int:
        wanted = given(
            endpoint=endpoint,
            client_id=client_id,
            grant_type=grant_type,
            subject=subject,
            status=status,
            after=after,
        )
        return int(self._control("GET", "/journal/count", wanted)["count"])

    def take(
        self,
        *,
        timeout: float = 5.0,
        endpoint: Optional[str] = None,
        client_id: Optional[str] = None,
        grant_type: Optional[str] = None,
        subject: Optional[str] = None,
        status: Optional[int] = None,
        after: Optional[int] = None,
    ) -> Entry:
        """The oldest matching request not yet taken; waits ``timeout`` seconds for it, and raises if none comes."""
        wanted = given(
            endpoint=endpoint,
            client_id=client_id,
            grant_type=grant_type,
            subject=subject,
            status=status,
            after=after,
        )
        left = timeout
        while True:
            timeout_ms = round(min(left, LONGEST_WAIT) * 1000)
            entry = self._control("POST", "/journal/take", {**wanted, "timeout_ms": timeout_ms})
            if entry:
                return read(Entry, entry)
            left -= LONGEST_WAIT
            if left <= 0:
                self._nothing(wanted, timeout)

    def clear_journal(self) -> None:
        self._control("DELETE", "/journal", {})

    def _nothing(self, wanted: Mapping[str, Any], timeout: float) -> NoReturn:
        """What was asked for, beside what there is."""
        came = self.journal()
        last = [str(entry) for entry in came[-20:]]
        which = "".join(f" {name}={value}" for name, value in wanted.items())
        shown = f", the last {len(last)}:" if len(came) > len(last) else ":" if came else ""
        lines = [
            f"nothing to take within {timeout:g} s: no request{which}",
            f"{self.url} got {len(came) or 'none at all'}{shown}",
            *last,
        ]
        raise MockError("\n  ".join(lines))

    # Itself.

    def info(self) -> IssuerInfo:
        return read(IssuerInfo, self._control("GET", "/issuer", {}))

    def reset(self) -> None:
        """Puts back what it was made with."""
        self._control("POST", "/reset", {})

    def delete(self) -> None:
        self._control("DELETE", "/issuer", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.delete()


class FaultHandle:
    """A fault that was added. At the end of a ``with`` it is removed."""

    def __init__(self, id: int, control: Control) -> None:
        self.id = id
        self._control = control

    def acted(self) -> int:
        """How often it acted."""
        for fault in _faults(self._control):
            if fault.id == self.id:
                return fault.acted
        raise MockError(f"fault {self.id} is no longer there")

    def remove(self) -> None:
        self._control("DELETE", "/faults", {"id": self.id})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _faults(control: Control) -> list[FaultState]:
    return [read(FaultState, fault) for fault in control("GET", "/faults", {})["faults"]]
