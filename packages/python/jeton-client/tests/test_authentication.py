"""Who the client says it is, and where it looks for the server."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from support import ISSUER, SECRET, Both, Server, Time, begin, failure, lost, ok, run

from jeton_client import (
    Authentication,
    Client,
    aws,
    client_secret,
    file,
    github_actions,
    none,
    platform_token,
    private_key_jwt,
)

EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
ENVIRONMENT = {
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://actions.example/token?api=2",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of the job",
}


def pem(key: Any) -> bytes:
    encoded: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return encoded


class Secrets(unittest.TestCase):
    def test_by_basic_form_encoded(self) -> None:
        _, server, client = begin(client_id="a client:1")
        client.token()
        (asked,) = server.to()
        name, _, secret = (asked.basic or "").partition(":")
        self.assertEqual((unquote_plus(name), unquote_plus(secret)), ("a client:1", SECRET))
        self.assertNotIn("client_id", asked.form)

    def test_in_the_form_where_there_is_no_basic(self) -> None:
        _, server, client = begin()
        server.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
        client.token()
        (asked,) = server.to()
        self.assertIsNone(asked.basic)
        self.assertEqual(asked.form["client_secret"], SECRET)

    def test_none_by_the_id_alone(self) -> None:
        for authentication in (none(), None):
            _, server, client = begin(authentication=authentication)
            client.token()
            (asked,) = server.to()
            self.assertEqual(asked.form, {"grant_type": "client_credentials", "client_id": "app"})

    def test_shown_without_the_secret(self) -> None:
        _, _, client = begin()
        for shown in (repr(client_secret(SECRET)), repr(private_key_jwt(pem(EC))), repr(client)):
            self.assertNotIn(SECRET, shown)
        self.assertEqual(repr(client), f"Client({ISSUER!r}, 'app')")


class Keys(unittest.TestCase):
    def test_an_assertion_by_each_kind_of_key(self) -> None:
        for key, alg, public in (
            (ECAlgorithm.to_jwk(EC, as_dict=True), "ES256", EC.public_key()),
            (pem(EC), "ES256", EC.public_key()),
            (pem(EC).decode(), "ES256", EC.public_key()),
            (OKPAlgorithm.to_jwk(ED, as_dict=True), "EdDSA", ED.public_key()),
            (json.dumps(RSAAlgorithm.to_jwk(RSA, as_dict=True)), "RS256", RSA.public_key()),
            ({**RSAAlgorithm.to_jwk(RSA, as_dict=True), "alg": "PS256"}, "PS256", RSA.public_key()),
        ):
            time, server, client = begin(authentication=private_key_jwt(key, kid="2026-11"))
            client.token()
            (asked,) = server.to()
            assertion = asked.form["client_assertion"]
            header = jwt.get_unverified_header(assertion)
            self.assertEqual(header["typ"], "client-authentication+jwt")
            self.assertEqual((header["kid"], header["alg"]), ("2026-11", alg))
            claims = jwt.decode(
                assertion,
                public,
                [alg],
                audience=ISSUER,
                options={"verify_exp": False, "verify_iat": False},
            )
            self.assertEqual((claims["iss"], claims["sub"]), ("app", "app"))
            self.assertEqual(claims["aud"], ISSUER)
            self.assertEqual(claims["exp"], int(time.now) + 60)
            self.assertEqual(
                asked.form["client_assertion_type"],
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )

    def test_an_assertion_counts_once(self) -> None:
        _, server, client = begin(authentication=private_key_jwt(pem(EC)))
        server.script["/token"] = [lost(), httpx.Response(500)]
        client.token()
        self.assertEqual(len({asked.form["client_assertion"] for asked in server.to()}), 3)

    def test_what_is_no_key(self) -> None:
        small = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024), as_dict=True)
        public = ECAlgorithm.to_jwk(EC.public_key(), as_dict=True)
        oct_ = {"kty": "oct", "k": "c2VjcmV0LW9mLW91cnM"}
        for key in ("no key", b"\xff", {}, public, small, oct_, "-----BEGIN no key"):
            error = failure(lambda key=key: private_key_jwt(key))  # type: ignore[misc]
            self.assertEqual((error.fault, error.code), ("caller", "invalid_configuration"))
            self.assertNotIn("c2VjcmV0", str(error))


class Platforms(unittest.TestCase):
    def test_a_file_that_is_read_each_time(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "token")
            path.write_text("first.of.all\n")
            time, server, client = begin(authentication=platform_token(file(path)))
            client.token()
            path.write_text("second.of.all\n")
            time.now += 301
            client.token()
            asserted = [asked.form["client_assertion"] for asked in server.to()]
            self.assertEqual(asserted, ["first.of.all", "second.of.all"])

    def test_a_file_that_is_not_there_or_not_a_token(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "token")
            for content in (None, b"", b"\xff\xfe", b"a b", b"x" * 100_000):
                if content is not None:
                    path.write_bytes(content)
                _, server, client = begin(authentication=platform_token(file(path)))
                error = failure(client.token)
                self.assertEqual((error.fault, error.code), ("caller", "credential_unavailable"))
                self.assertEqual(server.count(), 0)

    def test_any_function_also_an_asynchronous_one(self) -> None:
        async def source() -> str:
            return "of.a.platform"

        time = Time()
        server = Server(time)
        client = Both(time, server, authentication=platform_token(source)).asynchronous()
        run(client.token())
        threaded = Both(
            time, server, authentication=platform_token(lambda: "of.a.platform", assertion_type="x")
        ).threaded()
        threaded.token()
        one, two = server.to()
        self.assertEqual(one.form["client_assertion"], two.form["client_assertion"])
        self.assertEqual(two.form["client_assertion_type"], "x")

    def test_what_a_function_raises_is_not_shown(self) -> None:
        def source() -> str:
            raise ValueError(SECRET)

        _, _, client = begin(authentication=platform_token(source))
        error = failure(client.token)
        self.assertEqual(error.code, "credential_unavailable")
        self.assertIn("ValueError", str(error))

    def test_without_a_client_id(self) -> None:
        _, server, client = begin(client_id=None, authentication=platform_token(lambda: "a.b.c"))
        client.token()
        self.assertNotIn("client_id", server.to()[0].form)
        _, _, client = begin(client_id=None)
        self.assertEqual(failure(client.token).code, "invalid_configuration")

    def test_github(self) -> None:
        source = github_actions("https://tokens.example/?a", environment=ENVIRONMENT)
        _, server, client = begin(authentication=platform_token(source))
        server.script["/token"] = [lost(), ok({"value": "of.github.actions"})]
        client.token()
        asked = server.to()
        self.assertEqual(
            asked[1].url,
            "https://actions.example/token?api=2&audience=https%3A%2F%2Ftokens.example%2F%3Fa",
        )
        self.assertEqual(asked[1].headers["authorization"], "Bearer of the job")
        self.assertEqual(asked[2].form["client_assertion"], "of.github.actions")

    def test_github_refuses_or_is_not_there(self) -> None:
        for environment, answer in (
            ({}, None),
            ({**ENVIRONMENT, "ACTIONS_ID_TOKEN_REQUEST_URL": "http://actions.example/"}, None),
            (ENVIRONMENT, httpx.Response(403)),
            (ENVIRONMENT, ok({"value": 7})),
        ):
            source = github_actions(ISSUER, environment=environment)
            _, server, client = begin(authentication=platform_token(source))
            server.script["/token"] = [answer] if answer else []
            error = failure(client.token)
            self.assertEqual((error.fault, error.code), ("caller", "credential_unavailable"))

    def test_aws_by_a_client_of_its_sts(self) -> None:
        class Sts:
            def get_web_identity_token(self, **asked: Any) -> dict[str, str]:
                self.asked = asked
                return {"WebIdentityToken": "of.a.ws"}

        sts = Sts()
        _, server, client = begin(authentication=platform_token(aws(ISSUER, client=sts)))
        client.token()
        self.assertEqual(server.to()[0].form["client_assertion"], "of.a.ws")
        self.assertEqual(sts.asked["Audience"], [ISSUER])


class Discovery(unittest.TestCase):
    def found(self, issuer: str, places: dict[str, Any]) -> tuple[list[str], Client]:
        asked: list[str] = []

        def handle(request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            answer = places.get(request.url.path, httpx.Response(404))
            if isinstance(answer, Exception):
                raise answer
            found: httpx.Response = ok(answer) if isinstance(answer, dict) else answer
            return found

        http = httpx.Client(transport=httpx.MockTransport(handle))
        time = Time()
        return asked, Client(issuer, "app", http=http, clock=time.clock, sleep=time.sleep)

    def test_inserted_first_then_appended(self) -> None:
        issuer = f"{ISSUER}/tenant"
        places = {"/tenant/.well-known/openid-configuration": {"issuer": issuer}}
        asked, client = self.found(issuer, places)
        self.assertEqual(failure(client.token).code, "invalid_metadata")
        self.assertEqual(
            asked,
            [
                f"{ISSUER}/.well-known/oauth-authorization-server/tenant",
                f"{ISSUER}/tenant/.well-known/openid-configuration",
            ],
        )

    def test_what_is_not_metadata(self) -> None:
        place = "/.well-known/oauth-authorization-server"
        endpoint = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
        for answer, code in (
            (httpx.Response(404), "no_metadata"),
            (httpx.Response(302, headers={"location": "https://other.example/"}), "no_metadata"),
            (httpx.Response(500), "server_error"),
            (httpx.Response(200, text="<html>"), "invalid_metadata"),
            (httpx.Response(200, json=[]), "invalid_metadata"),
            (httpx.Response(200, content=b" " * 300_000), "invalid_metadata"),
            (lost(), "unreachable"),
            ({"issuer": f"{ISSUER}/"}, "issuer_mismatch"),
            ({"token_endpoint": f"{ISSUER}/token"}, "issuer_mismatch"),
            ({**endpoint, "token_endpoint": "http://tokens.example/token"}, "invalid_metadata"),
            ({**endpoint, "token_endpoint": "https://a:b@tokens.example/"}, "invalid_metadata"),
            ({**endpoint, "token_endpoint": 7}, "invalid_metadata"),
            ({**endpoint, "revocation_endpoint": "http://elsewhere.example/"}, "invalid_metadata"),
        ):
            _, client = self.found(ISSUER, {place: answer})
            self.assertEqual(failure(client.token).code, code, answer)

    def test_issuers(self) -> None:
        for issuer in (
            "http://tokens.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "ftp://tokens.example",
            "tokens.example",
            "https://",
            "https://tokens.example?a=b",
            "https://tokens.example#a",
            "https://a:b@tokens.example",
            "https://tokens.example/\n",
            "https://tokens.example:port",
        ):
            error = failure(lambda issuer=issuer: Client(issuer, "app"))  # type: ignore[misc]
            self.assertEqual((error.fault, error.code), ("caller", "invalid_issuer"), issuer)
        for issuer in (
            "https://tokens.example/a",
            "http://localhost:1",
            "http://127.9.9.9",
            "http://[::1]",
        ):
            Client(issuer, "app")

    def test_kept_for_an_hour_and_longer_while_there_is_no_other(self) -> None:
        time, server, client = begin()
        place = "/.well-known/oauth-authorization-server"
        client.token()
        time.now += 3500
        client.token("again")
        self.assertEqual(server.count(place), 1)
        time.now += 200
        server.script[place] = [lost()] * 3
        client.token("once more")
        self.assertEqual(server.count(place), 4)

    def test_given(self) -> None:
        metadata = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
        _, server, client = begin(metadata=metadata)
        client.token()
        self.assertEqual([asked.path for asked in server.asked], ["/token"])
        error = failure(lambda: begin(metadata={**metadata, "issuer": "https://other.example"}))
        self.assertEqual(error.code, "issuer_mismatch")


class Defaults(unittest.TestCase):
    def test_an_authentication_is_made_by_a_function(self) -> None:
        self.assertIsInstance(none(), Authentication)

    def test_nobody_listens(self) -> None:
        metadata = {"issuer": "http://127.0.0.1:9", "token_endpoint": "http://127.0.0.1:9/token"}
        time = Time()
        with Client("http://127.0.0.1:9", "app", metadata=metadata, sleep=time.sleep) as client:
            error = failure(client.token)
        self.assertEqual((error.fault, error.code), ("network", "unreachable"))
        self.assertIn("http://127.0.0.1:9/token", str(error))


if __name__ == "__main__":
    unittest.main()
