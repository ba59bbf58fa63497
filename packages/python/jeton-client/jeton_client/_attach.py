"""A token in the requests to an API: what httpx and requests are handed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Callable, Optional, Protocol

import httpx

from ._drive import Asynchronous, Blocking
from ._grant import AccessToken
from ._server import Server, origin
from ._steps import Steps

if TYPE_CHECKING:
    import requests


class Tokened(Protocol):
    """Where the tokens come from: the client, or a person's session."""

    def token(self) -> Steps[AccessToken]: ...

    def drop(self, token: AccessToken) -> bool: ...


class Attempts:
    """One request, sent again once with another token, nonce, or proof for where it was redirected."""

    def __init__(self, server: Server, tokens: Tokened, url: str) -> None:
        self._server = server
        self._tokens = tokens
        self._url = url
        self._may_drop = True
        self._may_have_nonce = True
        self._may_prove = True
        self._proven = url

    def headers(self, method: str, url: str, token: AccessToken) -> dict[str, str]:
        headers = {"Authorization": f"{token.token_type} {token.access_token}"}
        if token.token_type == "DPoP":
            headers["DPoP"] = self._server.proof(method, url, token.access_token)
            self._proven = url
        return headers

    def again(
        self, token: AccessToken, status: int, url: str, headers: Callable[[str], Optional[str]]
    ) -> bool:
        """Whether an answer asks for another try. What another origin says is not about our token."""
        if origin(url) != origin(self._url):
            return False
        given = token.token_type == "DPoP" and self._server.nonces.note(url, headers("DPoP-Nonce"))
        if status != 401:
            return False
        if given and "use_dpop_nonce" in (headers("WWW-Authenticate") or ""):
            may, self._may_have_nonce = self._may_have_nonce, False
            return may
        if token.token_type == "DPoP" and url != self._proven and self._may_prove:
            self._may_prove = False
            return True
        another = self._tokens.drop(token)
        may, self._may_drop = self._may_drop, False
        return may and another


class HttpxAuth(httpx.Auth):
    """`auth=` of httpx.Client and httpx.AsyncClient."""

    def __init__(
        self,
        server: Server,
        tokens: Tokened,
        *,
        blocking: Optional[Blocking] = None,
        asynchronous: Optional[Asynchronous] = None,
    ) -> None:
        self._server = server
        self._tokens = tokens
        self._blocking = blocking
        self._asynchronous = asynchronous

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        if self._blocking is None:
            raise RuntimeError("auth() of an AsyncClient is for httpx.AsyncClient")
        attempts = Attempts(self._server, self._tokens, str(request.url))
        while True:
            token = self._blocking.run(self._tokens.token())
            response = yield self._ready(attempts, request, token)
            if not self._again(attempts, token, response):
                return
            request = response.request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if self._asynchronous is None:
            raise RuntimeError("auth() of a Client is for httpx.Client")
        attempts = Attempts(self._server, self._tokens, str(request.url))
        while True:
            token = await self._asynchronous.run(self._tokens.token())
            response = yield self._ready(attempts, request, token)
            if not self._again(attempts, token, response):
                return
            request = response.request

    def _ready(
        self, attempts: Attempts, request: httpx.Request, token: AccessToken
    ) -> httpx.Request:
        request.headers.pop("DPoP", None)
        request.headers.update(attempts.headers(request.method, str(request.url), token))
        if "DPoP" in request.headers:
            _keep_from_redirects(request, self._asynchronous is not None)
        return request

    def _again(self, attempts: Attempts, token: AccessToken, response: httpx.Response) -> bool:
        again = attempts.again(token, response.status_code, str(response.url), response.headers.get)
        # A stream can be sent once. Where a redirect led within the origin, there it goes again.
        return again and isinstance(response.request.stream, httpx.ByteStream)


def _keep_from_redirects(request: httpx.Request, is_asynchronous: bool) -> None:
    """A proof is for one URL; httpx takes along all headers but Authorization, of which it sees to it."""
    before: Any = request.extensions.get("trace")
    proof = request.headers["DPoP"]

    def trace(event: str, info: dict[str, Any]) -> Any:
        # By the first event the headers are in the hands of the transport. The last ones come when
        # the request has another proof already.
        if request.headers.get("DPoP") == proof:
            del request.headers["DPoP"]
        return before(event, info) if before is not None else None

    async def trace_async(event: str, info: dict[str, Any]) -> None:
        waiting = trace(event, info)
        if waiting is not None:
            await waiting

    given = {"trace": trace_async if is_asynchronous else trace}
    request.extensions = {**request.extensions, **given}


def requests_auth(server: Server, tokens: Tokened, blocking: Blocking) -> requests.auth.AuthBase:
    """`auth=` of requests."""
    from ._requests import RequestsAuth

    return RequestsAuth(server, tokens, blocking)
