"""For WSGI applications, and for views of Flask."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar
from urllib.parse import quote

from ._challenges import EXPOSE, answer_body, exposing, is_metadata_target
from ._claims import Claims
from ._core import Words, needed
from ._errors import ResourceServerError
from ._resource_server import ResourceServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["CLAIMS", "Protect", "Publish", "requires"]

#: Where the claims are in the environment of a request.
CLAIMS = "jeton.claims"

_VERIFIED = "jeton.verified"

#: The certificate of the connection as DER, from where the server or the proxy in front puts it.
Certificate = Callable[["WSGIEnvironment"], Optional[bytes]]
V = TypeVar("V", bound=Callable[..., Any])

_STATUS = {
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}


class _Requires:
    def __init__(self, server: ResourceServer, certificate: Optional[Certificate], **wanted: Any):
        self._server = server
        self._certificate = certificate
        self._needed = wanted
        needed(**wanted)

    def verify(self, environ: WSGIEnvironment) -> Claims:
        # What this server verified of this request: a proof counts once.
        verified: dict[ResourceServer, Claims] = environ.setdefault(_VERIFIED, {})
        claims = verified.get(self._server)
        if claims is not None:
            self._server.require(claims, **self._needed)
        else:
            claims = self._server.verify(
                environ.get("HTTP_AUTHORIZATION"),
                method=environ["REQUEST_METHOD"],
                url=_path(environ),
                dpop=environ.get("HTTP_DPOP"),
                certificate=self._certificate(environ) if self._certificate else None,
                **self._needed,
            )
            verified[self._server] = claims
        environ[CLAIMS] = claims
        return claims


class Protect:
    """WSGI middleware: nothing gets in without a token that is good for this.

    The claims are in the environment, as `CLAIMS`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        server: ResourceServer,
        *,
        scope: Optional[Words] = None,
        any_scope: Optional[Words] = None,
        acr_values: Optional[Words] = None,
        max_age: Optional[float] = None,
        certificate: Optional[Certificate] = None,
    ) -> None:
        self._app = app
        self._requires = _Requires(
            server,
            certificate,
            scope=scope,
            any_scope=any_scope,
            acr_values=acr_values,
            max_age=max_age,
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            self._requires.verify(environ)
        except ResourceServerError as error:
            failure = error
        else:
            return self._app(environ, start_response)
        return _answer(
            environ, start_response, failure.status, answer_body(failure), failure.headers
        )


class Publish:
    """WSGI middleware around all: the metadata document, and headers for pages of other origins."""

    def __init__(self, app: WSGIApplication, server: ResourceServer) -> None:
        self._app = app
        self._server = server
        self._path = server.metadata_path()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        target = f"{_path(environ)}?{query}" if query else _path(environ)
        is_read = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        if is_read and is_metadata_target(target, self._path):
            headers = {"Access-Control-Allow-Origin": "*", **self._server.answer_headers()}
            return _answer(environ, start_response, 200, self._server.metadata(), headers)

        def adding(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            ours = self._server.answer_headers(environ.get(CLAIMS))
            name = EXPOSE.lower()
            ours[EXPOSE] = exposing(v for n, v in headers if n.lower() == name)
            kept = [pair for pair in headers if pair[0].lower() != name]
            there = {name.lower() for name, _ in kept}
            added = [pair for pair in ours.items() if pair[0].lower() not in there]
            return start_response(status, [*kept, *added], *more)

        return self._app(environ, adding)


def requires(
    server: ResourceServer,
    *,
    scope: Optional[Words] = None,
    any_scope: Optional[Words] = None,
    acr_values: Optional[Words] = None,
    max_age: Optional[float] = None,
    certificate: Optional[Certificate] = None,
) -> Callable[[V], V]:
    """A view of Flask that needs a token that is good for this; `flask.g.claims` are its claims."""
    protection = _Requires(
        server,
        certificate,
        scope=scope,
        any_scope=any_scope,
        acr_values=acr_values,
        max_age=max_age,
    )

    def around(view: V) -> V:
        import flask

        @functools.wraps(view)
        def protected(*args: Any, **kwargs: Any) -> Any:
            try:
                flask.g.claims = protection.verify(flask.request.environ)
            except ResourceServerError as error:
                failure = error
            else:
                return flask.current_app.ensure_sync(view)(*args, **kwargs)
            return flask.Response(
                json.dumps(answer_body(failure)),
                failure.status,
                failure.headers,
                mimetype="application/json",
            )

        return protected  # type: ignore[return-value]

    return around


def _path(environ: WSGIEnvironment) -> str:
    """As it was sent, where the server says; else as much of that as WSGI keeps."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw.partition("?")[0]
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~") or "/"


def _answer(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: int,
    body: dict[str, Any],
    headers: dict[str, str],
) -> Iterable[bytes]:
    content = json.dumps(body).encode()
    own = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
    start_response(_STATUS.get(status, f"{status} OK"), [*own.items()])
    # RFC 9110 §9.3.2.
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]
