"""For Starlette, FastAPI and any other ASGI application."""

# Annotations that are there when the program runs: FastAPI reads those of a dependency.

import json
from collections.abc import MutableMapping
from typing import Any, Callable, Optional
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ._challenges import EXPOSE, answer_body, exposing, is_metadata_target
from ._claims import Claims
from ._core import Words, needed
from ._errors import ResourceServerError
from ._resource_server import AsyncResourceServer

__all__ = ["Protect", "Publish", "Requires"]

_VERIFIED = "jeton.verified"

#: The certificate of the connection as DER, from where the proxy in front puts it.
Certificate = Callable[[HTTPConnection], Optional[bytes]]


class Requires:
    """A token that is good for this: a FastAPI dependency, and a call in any handler.

    It yields the claims, which `request.state.claims` has as well.
    """

    def __init__(
        self,
        server: AsyncResourceServer,
        *,
        scope: Optional[Words] = None,
        any_scope: Optional[Words] = None,
        acr_values: Optional[Words] = None,
        max_age: Optional[float] = None,
        certificate: Optional[Certificate] = None,
    ) -> None:
        self._server = server
        self._needed: dict[str, Any] = {
            "scope": scope,
            "any_scope": any_scope,
            "acr_values": acr_values,
            "max_age": max_age,
        }
        needed(**self._needed)
        self._certificate = certificate

    async def __call__(self, request: HTTPConnection) -> Claims:
        try:
            claims = await self.verify(request)
        except ResourceServerError as error:
            failure = error
        else:
            return claims
        # Whoever put no `Publish` around it has the right answer all the same.
        raise HTTPException(failure.status, failure.description, failure.headers)

    async def verify(self, request: HTTPConnection) -> Claims:
        """The same, raising a ResourceServerError."""
        # What this server verified of this request: a proof counts once.
        verified: dict[AsyncResourceServer, Claims] = request.scope.setdefault(_VERIFIED, {})
        claims = verified.get(self._server)
        if claims is not None:
            self._server.require(claims, **self._needed)
        else:
            claims = await self._server.verify(
                request.headers.getlist("authorization"),
                method=request.scope.get("method", "GET"),
                url=_path(request.scope),
                dpop=request.headers.getlist("dpop"),
                certificate=self._certificate(request) if self._certificate else None,
                **self._needed,
            )
            verified[self._server] = claims
        request.state.claims = claims
        return claims


class Protect:
    """ASGI middleware: nothing gets in without a token that is good for this."""

    def __init__(
        self,
        app: ASGIApp,
        server: AsyncResourceServer,
        *,
        scope: Optional[Words] = None,
        any_scope: Optional[Words] = None,
        acr_values: Optional[Words] = None,
        max_age: Optional[float] = None,
        certificate: Optional[Certificate] = None,
    ) -> None:
        self._app = app
        self._requires = Requires(
            server,
            scope=scope,
            any_scope=any_scope,
            acr_values=acr_values,
            max_age=max_age,
            certificate=certificate,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            raise ValueError("a kind of connection that nobody can verify a token of")
        try:
            await self._requires.verify(HTTPConnection(scope))
        except ResourceServerError as error:
            failure = error
        else:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            # Before the handshake it is answered with 403.
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        await _answer(scope, send, failure.status, answer_body(failure), failure.headers)


class Publish:
    """ASGI middleware around all: the metadata document, and headers for pages of other origins."""

    def __init__(self, app: ASGIApp, server: AsyncResourceServer) -> None:
        self._app = app
        self._server = server
        self._path = server.metadata_path()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        query = scope.get("query_string", b"").decode("latin-1")
        target = f"{_path(scope)}?{query}" if query else _path(scope)
        if is_metadata_target(target, self._path) and scope["method"] in ("GET", "HEAD"):
            headers = {"Access-Control-Allow-Origin": "*", **self._server.answer_headers()}
            await _answer(scope, send, 200, self._server.metadata(), headers)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = [(name.lower(), value) for name, value in message.get("headers", ())]
                ours = self._server.answer_headers(state.get("claims"))
                name = EXPOSE.lower().encode()
                ours[EXPOSE] = exposing(v.decode("latin-1") for n, v in sent if n == name)
                kept = [pair for pair in sent if pair[0] != name]
                there = {name for name, _ in kept}
                added = [pair for pair in _raw(ours) if pair[0] not in there]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        await self._app(scope, receive, adding)


def _path(scope: Scope) -> str:
    """As it was sent, where the server says."""
    raw: Optional[bytes] = scope.get("raw_path")
    if raw:
        return raw.partition(b"?")[0].decode("ascii", "replace")
    return quote(scope.get("path", "/"), safe="/:@!$&'()*+,;=~")


async def _answer(
    scope: Scope, send: Send, status: int, body: dict[str, Any], headers: dict[str, str]
) -> None:
    content = json.dumps(body).encode()
    own = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    await send({"type": "http.response.start", "status": status, "headers": _raw(own)})
    # RFC 9110 §9.3.2.
    content = b"" if scope["method"] == "HEAD" else content
    await send({"type": "http.response.body", "body": content})


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
