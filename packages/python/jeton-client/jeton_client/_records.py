"""What a session keeps: the login that stands, and the logins that have begun."""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from typing import Any, Callable, Literal, Optional, TypeVar, Union

from ._errors import ClientError, StoreError
from ._grant import AccessToken, Grant
from ._jose import decode, encode
from ._steps import Call, Sleep, Steps, json_object
from ._store import AnyStore, Seal

#: Until a login that has begun has to be over, in seconds.
LOGIN_LIFETIME = 1800.0
#: Of them, in as many tabs.
MOST_LOGINS = 8
#: How often a record is written anew because others keep writing it.
MOST_TURNS = 20

#: What stands is to be left as it is.
LEAVE: Literal["leave"] = "leave"

R = TypeVar("R", bound="Union[Record, Logins]")


@dataclass(frozen=True)
class Login:
    """What the callback has to match, and what only we can prove."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    began_at: float


@dataclass(frozen=True)
class Logins:
    begun: list[Any] = field(default_factory=list, repr=False)

    def with_one(self, login: Login) -> Logins:
        return Logins([*self.begun, asdict(login)][-MOST_LOGINS:])

    def take(self, state: str) -> tuple[Optional[Login], Logins]:
        """The one with that state, and the others: it counts once."""
        found = [one for one in self.begun if same(str(one.get("state")), state)]
        rest = [one for one in self.begun if one not in found]
        return (Login(**found[0]) if found else None), Logins(rest)


@dataclass(frozen=True)
class Record:
    """A login that stands."""

    access_token: str = field(repr=False)
    token_type: str
    scope: str
    expires_at: float
    #: From then on whoever comes first refreshes.
    refresh_at: float
    refresh_token: Optional[str] = field(repr=False)
    id_token: Optional[str] = field(repr=False)
    id_claims: Optional[dict[str, Any]] = field(repr=False)
    #: Who is refreshing, and until when nobody else does.
    lease: Optional[str] = None
    leased_until: float = 0.0

    def token(self) -> AccessToken:
        return AccessToken(self.access_token, self.token_type, self.expires_at, self.scope)

    def leased(self, owner: str, until: float) -> Record:
        return replace(self, lease=owner, leased_until=until)

    def free(self) -> Record:
        return replace(self, lease=None, leased_until=0.0)


def record_of(grant: Grant, refresh_at: float, claims: Optional[dict[str, Any]]) -> Record:
    return Record(
        grant.token.access_token,
        grant.token.token_type,
        grant.token.scope,
        grant.token.expires_at,
        refresh_at,
        grant.refresh_token,
        grant.id_token,
        claims,
    )


@dataclass(frozen=True)
class Found:
    """What stands in the store: its version, what it says, or that it cannot be read."""

    version: Optional[str] = None
    text: Optional[bytes] = field(default=None, repr=False)
    damaged: bool = False

    def as_record(self) -> Optional[Record]:
        return _read(Record, self.text)

    def as_logins(self) -> Logins:
        return _read(Logins, self.text) or Logins()


class Shelf:
    """A place in the store, sealed."""

    def __init__(self, store: AnyStore, seal: Seal, name: str) -> None:
        self._store = store
        self._seal = seal
        self._name = name

    def find(self) -> Steps[Found]:
        stands = yield from self._do(partial(self._store.get, self._name))
        if stands is None:
            return Found()
        value, version = stands
        text = self._seal.open(self._name, value)
        return Found(version, text, damaged=text is None)

    def put(self, value: Union[Record, Logins, None], expected: Optional[str]) -> Steps[bool]:
        sealed = None
        if value is not None:
            sealed = self._seal.close(self._name, json.dumps(asdict(value)).encode())
        done = yield from self._do(partial(self._store.set, self._name, sealed, expected))
        return bool(done)

    def replace(
        self, by: Callable[[Found], Union[Record, Logins, None, Literal["leave"]]]
    ) -> Steps[bool]:
        """Writes what is made of what stands, again and again if others write; whether it did."""
        for turn in range(MOST_TURNS):
            if turn:
                yield Sleep(0.01 * turn)
            found = yield from self.find()
            value = by(found)
            if value == LEAVE or (value is None and found.version is None):
                return False
            if (yield from self.put(value, found.version)):
                return True
        raise StoreError("invalid_configuration", "the store of sessions takes no record")

    def _do(self, what: partial[Any]) -> Steps[Any]:
        try:
            return (yield Call(what))
        except ClientError:
            raise
        except Exception as error:  # noqa: BLE001 - a store of anybody's
            why = type(error).__name__
        raise StoreError("invalid_configuration", f"the store of sessions failed ({why})")


class Ticket:
    """A login that has begun, as a text for who has no store: a cookie."""

    def __init__(self, seal: Seal, name: str) -> None:
        self._seal = seal
        # Of no record's name, so that none passes for it.
        self._name = f"ticket\0{name}"

    def seal(self, login: Login) -> str:
        return encode(self._seal.close(self._name, json.dumps(asdict(login)).encode()))

    def open(self, text: str) -> Optional[Login]:
        try:
            value = self._seal.open(self._name, decode(text))
        except ValueError:
            return None
        members = json_object(value) if value is not None else None
        return Login(**members) if members is not None else None


def same(one: str, other: str) -> bool:
    # JSON and addresses may have what is no text.
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def _read(kind: type[R], text: Optional[bytes]) -> Optional[R]:
    members = json_object(text) if text is not None else None
    if members is None:
        return None
    # What a later version wrote beside what we know is left alone.
    known = {one.name for one in fields(kind)}
    return kind(**{name: value for name, value in members.items() if name in known})
