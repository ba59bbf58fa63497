"""The client as an application sees it: `Client` for threads, `AsyncClient` for asyncio."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import httpx

from . import _device
from ._attach import HttpxAuth, requests_auth
from ._authentication import Authentication
from ._drive import Asynchronous, Blocking
from ._grant import AccessToken
from ._jose import DpopKey
from ._server import Server, Surroundings
from ._session import SessionSteps
from ._sessions import AsyncDevice, AsyncSession, Device, Session
from ._steps import Steps
from ._store import AnyStore, Store
from ._tokens import Tokens, Words, resources, words

if TYPE_CHECKING:
    from requests.auth import AuthBase
    from typing_extensions import Self

Metadata = Mapping[str, Any]


class _Machine:
    """The client's own tokens of one scope and resource, for what attaches them."""

    def __init__(self, tokens: Tokens, scope: Optional[Words], resource: Optional[Words]) -> None:
        self._tokens = tokens
        self._scope = scope
        self._resource = resource

    def token(self) -> Steps[AccessToken]:
        return self._tokens.token(self._scope, self._resource)

    def drop(self, token: AccessToken) -> bool:
        return self._tokens.drop(token, self._scope, self._resource)


class Client:
    """A client of one authorization server, for any number of threads.

    `authentication` is made by `client_secret`, `private_key_jwt`, `platform_token` or `none`; the
    last is what stands without it. `metadata` is what discovery would find. `http`, `clock` (seconds
    since 1970), `sleep` and `random` (so many bytes) are there to be replaced.
    """

    def __init__(
        self,
        issuer: str,
        client_id: Optional[str],
        authentication: Optional[Authentication] = None,
        *,
        dpop: Optional[DpopKey] = None,
        metadata: Optional[Metadata] = None,
        http: Optional[httpx.Client] = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        surroundings = Surroundings(clock, random)
        self._server = Server(issuer, client_id, authentication, dpop, metadata, surroundings)
        self._tokens = Tokens(self._server)
        self._drive = Blocking(http, sleep)

    def token(self, scope: Optional[Words] = None, resource: Optional[Words] = None) -> AccessToken:
        """A token of the client's own (client_credentials), from memory as long as that is fresh."""
        return self._drive.run(self._tokens.token(scope, resource))

    def auth(self, scope: Optional[Words] = None, resource: Optional[Words] = None) -> httpx.Auth:
        """`auth=` of `httpx.Client`: each request has a token, a 401 gets one more try."""
        machine = _Machine(self._tokens, scope, resource)
        return HttpxAuth(self._server, machine, blocking=self._drive)

    def requests_auth(
        self, scope: Optional[Words] = None, resource: Optional[Words] = None
    ) -> AuthBase:
        """The same for requests."""
        return requests_auth(self._server, _Machine(self._tokens, scope, resource), self._drive)

    def session(
        self,
        store: Store,
        key: Union[str, bytes],
        redirect_uri: str = "",
        scope: Optional[Words] = "openid",
        *,
        resource: Optional[Words] = None,
        name: str = "default",
    ) -> Session:
        """A person's session, kept in `store` under `name`, encrypted under `key`."""
        steps = SessionSteps(self._server, store, key, redirect_uri, scope, resource, name)
        return Session(self._server, steps, self._drive)

    def device(self, scope: Optional[Words] = None, resource: Optional[Words] = None) -> Device:
        """Begins a login on another device (RFC 8628); without a session nothing is kept of it."""
        asked = " ".join(words(scope)), resources(resource)
        begun = self._drive.run(_device.begin(self._server, *asked))
        return Device(self._server, begun, self._drive)

    def close(self) -> None:
        """Closes the connections; not those of a client that was given."""
        self._drive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._server.issuer!r}, {self._server.client_id!r})"


class AsyncClient:
    """The same for asyncio. Its `store` and a platform's function may be asynchronous or not."""

    def __init__(
        self,
        issuer: str,
        client_id: Optional[str],
        authentication: Optional[Authentication] = None,
        *,
        dpop: Optional[DpopKey] = None,
        metadata: Optional[Metadata] = None,
        http: Optional[httpx.AsyncClient] = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        surroundings = Surroundings(clock, random)
        self._server = Server(issuer, client_id, authentication, dpop, metadata, surroundings)
        self._tokens = Tokens(self._server)
        self._drive = Asynchronous(http, sleep)

    async def token(
        self, scope: Optional[Words] = None, resource: Optional[Words] = None
    ) -> AccessToken:
        """A token of the client's own (client_credentials), from memory as long as that is fresh."""
        return await self._drive.run(self._tokens.token(scope, resource))

    def auth(self, scope: Optional[Words] = None, resource: Optional[Words] = None) -> httpx.Auth:
        """`auth=` of `httpx.AsyncClient`: each request has a token, a 401 gets one more try."""
        machine = _Machine(self._tokens, scope, resource)
        return HttpxAuth(self._server, machine, asynchronous=self._drive)

    def session(
        self,
        store: AnyStore,
        key: Union[str, bytes],
        redirect_uri: str = "",
        scope: Optional[Words] = "openid",
        *,
        resource: Optional[Words] = None,
        name: str = "default",
    ) -> AsyncSession:
        """A person's session, kept in `store` under `name`, encrypted under `key`."""
        steps = SessionSteps(self._server, store, key, redirect_uri, scope, resource, name)
        return AsyncSession(self._server, steps, self._drive)

    async def device(
        self, scope: Optional[Words] = None, resource: Optional[Words] = None
    ) -> AsyncDevice:
        """Begins a login on another device (RFC 8628); without a session nothing is kept of it."""
        asked = " ".join(words(scope)), resources(resource)
        begun = await self._drive.run(_device.begin(self._server, *asked))
        return AsyncDevice(self._server, begun, self._drive)

    async def aclose(self) -> None:
        """Closes the connections; not those of a client that was given."""
        await self._drive.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({self._server.issuer!r}, {self._server.client_id!r})"
