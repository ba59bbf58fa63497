"""A person's session: the login, the one refresh among all processes, the logout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Literal, Optional, Union
from urllib.parse import urlencode

from . import _login
from ._errors import ClientError, StoreError
from ._grant import AccessToken, Grant
from ._id_token import other_sub
from ._metadata import Metadata
from ._records import LEAVE, Found, Login, Logins, Record, Shelf, Ticket, record_of
from ._server import Server, Window
from ._slot import Held, Slot
from ._steps import Sleep, Steps
from ._store import AnyStore, Seal
from ._tokens import Words, held, resources, words

#: For so long the one who refreshes has it for itself, in seconds.
LEASE = 8.0
#: For so long after the first time a refresh token is sent again, in seconds. A server with a grace
#: window of ten seconds, as Jeton's, answers with the same successor within it, and ends the login
#: after it: also whoever takes over a lease that passed comes in time.
WINDOW = 7.0
#: Of one try, in seconds.
REFRESH_TIMEOUT = 5.0
#: Before each try: at once, at once again, and after a moment.
REFRESH_PAUSES = (0.0, 0.0, 0.5)
#: After each time that a store did not take what a refresh or a login brought, in seconds.
STORE_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
#: How often the store is looked at, in seconds: somebody may have logged out elsewhere.
LOOKED_AT = 10.0
#: For so long others are waited for, in seconds.
PATIENCE = 30.0


@dataclass(frozen=True)
class LoginStarted:
    #: Where the browser goes.
    url: str = field(repr=False)
    #: For `callback`, where the store has no part in it: a sealed text for a cookie.
    transaction: Optional[str] = field(default=None, repr=False)


@dataclass(frozen=True)
class LoggedOut:
    #: Where the browser goes to be logged out at the server as well; it has the ID token.
    url: Optional[str] = field(repr=False)
    #: Whether the server has ended the refresh token.
    revoked: bool = False


@dataclass(frozen=True)
class _Refreshed:
    """What a refresh brought, and what has to hold for it to be written."""

    record: Record = field(repr=False)
    used: str = field(repr=False)
    leased_until: float
    logouts: int


class SessionSteps:
    def __init__(
        self,
        server: Server,
        store: AnyStore,
        key: Union[str, bytes],
        redirect_uri: str,
        scope: Optional[Words],
        resource: Optional[Words],
        name: str,
    ) -> None:
        if server.client_id is None:
            raise ClientError("invalid_configuration", "a session needs a client_id")
        self._server = server
        self._surroundings = server.surroundings
        self._redirect_uri = redirect_uri
        self.scope = " ".join(words(scope))
        self.resource = resources(resource)
        seal = Seal(key, server.surroundings.random)
        self._record = Shelf(store, seal, f"session/{name}")
        self._logins = Shelf(store, seal, f"logins/{name}")
        self._ticket = Ticket(seal, name)
        self._slot: Slot[AccessToken] = Slot(server.surroundings.clock, server.surroundings.between)
        #: A token that an API refused is not taken from the store again.
        self._refused: Optional[str] = None
        #: What the store has not taken: the only copy of a refresh token.
        self._unwritten: Optional[_Refreshed] = None
        #: How often this process has logged out.
        self._logouts = 0

    def _metadata(self) -> Steps[Metadata]:
        if self._is_openid():
            return (yield from self._server.openid_metadata())
        return (yield from self._server.metadata())

    # The login.

    def login(self, parameters: Mapping[str, str], stateless: bool) -> Steps[LoginStarted]:
        metadata = yield from self._metadata()
        login = _login.begin(self._server)
        url = _login.authorization_url(
            self._server,
            metadata,
            login,
            redirect_uri=self._redirect_uri,
            scope=self.scope,
            resource=self.resource,
            parameters=parameters,
        )
        if stateless:
            return LoginStarted(url, self._ticket.seal(login))
        yield from self._logins.replace(lambda found: found.as_logins().with_one(login))
        return LoginStarted(url)

    def callback(self, url: str, transaction: Optional[str]) -> Steps[Optional[dict[str, Any]]]:
        answered = _login.read_callback(url)
        # Before the login is taken, which counts once.
        metadata = yield from self._metadata()
        if transaction is None:
            login = yield from self._taken(answered.state)
        else:
            login = self._ticket.open(transaction)
        if login is None:
            raise ClientError("state_mismatch", "the callback is of no login that began here")
        code = _login.checked_code(self._server, metadata, login, answered)
        grant = yield from _login.exchange(
            self._server,
            login,
            code,
            redirect_uri=self._redirect_uri,
            scope=self.scope,
            resource=self.resource,
        )
        claims: Optional[dict[str, Any]] = None
        if self._is_openid():
            claims = yield from _login.id_claims(self._server, metadata, grant, nonce=login.nonce)
        yield from self.keep(grant, claims)
        return claims

    def keep_device(self, grant: Grant) -> Steps[None]:
        claims: Optional[dict[str, Any]] = None
        if self._is_openid() and grant.id_token is not None:
            metadata = yield from self._metadata()
            claims = yield from _login.id_claims(self._server, metadata, grant, nonce=None)
        yield from self.keep(grant, claims)

    def _is_openid(self) -> bool:
        return "openid" in self.scope.split()

    def _taken(self, state: str) -> Steps[Optional[Login]]:
        taken: list[Optional[Login]] = [None]

        def rest(found: Found) -> Union[Logins, None, Literal["leave"]]:
            taken[0], others = found.as_logins().take(state)
            return LEAVE if taken[0] is None else others if others.begun else None

        yield from self._logins.replace(rest)
        return taken[0]

    def keep(self, grant: Grant, claims: Optional[dict[str, Any]]) -> Steps[None]:
        """A new login, in the place of whatever stands there."""
        token = held(grant, self._surroundings)
        record = record_of(grant, token.fresh_until, claims)
        yield from self._persistently(lambda: self._record.replace(lambda _: record))
        self._refused = self._unwritten = None
        self._slot.put(self._looked_at(token))

    def _looked_at(self, token: Held[AccessToken]) -> Held[AccessToken]:
        soon = self._surroundings.clock() + LOOKED_AT
        return replace(token, fresh_until=min(token.fresh_until, soon))

    def _persistently(self, write: Callable[[], Steps[bool]]) -> Steps[bool]:
        """What cannot be had again is worth some tries."""
        for pause in STORE_PAUSES:
            try:
                return (yield from write())
            except StoreError:
                pass
            yield Sleep(pause)
        return (yield from write())

    # The token.

    def token(self) -> Steps[AccessToken]:
        return (yield from self._slot.obtain(self._renew))

    def drop(self, token: AccessToken) -> bool:
        if not self._slot.refuse(lambda standing: standing.access_token == token.access_token):
            return False
        self._refused = token.access_token
        return True

    def id_claims(self) -> Steps[Optional[dict[str, Any]]]:
        _, record = yield from self._standing()
        return record.id_claims

    def forget(self) -> None:
        self._slot.drop()

    def _standing(self) -> Steps[tuple[Found, Record]]:
        found = yield from self._record.find()
        record = found.as_record()
        if record is not None:
            return found, record
        self._slot.drop()
        raise ClientError(
            "not_logged_in",
            "the session that is stored cannot be read: another key, or damaged"
            if found.damaged
            else "nobody is logged in",
        )

    def _renew(self) -> Steps[Held[AccessToken]]:
        """Takes what stands, or refreshes, or waits for who is refreshing."""
        pause, began_at = 0.05, self._surroundings.clock()
        kept = yield from self._write_late()
        if kept is not None:
            return kept
        while True:
            found, record = yield from self._standing()
            now = self._surroundings.clock()
            good = now < record.expires_at and record.access_token != self._refused
            # A lease that is longer than any was taken by another clock.
            is_leased = now < record.leased_until < now + 4 * LEASE
            if good and now < record.refresh_at:
                return self._looked_at(Held(record.token(), record.refresh_at, record.expires_at))
            if good and (record.refresh_token is None or is_leased):
                # Looked at again soon, because somebody is getting another.
                return Held(record.token(), min(now + 1.0, record.expires_at), record.expires_at)
            if record.refresh_token is None:
                self._slot.drop()
                raise ClientError(
                    "not_logged_in", "the login has expired, and the server gave no refresh token"
                )
            if is_leased and now >= began_at + PATIENCE:
                raise ClientError("timeout", "another process refreshes, and does not end")
            if is_leased:
                yield Sleep(pause * self._surroundings.between(0.75, 1.25))
                pause = min(pause * 1.5, 0.5)
                continue
            refreshed = yield from self._lease_and_refresh(found, record, record.refresh_token)
            if refreshed is not None:
                return refreshed

    def _lease_and_refresh(
        self, found: Found, record: Record, refresh_token: str
    ) -> Steps[Optional[Held[AccessToken]]]:
        """None where another process came first: what stands is to be read again."""
        # Before the lease: it may take longer than that.
        yield from self._server.metadata()
        owner, since = self._surroundings.text(), self._surroundings.clock()
        leased = record.leased(owner, since + LEASE)
        if not (yield from self._record.put(leased, found.version)):
            return None
        ours = yield from self._record.find()
        standing = ours.as_record()
        if standing is None or standing.lease != owner:
            return None
        failure: ClientError
        logouts = self._logouts
        try:
            grant = yield from self._refresh(refresh_token, since)
        except ClientError as error:
            failure = error
        else:
            if grant is None:
                return None
            until = since + LEASE
            return (yield from self._keep_refreshed(grant, record, refresh_token, until, logouts))
        if failure.code == "invalid_grant":
            yield from self._ended(ours)
            return None
        # Nobody need wait for the end of the lease; and if it was taken over, it is not ours.
        yield from self._record.put(record.free(), ours.version)
        raise failure

    def _refresh(self, refresh_token: str, since: float) -> Steps[Optional[Grant]]:
        """The same refresh token until there is an answer, and never later than the window.

        None where this process stood still for so long that it has sent nothing.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        failure: Optional[ClientError] = None
        for pause in REFRESH_PAUSES:
            wait = pause if failure is None else failure.retry_after or pause
            passed = self._surroundings.clock() - since
            if passed + wait >= WINDOW:
                break
            if wait:
                yield Sleep(wait)
            try:
                return (
                    yield from self._server.grant(
                        form,
                        scope=self.scope,
                        resource=self.resource,
                        pauses=(),
                        timeout=REFRESH_TIMEOUT,
                        window=Window(since + WINDOW, since + LEASE - 0.5),
                    )
                )
            except ClientError as error:
                if error.fault not in ("network", "server"):
                    raise
                failure = error
        if failure is not None:
            raise failure
        return None

    def _keep_refreshed(
        self, grant: Grant, record: Record, used: str, leased_until: float, logouts: int
    ) -> Steps[Optional[Held[AccessToken]]]:
        token = held(grant, self._surroundings)
        renewed = record_of(grant, token.fresh_until, record.id_claims)
        # RFC 6749 §6: without another refresh token the same goes on.
        refresh_token = grant.refresh_token or used
        renewed = replace(renewed, refresh_token=refresh_token, id_token=record.id_token)
        if self._is_of_another(grant, record):
            yield from self._record.replace(lambda found: None if _has(found, used) else LEAVE)
            yield from self._lost(renewed, "the server has renewed the login of another person")
        refreshed = _Refreshed(renewed, used, leased_until, logouts)
        try:
            written = yield from self._persistently(lambda: self._write(refreshed))
        except StoreError:
            # Nobody else has it. From now on a record that is gone was removed by a logout.
            self._unwritten = replace(refreshed, leased_until=float("inf"))
            return self._meanwhile(renewed)
        self._refused = None
        return self._looked_at(token) if written else None

    def _is_of_another(self, grant: Grant, record: Record) -> bool:
        if grant.id_token is None or record.id_claims is None:
            return False
        return other_sub(
            grant.id_token,
            issuer=self._server.issuer,
            client_id=self._server.client_id,
            sub=record.id_claims.get("sub"),
        )

    def _write(self, refreshed: _Refreshed) -> Steps[bool]:
        """As long as the refresh token that was used is the one that stands."""
        gone = [False]

        def by(found: Found) -> Union[Record, Literal["leave"]]:
            if found.version is not None:
                return refreshed.record if _has(found, refreshed.used) else LEAVE
            # Within the lease nobody but a logout removes it; after it whoever was refused as well,
            # because we had used it.
            gone[0] = (
                refreshed.logouts != self._logouts
                or self._surroundings.clock() < refreshed.leased_until
            )
            return LEAVE if gone[0] else refreshed.record

        written = yield from self._record.replace(by)
        if gone[0]:
            yield from self._lost(refreshed.record, "nobody is logged in")
        return written

    def _write_late(self) -> Steps[Optional[Held[AccessToken]]]:
        """What the store did not take: before anything else is done with it."""
        unwritten = self._unwritten
        if unwritten is None:
            return None
        try:
            yield from self._write(unwritten)
        except StoreError:
            record = unwritten.record
            is_valid = self._surroundings.clock() < record.expires_at
            if is_valid and record.access_token != self._refused:
                return self._meanwhile(record)
            raise
        self._unwritten = None
        return None

    def _meanwhile(self, record: Record) -> Held[AccessToken]:
        soon = self._surroundings.clock() + 1.0
        return Held(record.token(), min(soon, record.expires_at), record.expires_at)

    def _lost(self, record: Record, why: str) -> Steps[None]:
        """What a refresh brought is of no session any more."""
        self._unwritten = None
        self._slot.drop()
        yield from self._revoke(record.refresh_token)
        raise ClientError("not_logged_in", why)

    def _ended(self, ours: Found) -> Steps[None]:
        """The server says that the refresh token is no good: unless another process has a newer one."""
        removed = yield from self._record.put(None, ours.version)
        if removed:
            self._slot.drop()
            raise ClientError("not_logged_in", "the server has ended the login")

    # The logout.

    def logout(self, post_logout_redirect_uri: Optional[str]) -> Steps[LoggedOut]:
        self._logouts += 1
        unwritten, self._unwritten = self._unwritten, None
        removed: list[Optional[Record]] = [None]

        def by(found: Found) -> None:
            removed[0] = found.as_record()

        yield from self._record.replace(by)
        self._slot.drop()
        record = unwritten.record if unwritten is not None else removed[0]
        if record is None:
            return LoggedOut(None)
        revoked = yield from self._revoke(record.refresh_token)
        url = yield from self._end_session_url(record, post_logout_redirect_uri)
        return LoggedOut(url, revoked)

    def _revoke(self, refresh_token: Optional[str]) -> Steps[bool]:
        """As well as can be: here the session has ended already."""
        if refresh_token is None:
            return False
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        try:
            metadata = yield from self._server.metadata()
            if metadata.optional_endpoint("revocation_endpoint") is None:
                return False
            response, _ = yield from self._server.post("revocation_endpoint", form)
        except ClientError:
            return False
        return response.status == 200

    def _end_session_url(self, record: Record, back_to: Optional[str]) -> Steps[Optional[str]]:
        try:
            metadata = yield from self._metadata()
        except ClientError:
            return None
        endpoint = metadata.optional_endpoint("end_session_endpoint")
        if endpoint is None:
            return None
        asked = {"client_id": self._server.client_id or ""}
        if record.id_token is not None:
            asked["id_token_hint"] = record.id_token
        if back_to is not None:
            asked["post_logout_redirect_uri"] = back_to
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def _has(found: Found, refresh_token: str) -> bool:
    record = found.as_record()
    return record is not None and record.refresh_token == refresh_token
