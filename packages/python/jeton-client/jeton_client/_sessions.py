"""Sessions and devices as an application sees them, for threads and for asyncio."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Optional

import httpx

from . import _device
from ._attach import HttpxAuth, requests_auth
from ._device import DeviceCode
from ._drive import Asynchronous, Blocking
from ._grant import AccessToken
from ._server import Server
from ._session import LoggedOut, LoginStarted, SessionSteps
from ._steps import Steps

if TYPE_CHECKING:
    from requests.auth import AuthBase

Claims = dict[str, Any]


class _DeviceView:
    """What a person is shown."""

    def __init__(self, begun: DeviceCode) -> None:
        self._begun = begun
        #: What the person types where `verification_uri` leads.
        self.user_code = begun.user_code
        self.verification_uri = begun.verification_uri
        #: The same with the code in it, for a link or a QR code.
        self.verification_uri_complete = begun.verification_uri_complete
        #: Until when, in seconds since 1970.
        self.expires_at = begun.expires_at


def _waited(
    server: Server, begun: DeviceCode, session: Optional[SessionSteps]
) -> Steps[AccessToken]:
    grant = yield from _device.wait(server, begun)
    if session is not None:
        yield from session.keep_device(grant)
    return grant.token


class Device(_DeviceView):
    def __init__(
        self,
        server: Server,
        begun: DeviceCode,
        drive: Blocking,
        session: Optional[SessionSteps] = None,
    ) -> None:
        super().__init__(begun)
        self._steps = partial(_waited, server, begun, session)
        self._drive = drive

    def wait(self) -> AccessToken:
        """The token, once the person has agreed."""
        return self._drive.run(self._steps())


class AsyncDevice(_DeviceView):
    def __init__(
        self,
        server: Server,
        begun: DeviceCode,
        drive: Asynchronous,
        session: Optional[SessionSteps] = None,
    ) -> None:
        super().__init__(begun)
        self._steps = partial(_waited, server, begun, session)
        self._drive = drive

    async def wait(self) -> AccessToken:
        """The token, once the person has agreed."""
        return await self._drive.run(self._steps())


class Session:
    """A person's session; processes that share its store share it."""

    def __init__(self, server: Server, steps: SessionSteps, drive: Blocking) -> None:
        self._server = server
        self._steps = steps
        self._drive = drive

    def login(
        self, *, stateless: bool = False, parameters: Optional[Mapping[str, str]] = None
    ) -> LoginStarted:
        """Where to send the browser. `stateless`: nothing is stored, `transaction` goes in a cookie.

        `parameters` go along, as ``prompt`` or ``login_hint``.
        """
        return self._drive.run(self._steps.login(parameters or {}, stateless))

    def callback(self, url: str, transaction: Optional[str] = None) -> Optional[Claims]:
        """The browser came back to `url`: the person is logged in. The claims of the ID token."""
        return self._drive.run(self._steps.callback(url, transaction))

    def device(self) -> Device:
        """Begins a login on another device, which `wait` keeps in this session."""
        begun = self._drive.run(
            _device.begin(self._server, self._steps.scope, self._steps.resource)
        )
        return Device(self._server, begun, self._drive, self._steps)

    def access_token(self) -> AccessToken:
        """The person's token, refreshed when it is time: by one of all who share the store."""
        return self._drive.run(self._steps.token())

    def id_claims(self) -> Optional[Claims]:
        """Who is logged in, as the ID token of the login says."""
        return self._drive.run(self._steps.id_claims())

    def logout(self, post_logout_redirect_uri: Optional[str] = None) -> LoggedOut:
        """Ends the session here, its refresh token at the server, and says where else it ends."""
        return self._drive.run(self._steps.logout(post_logout_redirect_uri))

    def auth(self) -> httpx.Auth:
        """`auth=` of `httpx.Client`, with the person's token."""
        return HttpxAuth(self._server, self._steps, blocking=self._drive)

    def requests_auth(self) -> AuthBase:
        """`auth=` of requests, with the person's token."""
        return requests_auth(self._server, self._steps, self._drive)

    def forget(self) -> None:
        """What this process remembers; the store keeps what it has."""
        self._steps.forget()


class AsyncSession:
    """The same for asyncio."""

    def __init__(self, server: Server, steps: SessionSteps, drive: Asynchronous) -> None:
        self._server = server
        self._steps = steps
        self._drive = drive

    async def login(
        self, *, stateless: bool = False, parameters: Optional[Mapping[str, str]] = None
    ) -> LoginStarted:
        """Where to send the browser. `stateless`: nothing is stored, `transaction` goes in a cookie.

        `parameters` go along, as ``prompt`` or ``login_hint``.
        """
        return await self._drive.run(self._steps.login(parameters or {}, stateless))

    async def callback(self, url: str, transaction: Optional[str] = None) -> Optional[Claims]:
        """The browser came back to `url`: the person is logged in. The claims of the ID token."""
        return await self._drive.run(self._steps.callback(url, transaction))

    async def device(self) -> AsyncDevice:
        """Begins a login on another device, which `wait` keeps in this session."""
        begun = await self._drive.run(
            _device.begin(self._server, self._steps.scope, self._steps.resource)
        )
        return AsyncDevice(self._server, begun, self._drive, self._steps)

    async def access_token(self) -> AccessToken:
        """The person's token, refreshed when it is time: by one of all who share the store."""
        return await self._drive.run(self._steps.token())

    async def id_claims(self) -> Optional[Claims]:
        """Who is logged in, as the ID token of the login says."""
        return await self._drive.run(self._steps.id_claims())

    async def logout(self, post_logout_redirect_uri: Optional[str] = None) -> LoggedOut:
        """Ends the session here, its refresh token at the server, and says where else it ends."""
        return await self._drive.run(self._steps.logout(post_logout_redirect_uri))

    def auth(self) -> httpx.Auth:
        """`auth=` of `httpx.AsyncClient`, with the person's token."""
        return HttpxAuth(self._server, self._steps, asynchronous=self._drive)

    def forget(self) -> None:
        """What this process remembers; the store keeps what it has."""
        self._steps.forget()
