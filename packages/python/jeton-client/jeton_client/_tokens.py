"""Tokens of the client's own: one request for each that is needed, ahead of its expiry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Optional, Union

from ._errors import ClientError
from ._grant import AccessToken, Grant
from ._server import Server, Surroundings
from ._slot import Held, Slot, Slots
from ._steps import Steps

Words = Union[str, Iterable[str]]

#: Before its expiry, in seconds, a token is renewed at the latest.
MARGIN = 5.0


def held(grant: Grant, surroundings: Surroundings) -> Held[AccessToken]:
    """Renewed at another time by each process, so that they do not come all at once."""
    margin = max(MARGIN, grant.lifetime * surroundings.between(0.1, 0.2))
    expires_at = grant.token.expires_at
    return Held(grant.token, expires_at - margin, expires_at)


def words(value: Optional[Words]) -> list[str]:
    if value is None:
        return []
    listed = value.split(" ") if isinstance(value, str) else [*value]
    if not all(isinstance(word, str) and word.isascii() and " " not in word for word in listed):
        raise ClientError("invalid_configuration", "a scope is words of ASCII")
    return list(dict.fromkeys(word for word in listed if word))


def resources(value: Optional[Words]) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


class Tokens:
    """`client_credentials` (RFC 6749 §4.4), by scope and resource."""

    def __init__(self, server: Server) -> None:
        surroundings = server.surroundings
        self._server = server
        self._slots: Slots[AccessToken] = Slots(
            lambda: Slot(surroundings.clock, surroundings.between)
        )

    def token(
        self, scope: Optional[Words] = None, resource: Optional[Words] = None
    ) -> Steps[AccessToken]:
        asked, target = words(scope), resources(resource)
        slot = self._slot(asked, target)
        return (yield from slot.obtain(lambda: self._renew(" ".join(asked), target)))

    def drop(
        self, token: AccessToken, scope: Optional[Words] = None, resource: Optional[Words] = None
    ) -> bool:
        """It was refused: whether there may be another."""
        slot = self._slot(words(scope), resources(resource))
        return slot.refuse(lambda standing: standing.access_token == token.access_token)

    def _slot(self, scope: list[str], resource: tuple[str, ...]) -> Slot[AccessToken]:
        # A scope is a set, resources are a list.
        return self._slots.at((tuple(sorted(scope)), resource))

    def _renew(self, scope: str, resource: Sequence[str]) -> Steps[Held[AccessToken]]:
        form = {"grant_type": "client_credentials"}
        if scope:
            form["scope"] = scope
        grant = yield from self._server.grant(form, scope=scope, resource=resource)
        return held(grant, self._server.surroundings)
