"""Tokens in the requests to an API, and proofs with them."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Optional

import httpx
import jwt
import requests
from support import (
    API,
    Both,
    Server,
    Time,
    begin,
    claims_of,
    failure,
    refused,
    run,
)

from jeton_client import Client, ClientError, dpop_key
from jeton_client._jose import encode


def unauthorized() -> httpx.Response:
    return httpx.Response(401, headers={"www-authenticate": 'Bearer error="invalid_token"'})


class OneTry(httpx.BaseTransport):
    """Takes the body as a socket does, and wants another token."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for _ in request.stream:  # type: ignore[union-attr]
            pass
        return unauthorized()


class Api:
    """An API that answers what a test says, else with what it got."""

    def __init__(self, *script: Any) -> None:
        self.script = [*script]
        self.asked: list[httpx.Request] = []

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        # As it was when it came.
        self.asked.append(
            httpx.Request(request.method, request.url, headers=request.headers.copy())
        )
        if self.script:
            answer: httpx.Response = self.script.pop(0)
            return answer
        return httpx.Response(200, content=request.read())

    def tokens(self) -> list[Optional[str]]:
        return [request.headers.get("authorization") for request in self.asked]


def calls(api: Api, client: Client) -> httpx.Client:
    return httpx.Client(auth=client.auth("read"), transport=api.transport(), follow_redirects=True)


class Httpx(unittest.TestCase):
    def test_the_token_is_sent_and_asked_for_once(self) -> None:
        _, server, client = begin()
        api = Api()
        with calls(api, client) as http:
            self.assertEqual(http.post(API, content=b"x=1").content, b"x=1")
            http.get(API)
        self.assertEqual(api.tokens(), ["Bearer access-token-1"] * 2)
        self.assertEqual(server.count(), 1)
        self.assertEqual(server.to()[0].form["scope"], "read")

    def test_401_another_token_and_once_more(self) -> None:
        time, server, client = begin()
        api = Api(unauthorized())
        with calls(api, client) as http:
            self.assertEqual(http.post(API, content=b"x=1").content, b"x=1")
        self.assertEqual(api.tokens(), ["Bearer access-token-1", "Bearer access-token-2"])
        time.now += 11
        api = Api(unauthorized(), unauthorized())
        with calls(api, client) as http:
            self.assertEqual(http.get(API).status_code, 401)
        self.assertEqual(len(api.asked), 2)
        self.assertEqual(server.count(), 3)

    def test_an_api_that_refuses_every_token_has_one_replaced_in_ten_seconds(self) -> None:
        time, server, client = begin()
        api = Api(*[unauthorized() for _ in range(60)])
        with calls(api, client) as http:
            for _ in range(20):
                self.assertEqual(http.get(API).status_code, 401)
            self.assertEqual(server.count(), 2)
            time.now += 10
            self.assertEqual(http.get(API).status_code, 401)
        self.assertEqual(server.count(), 3)

    def test_a_stream_is_sent_once(self) -> None:
        def chunks() -> Iterator[bytes]:
            yield b"x=1"

        _, server, client = begin()
        with httpx.Client(auth=client.auth(), transport=OneTry()) as http:
            self.assertEqual(http.post(API, content=chunks()).status_code, 401)
        self.assertEqual(client.token().access_token, "access-token-2")
        self.assertEqual(server.count(), 2)

    def test_never_on_a_redirect_to_another_origin(self) -> None:
        _, server, client = begin()
        api = Api(
            httpx.Response(307, headers={"location": "https://other.example/"}), unauthorized()
        )
        with calls(api, client) as http:
            self.assertEqual(http.get(API).status_code, 401)
        self.assertEqual(api.tokens(), ["Bearer access-token-1", None])
        # What another origin says of it is nothing to the token.
        self.assertEqual(client.token("read").access_token, "access-token-1")
        self.assertEqual(server.count(), 1)

    def test_no_token_no_request(self) -> None:
        _, server, client = begin()
        server.script["/token"] = [refused("invalid_client", 401)]
        api = Api()
        with calls(api, client) as http, self.assertRaises(ClientError):
            http.get(API)
        self.assertEqual(api.asked, [])

    def test_asynchronous(self) -> None:
        async def go() -> None:
            time = Time()
            server = Server(time)
            client = Both(time, server).asynchronous()
            api = Api(unauthorized())
            async with httpx.AsyncClient(auth=client.auth(), transport=api.transport()) as http:
                answers = await asyncio.gather(*(http.get(API) for _ in range(20)))
            self.assertEqual({answer.status_code for answer in answers}, {200})
            self.assertEqual(server.count(), 2)

        run(go())

    def test_the_client_of_the_other_kind_is_said_to_be_wrong(self) -> None:
        time = Time()
        both = Both(time, Server(time))
        with httpx.Client(auth=both.asynchronous().auth()) as http, self.assertRaises(RuntimeError):
            http.get(API)

        async def go() -> None:
            async with httpx.AsyncClient(auth=both.threaded().auth()) as http:
                with self.assertRaises(RuntimeError):
                    await http.get(API)

        run(go())


class Dpop(unittest.TestCase):
    def bound(self, **options: Any) -> tuple[Time, Server, Client]:
        time, server, client = begin(dpop=dpop_key(), **options)
        server.token_type = "DPoP"
        return time, server, client

    def test_a_proof_for_the_token_endpoint(self) -> None:
        time, server, client = self.bound()
        self.assertEqual(client.token().token_type, "DPoP")
        (asked,) = server.to()
        header = jwt.get_unverified_header(asked.headers["dpop"])
        self.assertEqual((header["typ"], header["alg"]), ("dpop+jwt", "ES256"))
        self.assertEqual(set(header["jwk"]), {"kty", "crv", "x", "y"})
        key = jwt.PyJWK(header["jwk"]).key
        jwt.decode(asked.headers["dpop"], key, ["ES256"], {"verify_iat": False})
        proof = asked.proof
        self.assertEqual((proof["htm"], proof["htu"]), ("POST", f"{server.issuer}/token"))
        self.assertEqual(proof["iat"], int(time.now))
        self.assertNotIn("ath", proof)

    def test_the_servers_nonce_once_more_and_from_then_on(self) -> None:
        time, server, client = self.bound()
        server.script["/token"] = [refused("use_dpop_nonce", 400, "", **{"DPoP-Nonce": "n-1"})]
        client.token()
        nonces = [asked.proof.get("nonce") for asked in server.to()]
        self.assertEqual(nonces, [None, "n-1"])
        self.assertEqual(len({asked.proof["jti"] for asked in server.to()}), 2)
        time.now += 301
        client.token()
        self.assertEqual(server.to()[2].proof["nonce"], "n-1")

    def test_a_server_that_wants_another_nonce_each_time(self) -> None:
        _, server, client = self.bound()
        server.script["/token"] = [
            refused("use_dpop_nonce", 400, "", **{"DPoP-Nonce": f"n-{one}"}) for one in range(9)
        ]
        error = failure(client.token)
        self.assertEqual((error.fault, error.code), ("server", "invalid_response"))
        self.assertEqual(server.count(), 2)

    def test_a_token_that_the_server_did_not_bind_is_a_bearer_token(self) -> None:
        _, server, client = self.bound()
        server.token_type = "Bearer"
        api = Api()
        with calls(api, client) as http:
            http.get(API)
        self.assertEqual(api.tokens(), ["Bearer access-token-1"])
        self.assertNotIn("dpop", api.asked[0].headers)

    def test_a_proof_for_each_request_to_the_api(self) -> None:
        _, _, client = self.bound()
        api = Api()
        with calls(api, client) as http:
            http.post(f"{API}/a?b=c", content=b"x")
            http.get(API)
        self.assertEqual(api.tokens()[0], "DPoP access-token-1")
        one, two = (claims_of(request.headers["dpop"]) for request in api.asked)
        self.assertEqual((one["htm"], one["htu"]), ("POST", f"{API}/a"))
        self.assertEqual(two["htu"], f"{API}/")
        self.assertEqual(one["ath"], encode(hashlib.sha256(b"access-token-1").digest()))
        self.assertNotEqual(one["jti"], two["jti"])

    def test_the_apis_nonce_is_its_own_and_needs_no_other_token(self) -> None:
        _, server, client = self.bound()
        wanted = {"dpop-nonce": "of the-api", "www-authenticate": 'DPoP error="use_dpop_nonce"'}
        bad = Api(httpx.Response(401, headers=wanted), httpx.Response(401, headers=wanted))
        with calls(bad, client) as http:
            # What is no nonce is not sent back.
            self.assertEqual(http.get(API).status_code, 401)
        self.assertNotIn("nonce", claims_of(bad.asked[1].headers["dpop"]))
        wanted["dpop-nonce"] = "of-the-api"
        client.token("read")
        given = server.given
        api = Api(
            httpx.Response(401, headers=wanted), httpx.Response(200, headers={"dpop-nonce": "n-2"})
        )
        with calls(api, client) as http:
            self.assertEqual(http.get(API).status_code, 200)
            http.get(API)
            http.get("https://other.example")
        nonces = [claims_of(request.headers["dpop"]).get("nonce") for request in api.asked]
        self.assertEqual(nonces, [None, "of-the-api", "n-2", None])
        self.assertEqual(server.given, given)

    def test_nonces_of_so_many_origins(self) -> None:
        from jeton_client._server import Nonces

        nonces = Nonces(most=3)
        for number in range(9):
            nonces.note(f"https://{number}.example/a", f"nonce-{number}")
        self.assertEqual(len(nonces._nonces), 3)
        self.assertEqual(nonces.of("https://8.EXAMPLE:443/b"), "nonce-8")


@contextmanager
def listening(handle: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            handle(self)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answer(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> None:
    length = int(handler.headers.get("content-length", 0))
    body = handler.rfile.read(length)
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class OverTheNetwork(unittest.TestCase):
    """What httpx and requests do with redirects, and requests at all, shows on a socket only."""

    def setUp(self) -> None:
        self.seen: list[tuple[str, Optional[str], Optional[str]]] = []
        self.refuse: set[str] = set()
        self.elsewhere = ""

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        token, proof = handler.headers.get("authorization"), handler.headers.get("dpop")
        self.seen.append((handler.path, token, proof))
        if handler.path == "/away" or handler.path == "/later-away" and token not in self.refuse:
            answer(handler, 307, Location=self.elsewhere)
        elif handler.path == "/near":
            answer(handler, 307, Location="/here")
        elif token in self.refuse:
            answer(handler, 401, WWW_Authenticate='Bearer error="invalid_token"')
        elif handler.path == "/here" and token and token.startswith("DPoP"):
            good = proof is not None and claims_of(proof)["htu"].endswith("/here")
            answer(handler, 200 if good else 401)
        else:
            answer(handler, 200)

    def each(self, client: Client) -> Iterator[Callable[..., Any]]:
        def by_httpx(method: str, url: str, content: Optional[bytes] = None) -> Any:
            with httpx.Client(auth=client.auth(), follow_redirects=True, trust_env=False) as http:
                return http.request(method, url, content=content)

        def by_requests(method: str, url: str, content: Optional[bytes] = None) -> Any:
            with requests.Session() as session:
                session.trust_env = False
                return session.request(
                    method, url, data=content, auth=client.requests_auth(), timeout=10
                )

        yield by_httpx
        yield by_requests

    def test_401_another_token_and_once_more(self) -> None:
        with listening(self.handle) as origin:
            time, server, client = begin()
            for call in self.each(client):
                time.now += 11
                self.refuse = {f"Bearer {client.token().access_token}"}
                self.seen.clear()
                response = call("POST", f"{origin}/a", b"x=1")
                self.assertEqual((response.status_code, response.content), (200, b"x=1"))
                self.assertEqual(len(self.seen), 2)
            self.assertEqual(server.count(), 3)

    def test_401_again_is_the_answer(self) -> None:
        with listening(self.handle) as origin:
            time, _, client = begin()
            for call in self.each(client):
                time.now += 11
                self.refuse = {f"Bearer access-token-{number}" for number in range(9)}
                self.seen.clear()
                self.assertEqual(call("GET", f"{origin}/a").status_code, 401)
                self.assertEqual(len(self.seen), 2)

    def test_a_redirect_to_another_origin_has_neither_token_nor_proof(self) -> None:
        with listening(self.handle) as origin, listening(self.handle) as other:
            _, server, client = begin(dpop=dpop_key())
            server.token_type = "DPoP"
            self.elsewhere = f"{other}/there"
            for call in self.each(client):
                self.seen.clear()
                self.assertEqual(call("GET", f"{origin}/away").status_code, 200)
                (first, token, proof), (second, *neither) = self.seen
                self.assertEqual((first, second), ("/away", "/there"))
                self.assertTrue(token and proof)
                self.assertEqual(neither, [None, None])

    def test_a_redirect_after_a_401_has_neither_as_well(self) -> None:
        with listening(self.handle) as origin, listening(self.handle) as other:
            time, server, client = begin(dpop=dpop_key())
            server.token_type = "DPoP"
            self.elsewhere = f"{other}/there"
            for call in self.each(client):
                time.now += 11
                self.refuse = {f"DPoP {client.token().access_token}"}
                self.seen.clear()
                self.assertEqual(call("GET", f"{origin}/later-away").status_code, 200)
                self.assertEqual([path for path, *_ in self.seen], ["/later-away"] * 2 + ["/there"])
                self.assertEqual(self.seen[2][1:], (None, None))

    def test_a_redirect_within_the_origin_gets_a_proof_of_its_own(self) -> None:
        with listening(self.handle) as origin:
            _, server, client = begin(dpop=dpop_key())
            server.token_type = "DPoP"
            for call in self.each(client):
                self.assertEqual(call("GET", f"{origin}/near").status_code, 200)
            # What was wrong there was the proof.
            self.assertEqual(server.count(), 1)

    def test_a_session_of_requests_with_many_threads(self) -> None:
        with listening(self.handle) as origin:
            _, server, client = begin()
            session = requests.Session()
            session.trust_env = False
            session.auth = client.requests_auth()
            for _ in range(3):
                self.assertEqual(session.get(f"{origin}/a", timeout=10).status_code, 200)
            self.assertEqual(server.count(), 1)


if __name__ == "__main__":
    unittest.main()
