"""Tokens that only their issuer can read: RFC 7662."""

from __future__ import annotations

import asyncio
import json
import unittest
from base64 import b64decode
from typing import Any
from urllib.parse import unquote_plus

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support import AUDIENCE, ISSUER, NOW, Begun, Key, refusal, run

from jeton_resource_server import Introspection, client_secret, private_key_jwt

SECRET = "a secret & more"
PATH = "/introspect"


def begun(authentication: Any = None) -> Begun:
    return Begun(introspection=Introspection("api:1", authentication or client_secret(SECRET)))


class Asked(unittest.TestCase):
    def test_without_it_an_opaque_token_is_none(self) -> None:
        self.assertEqual(Begun().refused("Bearer opaque").code, "malformed")

    def test_by_a_secret(self) -> None:
        one = begun()
        token = one.issuer.introspected(tenant="blue")
        claims = one.server.verify(f"Bearer {token}")
        self.assertEqual((claims.sub, claims.scope), ("alice", {"read", "profile"}))
        self.assertEqual(claims.rest, {"tenant": "blue"})
        asked = one.issuer.asked[-1]
        self.assertEqual(one.issuer.form(asked)["token"], token)
        basic = b64decode(asked.headers["authorization"].partition(" ")[2]).decode()
        self.assertEqual([unquote_plus(part) for part in basic.split(":")], ["api:1", SECRET])

    def test_by_a_key_each_time_by_another_assertion(self) -> None:
        key = Key(kid="of the api")
        pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        whole = {**key.jwk, "kid": key.kid}
        for given in (whole, json.dumps(whole), pem, pem.decode()):
            one = begun(private_key_jwt(given, kid=key.kid))
            for _ in range(2):
                one.server.verify(f"Bearer {one.issuer.introspected()}")
            forms = [one.issuer.form(asked) for asked in one.issuer.asked if asked.url.path == PATH]
            assertions = [form["client_assertion"] for form in forms]
            self.assertEqual(len(set(assertions)), 2)
            self.assertEqual(forms[0]["client_id"], "api:1")
            header = jwt.get_unverified_header(assertions[0])
            self.assertEqual(
                (header["typ"], header["kid"]), ("client-authentication+jwt", "of the api")
            )
            claims = jwt.decode(
                assertions[0],
                key.private.public_key(),
                ["ES256"],
                {"verify_exp": False, "verify_iat": False},
                audience=ISSUER,
            )
            self.assertEqual((claims["iss"], claims["sub"]), ("api:1", "api:1"))
            self.assertEqual((claims["aud"], claims["exp"]), (ISSUER, NOW + 60))

    def test_what_is_no_key(self) -> None:
        for key in ("none", {}, Key().public, {"kty": "oct", "k": "ZXZpbA"}, b"\xff"):
            error = refusal(lambda key=key: private_key_jwt(key))  # type: ignore[misc]
            self.assertEqual(error.code, "invalid_configuration")
        self.assertNotIn(SECRET, repr(Introspection("a", client_secret(SECRET))))

    def test_a_jwt_is_not_asked_about(self) -> None:
        one = begun()
        one.server.verify(one.issuer.bearer())
        self.assertEqual(one.refused("Bearer of.no.body").code, "malformed")
        self.assertEqual(one.issuer.count(PATH), 0)

    def test_for_half_a_minute_and_never_past_exp(self) -> None:
        one = begun()
        token = f"Bearer {one.issuer.introspected()}"
        for seconds, count in ((0, 1), (29, 1), (2, 2)):
            one.time.now += seconds
            one.server.verify(token)
            self.assertEqual(one.issuer.count(PATH), count)
        short = f"Bearer {one.issuer.introspected(exp=int(one.time.now) + 5)}"
        one.server.verify(short)
        one.time.now += 6
        one.server.verify(short)
        self.assertEqual(one.issuer.count(PATH), 4)
        one.time.now += 10
        self.assertEqual(one.refused(short).code, "expired")

    def test_inactive_for_ten_seconds(self) -> None:
        one = begun()
        for _ in range(2):
            error = one.refused("Bearer opaque-of-nobody")
            self.assertEqual((error.fault, error.code, error.status), ("token", "inactive", 401))
        self.assertEqual(one.issuer.count(PATH), 1)
        one.issuer.opaque["opaque-of-nobody"] = {"active": True, **one.issuer.claims()}
        one.time.now += 11
        one.server.verify("Bearer opaque-of-nobody")

    def test_many_with_one_token_one_request(self) -> None:
        one = begun()
        server = one.asynchronous()
        token = f"Bearer {one.issuer.introspected()}"

        async def go() -> None:
            await asyncio.gather(*(server.verify(token) for _ in range(200)))

        run(go())
        self.assertEqual(one.issuer.count(PATH), 1)

    def test_so_many_are_kept(self) -> None:
        one = begun()
        introspector = one.server._core._introspector
        assert introspector is not None
        introspector._slots._most = 3
        for number in range(9):
            one.refused(f"Bearer opaque-{number}")
        self.assertEqual(len(introspector._slots._slots), 3)
        # Nor is a token among what is kept.
        self.assertNotIn("opaque", repr(introspector._slots._slots.keys()))


class Answers(unittest.TestCase):
    def test_what_it_says(self) -> None:
        for claims, code in (
            ({"iss": "https://evil.example"}, "wrong_issuer"),
            ({"aud": "https://evil.example"}, "wrong_audience"),
            ({"aud": None}, "wrong_audience"),
            ({"exp": NOW - 60}, "expired"),
            ({"nbf": NOW + 60}, "not_yet_valid"),
            ({"token_type": "refresh_token"}, "wrong_type"),
            ({"token_type": ["Bearer"]}, "wrong_type"),
            ({"cnf": {"jkt": "a"}}, "bound_token"),
        ):
            one = begun()
            error = one.refused(f"Bearer {one.issuer.introspected(**claims)}")
            self.assertEqual((error.fault, error.code), ("token", code), claims)
        one = begun()
        for kind in ("Bearer", "bearer"):
            one.server.verify(f"Bearer {one.issuer.introspected(token_type=kind)}")
        found = one.server.verify(f"Bearer {one.issuer.introspected(iss=None, exp=None)}")
        self.assertEqual((found.iss, found.exp), (ISSUER, None))

    def test_what_is_no_answer_is_503_and_forgotten(self) -> None:
        for answer, fault in (
            (httpx.ReadError("broken"), "network"),
            (httpx.ReadTimeout("late"), "network"),
            (httpx.Response(500), "server"),
            (httpx.Response(401), "caller"),
            (httpx.Response(200, text="<html>"), "server"),
            (httpx.Response(200, json=[]), "server"),
            (httpx.Response(200, json={"sub": "mallory"}), "server"),
            (httpx.Response(200, json={"active": "true"}), "server"),
            (httpx.Response(200, json={"active": 1}), "server"),
            (httpx.Response(200, content=b" " * 300_000), "server"),
            (httpx.Response(200, json={"active": True, "aud": AUDIENCE, "exp": "soon"}), "server"),
            (httpx.Response(200, json={"active": True, "aud": {}}), "server"),
            (httpx.Response(200, json={"active": True, "aud": AUDIENCE, "cnf": 7}), "server"),
            (httpx.Response(302, headers={"location": "https://evil.example"}), "server"),
        ):
            one = begun()
            token = f"Bearer {one.issuer.introspected()}"
            one.issuer.script[PATH] = [answer] * 2
            error = one.refused(token)
            self.assertEqual((error.fault, error.code), (fault, "introspection_unavailable"))
            self.assertEqual((error.status, error.headers["Retry-After"]), (503, "1"))
            one.issuer.script.clear()
            one.time.now += 1 if fault == "network" else 0
            self.assertEqual(one.server.verify(token).sub, "alice")

    def test_an_issuer_that_is_away_is_asked_once_a_second(self) -> None:
        one = begun()
        known, token = (f"Bearer {one.issuer.introspected()}" for _ in range(2))
        one.server.verify(known)
        one.issuer.script[PATH] = [httpx.ConnectTimeout("late")]
        for number in range(50):
            error = one.refused(token if number % 2 else f"Bearer opaque-{number}")
            self.assertEqual((error.fault, error.code), ("network", "introspection_unavailable"))
        self.assertEqual(one.issuer.count(PATH), 2)
        # What is known needs no asking.
        one.server.verify(known)
        one.time.now += 1
        one.server.verify(token)

    def test_an_issuer_that_asks_for_patience_is_left_alone(self) -> None:
        for said, seconds in (
            ("7", 7),
            ("3600", 30),
            ("0", 1),
            ("Fri, 15 Jan 2027 08:00:20 GMT", 20),
            ("soon", 0),
        ):
            for status in (429, 503):
                one = begun()
                token = f"Bearer {one.issuer.introspected()}"
                headers = {"retry-after": said}
                one.issuer.script[PATH] = [httpx.Response(status, headers=headers)]
                error = one.refused("Bearer opaque")
                self.assertEqual(error.headers["Retry-After"], str(seconds or 1), said)
                if seconds > 1:
                    one.time.now += 1
                    error = one.refused(token)
                    self.assertEqual(error.headers["Retry-After"], str(seconds - 1))
                    self.assertEqual(one.issuer.count(PATH), 1)
                    one.time.now += seconds - 1
                elif seconds:
                    one.time.now += 1
                one.server.verify(token)

    def test_each_request_has_claims_of_its_own(self) -> None:
        one = begun()
        token = f"Bearer {one.issuer.introspected(roles=['reader'], cnf=None)}"
        one.server.verify(token).rest["roles"].append("admin")
        self.assertEqual(one.server.verify(token).rest["roles"], ["reader"])
        self.assertEqual(one.issuer.count(PATH), 1)

    def test_in_the_form_where_the_issuer_wants_that(self) -> None:
        post, basic = ["client_secret_post"], ["client_secret_post", "client_secret_basic"]
        for metadata, in_form in (
            ({"introspection_endpoint_auth_methods_supported": post}, True),
            ({"token_endpoint_auth_methods_supported": post}, True),
            ({"introspection_endpoint_auth_methods_supported": basic}, False),
            (
                {
                    "introspection_endpoint_auth_methods_supported": basic,
                    "token_endpoint_auth_methods_supported": post,
                },
                False,
            ),
        ):
            one = begun()
            one.issuer.metadata.update(metadata)  # type: ignore[arg-type]
            one.server.verify(f"Bearer {one.issuer.introspected()}")
            asked = one.issuer.asked[-1]
            sent = (
                one.issuer.form(asked).get("client_id"),
                one.issuer.form(asked).get("client_secret"),
            )
            self.assertEqual(sent, ("api:1", SECRET) if in_form else (None, None))
            self.assertEqual("authorization" in asked.headers, not in_form)

    def test_a_connection_that_was_closed_is_tried_again(self) -> None:
        one = begun()
        token = f"Bearer {one.issuer.introspected()}"
        one.issuer.script[PATH] = [httpx.RemoteProtocolError("disconnected")]
        one.server.verify(token)


if __name__ == "__main__":
    unittest.main()
