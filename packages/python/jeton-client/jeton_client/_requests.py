"""For requests; imported where it is used, because requests may not be there."""

from __future__ import annotations

from typing import Any

import requests
from requests.auth import AuthBase

from ._attach import Attempts, Tokened
from ._drive import Blocking
from ._grant import AccessToken
from ._server import Server, origin


class RequestsAuth(AuthBase):
    def __init__(self, server: Server, tokens: Tokened, blocking: Blocking) -> None:
        self._server = server
        self._tokens = tokens
        self._blocking = blocking

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        _Sending(self, request)
        return request

    def token(self) -> AccessToken:
        return self._blocking.run(self._tokens.token())

    def attempts(self, url: str) -> Attempts:
        return Attempts(self._server, self._tokens, url)


class _Sending:
    """One request, with the answers to it and to where it is redirected."""

    def __init__(self, auth: RequestsAuth, request: requests.PreparedRequest) -> None:
        self._auth = auth
        self._origin = origin(request.url or "")
        self._attempts = auth.attempts(request.url or "")
        self._attach(request)
        register: Any = request.register_hook
        register("response", self._answered)

    def _attach(self, request: requests.PreparedRequest) -> None:
        self._token = self._auth.token()
        request.headers.pop("DPoP", None)
        request.headers.update(
            self._attempts.headers(request.method or "GET", request.url or "", self._token)
        )

    def _answered(self, response: requests.Response, **options: Any) -> requests.Response:
        request = response.request
        if response.is_redirect:
            # requests takes Authorization along within an origin and leaves it out beyond; a proof
            # is for one URL, and where the token goes along the 401 brings another.
            request.headers.pop("DPoP", None)
            return response
        again = self._attempts.again(
            self._token, response.status_code, response.url, response.headers.get
        )
        # A stream can be sent once.
        if not again or not isinstance(request.body, (bytes, str, type(None))):
            return response
        # So that its connection can be used again.
        response.content  # noqa: B018
        response.close()
        # The same request, because a redirect takes what that has.
        self._attach(request)
        adapter: Any = getattr(response, "connection")  # noqa: B009 - not in the types
        answer: requests.Response = adapter.send(request, **options)
        answer.history.append(response)
        answer.request = request
        return self._answered(answer, **options)
