"""The same through each framework: starlette, fastapi, flask and WSGI, as a client sees it."""

from __future__ import annotations

import io
import json
import unittest
from collections.abc import Iterator
from typing import Annotated, Any, Callable, Optional

import httpx
from support import AUDIENCE, ISSUER, Begun, Key, run, sha256
from test_binding import proof

from jeton_resource_server import Claims

HOLDER = Key(kid=None)
URL = "https://api.example/read"
DOCUMENT = "/.well-known/oauth-protected-resource"

Ask = Callable[..., httpx.Response]


def by_asgi(app: Any) -> Ask:
    def ask(method: str, path: str, headers: Any = None, content: bytes = b"") -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://evil.example"
            ) as http:
                return await http.request(method, path, headers=headers, content=content)

        return run(go())

    return ask


def by_wsgi(app: Any) -> Ask:
    def ask(method: str, path: str, headers: Any = None, content: bytes = b"") -> httpx.Response:
        pairs = [*headers.items()] if isinstance(headers, dict) else [*(headers or [])]
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "evil.example",
            "SERVER_PORT": "80",
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
        }
        for name, value in pairs:
            # As wsgiref and others do with several.
            key = f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        started: list[Any] = []
        body = b"".join(app(environ, lambda *given: started.extend(given)))
        return httpx.Response(int(started[0].split()[0]), headers=started[1], content=body)

    return ask


def shown(claims: Claims) -> dict[str, Any]:
    return {"sub": claims.sub, "scope": sorted(claims.scope)}


def starlette(begun: Begun) -> Ask:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from jeton_resource_server.starlette import Protect, Publish, Requires

    server = begun.asynchronous()
    needs = Requires(server, any_scope="profile email")

    async def claims(request: Request) -> JSONResponse:
        return JSONResponse(
            {**shown(request.state.claims), "body": (await request.body()).decode()}
        )

    async def within(request: Request) -> JSONResponse:
        return JSONResponse(shown(await needs(request)))

    async def free(request: Request) -> JSONResponse:
        return JSONResponse({})

    def protected(scope: str) -> list[Middleware]:
        return [Middleware(Protect, server=server, scope=scope)]

    return by_asgi(
        Starlette(
            routes=[
                Route("/read", claims, middleware=protected("read")),
                Route("/write", claims, methods=["POST"], middleware=protected("write")),
                Route("/within", within),
                Route("/open", free),
            ],
            middleware=[Middleware(Publish, server=server)],
        )
    )


def fastapi(begun: Begun) -> Ask:
    from fastapi import Body, Depends, FastAPI

    from jeton_resource_server.starlette import Publish, Requires

    server = begun.asynchronous()
    app = FastAPI()
    app.add_middleware(Publish, server=server)

    def needing(**needed: Any) -> Any:
        async def handler(claims: Claims, body: bytes = b"") -> dict[str, Any]:
            return {**shown(claims), "body": body.decode()}

        # The annotations of functions in functions are texts that FastAPI cannot look up.
        claims = Annotated[Claims, Depends(Requires(server, **needed))]
        handler.__annotations__ = {
            "claims": claims,
            "body": Annotated[bytes, Body(media_type="text/plain")],
        }
        return handler

    async def free() -> dict[str, Any]:
        return {}

    app.get("/read")(needing(scope="read"))
    app.post("/write")(needing(scope="write"))
    app.get("/within")(needing(any_scope="profile email"))
    app.get("/open")(free)
    return by_asgi(app)


def flask(begun: Begun) -> Ask:
    from flask import Flask, g, request

    from jeton_resource_server.wsgi import Publish, requires

    server = begun.server
    app = Flask("api")

    @app.get("/read")
    @requires(server, scope="read")
    def read() -> Any:
        return shown(g.claims)

    @app.post("/write")
    @requires(server, scope="write")
    def write() -> Any:
        return {**shown(g.claims), "body": request.get_data(as_text=True)}

    @app.get("/within")
    @requires(server, any_scope="profile email")
    def within() -> Any:
        return shown(g.claims)

    @app.get("/open")
    def free() -> Any:
        return {}

    return by_wsgi(Publish(app.wsgi_app, server))


def wsgi(begun: Begun) -> Ask:
    from jeton_resource_server.wsgi import CLAIMS, Protect, Publish

    server = begun.server

    def handler(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        claims = environ.get(CLAIMS)
        body = environ["wsgi.input"].read().decode()
        return [json.dumps({**shown(claims), "body": body} if claims else {}).encode()]

    apps: dict[str, Any] = {
        "/read": Protect(handler, server, scope="read"),
        "/write": Protect(handler, server, scope="write"),
        "/within": Protect(handler, server, any_scope="profile email"),
        "/open": handler,
    }

    def nothing(environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return []

    def route(environ: Any, start_response: Any) -> Any:
        return apps.get(environ["PATH_INFO"], nothing)(environ, start_response)

    return by_wsgi(Publish(route, server))


class Frameworks(unittest.TestCase):
    def each(self, **options: Any) -> Iterator[tuple[Begun, Ask]]:
        makers: dict[str, Callable[[Begun], Ask]] = {
            "starlette": starlette,
            "fastapi": fastapi,
            "flask": flask,
            "wsgi": wsgi,
        }
        for name, make in makers.items():
            with self.subTest(name):
                begun = Begun(**{"resource": "https://api.example", **options})
                yield begun, make(begun)

    def refused(self, response: httpx.Response, status: int) -> str:
        self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(response.headers["cache-control"], "no-store")
        self.assertEqual(
            response.headers.get_list("access-control-expose-headers"),
            ["WWW-Authenticate, DPoP-Nonce"],
        )
        return str(response.headers.get("www-authenticate", ""))

    def test_a_good_token(self) -> None:
        for begun, ask in self.each():
            headers = {"Authorization": begun.issuer.bearer()}
            for path in ("/read", "/within"):
                response = ask("GET", path, headers)
                self.assertEqual(response.status_code, 200, response.text)
                self.assertEqual(response.json()["sub"], "alice")
                self.assertIn("DPoP-Nonce", response.headers["access-control-expose-headers"])
            headers = {
                "Authorization": begun.issuer.bearer(scope="write"),
                "Content-Type": "text/plain",
            }
            response = ask("POST", "/write", headers, b"x=1")
            self.assertEqual((response.status_code, response.json()["scope"]), (200, ["write"]))
            self.assertIn(response.json().get("body"), ("x=1", ""))

    def test_what_is_open_needs_none(self) -> None:
        for begun, ask in self.each():
            self.assertEqual(ask("GET", "/open").status_code, 200)
            self.assertEqual(begun.issuer.asked, [])

    def test_refusals(self) -> None:
        for begun, ask in self.each():
            good = begun.issuer.token(scope="read write")
            response = ask("GET", "/read")
            challenge = self.refused(response, 401)
            self.assertNotIn("error", challenge)
            self.assertNotIn("error", response.json())
            self.assertIn(f'resource_metadata="https://api.example{DOCUMENT}"', challenge)
            self.refused(ask("GET", f"/read?access_token={good}"), 401)
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            self.refused(ask("POST", "/write", form, f"access_token={good}".encode()), 401)
            bad = {"Authorization": begun.issuer.bearer(aud="https://evil.example")}
            response = ask("GET", "/read", bad)
            self.assertIn('"invalid_token"', self.refused(response, 401))
            body = response.json()
            # FastAPI and Starlette say a `detail`, where an exception is raised.
            self.assertEqual(body.get("error", "invalid_token"), "invalid_token")
            said = body.get("error_description") or body.get("detail")
            self.assertEqual(said, "the access token is for another audience")
            little = {"Authorization": begun.issuer.bearer()}
            challenge = self.refused(ask("POST", "/write", little), 403)
            self.assertIn('error="insufficient_scope"', challenge)
            self.assertIn('scope="write"', challenge)
            none = {"Authorization": begun.issuer.bearer(scope="read")}
            self.assertIn('scope="profile email"', self.refused(ask("GET", "/within", none), 403))
            twice = [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {good}")]
            self.refused(ask("GET", "/read", twice), 400)

    def test_the_issuer_is_away(self) -> None:
        for begun, ask in self.each():
            begun.issuer.script["/jwks"] = [httpx.Response(500)]
            response = ask("GET", "/read", {"Authorization": begun.issuer.bearer()})
            self.assertEqual(self.refused(response, 503), "")
            self.assertEqual(response.headers["retry-after"], "1")
            # Why is for the log, not for strangers.
            self.assertNotIn(ISSUER, response.text)

    def test_the_document(self) -> None:
        for begun, ask in self.each(resource=AUDIENCE):
            response = ask("GET", f"{DOCUMENT}/v1", {"Origin": "https://other.example"})
            self.assertEqual(response.headers["access-control-allow-origin"], "*")
            self.assertEqual(response.headers["content-type"], "application/json")
            self.assertEqual(response.json(), begun.server.metadata())
            self.assertEqual(ask("GET", f"{DOCUMENT}/v1?a").json(), response.json())
            head = ask("HEAD", f"{DOCUMENT}/v1")
            self.assertEqual((head.status_code, head.content), (200, b""))
            self.assertEqual(head.headers["content-length"], str(len(response.content)))
        for begun, ask in self.each(resource=f"{AUDIENCE}?a=b"):
            response = ask("GET", f"{DOCUMENT}/v1?a=b")
            self.assertEqual(response.json(), begun.server.metadata())
            self.assertEqual(ask("GET", f"{DOCUMENT}/v1").status_code, 404)

    def test_proofs_and_nonces(self) -> None:
        holder = {"jkt": HOLDER.thumbprint()}
        for begun, ask in self.each(dpop_nonce_secret="a secret of the api, 32 bytes long"):
            token = begun.issuer.token(cnf=holder)
            bound = {"Authorization": f"DPoP {token}"}
            self.assertIn("DPoP ", self.refused(ask("GET", "/read", {**bound}), 401))
            as_bearer = {"Authorization": f"Bearer {token}"}
            self.assertIn("DPoP ", self.refused(ask("GET", "/read", as_bearer), 401))

            def sent(
                url: str = URL, nonce: Optional[str] = None, token: str = token
            ) -> dict[str, str]:
                made = proof(token, key=HOLDER, htu=url, nonce=nonce, ath=sha256(token))
                return {"Authorization": f"DPoP {token}", "DPoP": made}

            response = ask("GET", "/read", sent())
            self.assertIn('"use_dpop_nonce"', self.refused(response, 401))
            nonce = response.headers["dpop-nonce"]
            response = ask("GET", "/read?a=b", sent(nonce=nonce))
            self.assertEqual((response.status_code, response.headers["dpop-nonce"]), (200, nonce))
            # Host is evil.example, and says nothing.
            spoofed = sent("http://evil.example/read", nonce)
            self.assertIn("invalid_dpop_proof", self.refused(ask("GET", "/read", spoofed), 401))
            one, two = sent(nonce=nonce), sent(nonce=nonce)
            twice = [*one.items(), ("DPoP", two["DPoP"])]
            self.assertIn("invalid_dpop_proof", self.refused(ask("GET", "/read", twice), 401))

    def test_checked_twice_a_proof_counts_once(self) -> None:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.requests import Request
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        from jeton_resource_server import starlette as asgi
        from jeton_resource_server import wsgi as wsgi_

        begun = Begun(resource="https://api.example")
        server, other = begun.asynchronous(), begun.asynchronous()

        async def hello(request: Request) -> JSONResponse:
            return JSONResponse(shown(await asgi.Requires(server, scope="profile")(request)))

        def hello_(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [json.dumps(shown(environ[wsgi_.CLAIMS])).encode()]

        def starlettes(*servers: Any) -> Ask:
            middleware = [Middleware(asgi.Protect, server=one, scope="read") for one in servers]
            return by_asgi(Starlette(routes=[Route("/read", hello)], middleware=middleware))

        def wsgis(*servers: Any) -> Ask:
            app: Any = wsgi_.Protect(hello_, begun.server, scope="profile")
            for one in servers:
                app = wsgi_.Protect(app, one, scope="read")
            return by_wsgi(app)

        def sent(scope: str) -> dict[str, str]:
            token = begun.issuer.token(cnf={"jkt": HOLDER.thumbprint()}, scope=scope)
            made = proof(token, key=HOLDER, htu=URL)
            return {"Authorization": f"DPoP {token}", "DPoP": made}

        for ask in (starlettes(server, server), wsgis(begun.server)):
            headers = sent("read profile")
            response = ask("GET", "/read", headers)
            self.assertEqual((response.status_code, response.json()["sub"]), (200, "alice"))
            self.assertEqual(ask("GET", "/read", headers).status_code, 401)
            self.assertEqual(ask("GET", "/read", sent("read")).status_code, 403)
        # What one server has verified is nothing to another, of another audience.
        begun.options["audience"] = "https://other.example"
        strict = wsgi_.Protect(hello_, Begun(**begun.options).server)
        for ask in (
            starlettes(other, begun.asynchronous()),
            by_wsgi(wsgi_.Protect(strict, begun.server)),
        ):
            self.assertEqual(ask("GET", "/read", sent("read profile")).status_code, 401)

    def test_what_kind_of_connection_nobody_knows_gets_nowhere(self) -> None:
        from jeton_resource_server.starlette import Protect

        seen: list[str] = []

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["type"])

        app: Any = Protect(inner, Begun().asynchronous())
        run(app({"type": "lifespan"}, None, None))
        with self.assertRaises(ValueError):
            run(app({"type": "webtransport"}, None, None))
        self.assertEqual(seen, ["lifespan"])

    def test_headers_that_the_application_exposes_itself(self) -> None:
        from jeton_resource_server import starlette as asgi
        from jeton_resource_server import wsgi as wsgi_

        name = "access-control-expose-headers"

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            headers = [(name.encode(), b"X-Total, dpop-nonce"), (name.encode(), b"ETag")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

        def inner_(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [(name, "X-Total, dpop-nonce"), (name, "ETag")])
            return []

        begun = Begun()
        for ask in (
            by_asgi(asgi.Publish(inner, begun.asynchronous())),
            by_wsgi(wsgi_.Publish(inner_, begun.server)),
        ):
            exposed = ask("GET", "/").headers.get_list(name)
            self.assertEqual(exposed, ["X-Total, dpop-nonce, ETag, WWW-Authenticate"])

    def test_a_refusal_of_head_has_no_body(self) -> None:
        from jeton_resource_server import starlette as asgi
        from jeton_resource_server import wsgi as wsgi_

        begun = Begun()
        for ask in (
            by_asgi(asgi.Protect(None, begun.asynchronous())),  # type: ignore[arg-type]
            by_wsgi(wsgi_.Protect(None, begun.server)),  # type: ignore[arg-type]
        ):
            response = ask("HEAD", "/")
            self.assertEqual((response.status_code, response.content), (401, b""))

    def test_a_certificate_from_where_the_proxy_puts_it(self) -> None:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.requests import Request
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        from jeton_resource_server import starlette as asgi
        from jeton_resource_server import wsgi as wsgi_

        async def hello(request: Request) -> JSONResponse:
            return JSONResponse({})

        def hello_(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return []

        def of_request(request: Any) -> Optional[bytes]:
            value = request.headers.get("x-certificate")
            return value.encode() if value else None

        def of_environ(environ: Any) -> Optional[bytes]:
            value = environ.get("HTTP_X_CERTIFICATE")
            return value.encode() if value else None

        begun = Begun()
        protect = Middleware(asgi.Protect, server=begun.asynchronous(), certificate=of_request)
        token = begun.issuer.bearer(cnf={"x5t#S256": sha256("of alice")})
        for ask in (
            by_asgi(Starlette(routes=[Route("/", hello)], middleware=[protect])),
            by_wsgi(wsgi_.Protect(hello_, begun.server, certificate=of_environ)),
        ):
            good = {"Authorization": token, "X-Certificate": "of alice"}
            self.assertEqual(ask("GET", "/", good).status_code, 200)
            self.assertEqual(ask("GET", "/", {"Authorization": token}).status_code, 401)

    def test_a_web_socket_without_a_token_is_closed(self) -> None:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.routing import WebSocketRoute
        from starlette.websockets import WebSocket

        from jeton_resource_server.starlette import Protect, Publish

        begun = Begun()
        server = begun.asynchronous()

        async def hello(socket: WebSocket) -> None:
            await socket.accept()
            await socket.send_text(str(socket.state.claims.sub))
            await socket.close()

        app = Starlette(
            routes=[WebSocketRoute("/", hello)],
            middleware=[Middleware(Publish, server=server), Middleware(Protect, server=server)],
        )

        def events(*headers: tuple[bytes, bytes]) -> list[str]:
            sent: list[str] = []

            async def receive() -> Any:
                return {"type": "websocket.connect"}

            async def send(message: Any) -> None:
                sent.append(message["type"])

            scope = {"type": "websocket", "path": "/", "headers": headers, "subprotocols": []}
            run(app(scope, receive, send))
            return sent

        self.assertEqual(events(), ["websocket.close"])
        token = begun.issuer.bearer().encode()
        self.assertIn("websocket.send", events((b"authorization", token)))

    def test_paths_as_they_were_sent(self) -> None:
        from jeton_resource_server.starlette import _path as of_scope
        from jeton_resource_server.wsgi import _path as of_environ

        self.assertEqual(of_scope({"raw_path": b"/a%2Fb", "path": "/a/b"}), "/a%2Fb")
        self.assertEqual(of_scope({"path": "/ä b"}), "/%C3%A4%20b")
        latin = "/ä b".encode().decode("latin-1")
        self.assertEqual(of_environ({"PATH_INFO": latin, "SCRIPT_NAME": "/app"}), "/app/%C3%A4%20b")
        self.assertEqual(of_environ({"RAW_URI": "/a%2Fb?c", "PATH_INFO": "/a/b"}), "/a%2Fb")
        self.assertEqual(
            of_environ({"REQUEST_URI": "http://evil.example/", "PATH_INFO": "/a"}), "/a"
        )


if __name__ == "__main__":
    unittest.main()
