"""jeton-resource-server of Python as the suite of the libraries drives it; see ../README.md.

All is asked of the `AsyncResourceServer`, and of the `ResourceServer` with `JETON_DRIVER=threads`;
`serve` takes the one that its framework is for.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Annotated, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

sys.path[:0] = [str(Path(__file__).resolve().parents[3] / "packages/python/jeton-resource-server")]

from _protocol import Unsupported, serve

from jeton_resource_server import (
    AsyncResourceServer,
    Authentication,
    Claims,
    Introspection,
    MemoryReplays,
    ResourceServer,
    ResourceServerError,
    client_secret,
    private_key_jwt,
)

THREADS = os.environ.get("JETON_DRIVER") == "threads"
OPTIONS = ["resource", "algorithms", "leeway", "jwks", "jwks_uri", "metadata", "dpop_nonce_secret"]


class Driver:
    def __init__(self) -> None:
        self.offset = 0.0
        self.servers: dict[str, tuple[AsyncResourceServer, ResourceServer]] = {}
        self.serving: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        return time.time() + self.offset

    async def clock(self, request: dict[str, Any]) -> None:
        self.offset = request["offset"]

    async def resource_server(self, request: dict[str, Any]) -> None:
        arguments: dict[str, Any] = {
            name: request[name] for name in OPTIONS if request.get(name) is not None
        }
        if request.get("introspection"):
            by = request["introspection"]
            arguments["introspection"] = Introspection(
                by["client_id"], _authentication(by["authentication"])
            )
        arguments |= {"clock": self.now, "replays": MemoryReplays()}
        of = request["issuer"], request["audience"]
        self.servers[request["as"]] = (
            AsyncResourceServer(*of, **arguments),
            ResourceServer(*of, **arguments),
        )

    async def verify(self, request: dict[str, Any]) -> dict[str, Any]:
        asynchronous, threaded = self.servers[request["resource_server"]]
        certificate = request.get("certificate")
        arguments = {
            "method": request.get("method", "GET"),
            "url": request.get("url", "/"),
            "dpop": request.get("dpop"),
            "certificate": b64decode(certificate) if certificate is not None else None,
            "scope": request.get("scope_all"),
            "any_scope": request.get("scope_any"),
            "acr_values": request.get("acr_values"),
            "max_age": request.get("max_age"),
        }
        authorization = request.get("authorization")

        def once() -> Any:
            if THREADS:
                return asyncio.to_thread(threaded.verify, authorization, **arguments)
            return asynchronous.verify(authorization, **arguments)

        found = await asyncio.gather(*(once() for _ in range(request.get("times") or 1)))
        return {"claims": shown(found[0])}

    async def metadata(self, request: dict[str, Any]) -> dict[str, Any]:
        server, _ = self.servers[request["resource_server"]]
        return {"path": server.metadata_path(), "document": server.metadata()}

    async def serve(self, request: dict[str, Any]) -> dict[str, Any]:
        asynchronous, threaded = self.servers[request["resource_server"]]
        framework = request["framework"]
        if framework in ("starlette", "fastapi"):
            make: Any = starlette_app if framework == "starlette" else fastapi_app
            return {"url": await self._uvicorn(make(asynchronous))}
        if framework in ("flask", "wsgi"):
            make = flask_app if framework == "flask" else wsgi_app
            return {"url": _wsgi(make(threaded))}
        raise Unsupported(framework)

    async def _uvicorn(self, app: Any) -> str:
        import uvicorn

        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
        )
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.ensure_future(server.serve())
        self.serving.add(task)
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


def shown(claims: Claims) -> dict[str, Any]:
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in asdict(claims).items()
        if value is not None
    }


def _authentication(given: Mapping[str, Any]) -> Authentication:
    if given["kind"] == "secret":
        return client_secret(given["secret"])
    return private_key_jwt(given["jwk"])


def starlette_app(server: AsyncResourceServer) -> Any:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from jeton_resource_server.starlette import Protect, Publish

    async def claims(request: Request) -> JSONResponse:
        await request.body()
        return JSONResponse(shown(request.state.claims))

    async def open_to_all(request: Request) -> JSONResponse:
        return JSONResponse({})

    def needs(scope: str) -> list[Middleware]:
        return [Middleware(Protect, server=server, scope=scope)]

    return Starlette(
        routes=[
            Route("/read", claims, middleware=needs("read")),
            Route("/write", claims, methods=["POST"], middleware=needs("write")),
            Route("/open", open_to_all),
        ],
        middleware=[Middleware(Publish, server=server)],
    )


def fastapi_app(server: AsyncResourceServer) -> Any:
    from fastapi import Depends, FastAPI

    from jeton_resource_server.starlette import Publish, Requires

    app = FastAPI()
    app.add_middleware(Publish, server=server)

    async def open_to_all() -> dict[str, Any]:
        return {}

    def needing(scope: str) -> Any:
        async def handler(claims: Claims) -> dict[str, Any]:
            return shown(claims)

        # The annotations of functions in functions are texts that FastAPI cannot look up.
        needed = Annotated[Claims, Depends(Requires(server, scope=scope))]
        handler.__annotations__ = {"claims": needed}
        return handler

    app.get("/read")(needing("read"))
    app.post("/write")(needing("write"))
    app.get("/open")(open_to_all)
    return app


def flask_app(server: ResourceServer) -> Any:
    from flask import Flask, Response, g, jsonify

    from jeton_resource_server.wsgi import Publish, requires

    app = Flask("api")

    @app.get("/read")
    @requires(server, scope="read")
    def read() -> Response:
        return jsonify(shown(g.claims))

    @app.post("/write")
    @requires(server, scope="write")
    def write() -> Response:
        return jsonify(shown(g.claims))

    @app.get("/open")
    def open_to_all() -> Response:
        return jsonify({})

    app.wsgi_app = Publish(app.wsgi_app, server)  # type: ignore[method-assign]
    return app


def wsgi_app(server: ResourceServer) -> Any:
    import json

    from jeton_resource_server.wsgi import CLAIMS, Protect, Publish

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        claims = environ.get(CLAIMS)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(shown(claims) if claims else {}).encode()]

    paths = {
        ("GET", "/read"): Protect(answer, server, scope="read"),
        ("POST", "/write"): Protect(answer, server, scope="write"),
        ("GET", "/open"): answer,
    }

    def route(environ: Any, start_response: Any) -> Any:
        app = paths.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if app is None:
            start_response("404 Not Found", [])
            return []
        return app(environ, start_response)

    return Publish(route, server)


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def _wsgi(app: Any) -> str:
    server = make_server("127.0.0.1", 0, app, _Threaded, _Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main() -> None:
    driver = Driver()
    names = ("clock", "resource_server", "verify", "metadata", "serve")
    asyncio.run(serve({name: getattr(driver, name) for name in names}, ResourceServerError))


if __name__ == "__main__":
    main()
