"""Access tokens that are JWTs: RFC 9068, and what RFC 8725 warns of."""

from __future__ import annotations

import hashlib
import hmac
import unittest
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support import AUDIENCE, ISSUER, NOW, Begun, Key, encode, refusal, run

from jeton_resource_server import Claims, ResourceServer

ES384, RS256, PS256, EDDSA = (Key(alg, alg) for alg in ("ES384", "RS256", "PS256", "EdDSA"))


class Good(unittest.TestCase):
    def test_its_claims(self) -> None:
        begun = Begun()
        claims = begun.server.verify(
            begun.issuer.bearer(auth_time=17, acr="gold", tenant={"name": "blue"}, jti="j", nbf=7)
        )
        self.assertEqual(
            claims,
            Claims(
                iss=ISSUER,
                sub="alice",
                aud=(AUDIENCE,),
                exp=NOW + 300,
                iat=NOW,
                jti="j",
                client_id="app",
                scope=frozenset({"read", "profile"}),
                auth_time=17,
                acr="gold",
                cnf=None,
                rest={"tenant": {"name": "blue"}, "nbf": 7},
            ),
        )

    def test_asynchronous(self) -> None:
        begun = Begun()
        server = begun.asynchronous()

        async def go() -> Claims:
            async with server:
                return await server.verify(begun.issuer.bearer())

        self.assertEqual(run(go()).sub, "alice")

    def test_by_each_algorithm_on_the_list(self) -> None:
        for key in (RS256, PS256, EDDSA):
            begun = Begun()
            begun.issuer.keys = [ES384.public, key.public]
            self.assertEqual(begun.server.verify(begun.issuer.bearer(key=key)).sub, "alice")
        begun = Begun(algorithms=["ES384"])
        begun.issuer.keys = [ES384.public]
        self.assertEqual(begun.server.verify(begun.issuer.bearer(key=ES384)).sub, "alice")

    def test_eddsa_by_its_other_name(self) -> None:
        begun = Begun()
        begun.issuer.keys = [{**EDDSA.public, "alg": "Ed25519"}]
        token = begun.issuer.bearer({"alg": "Ed25519"}, EDDSA)
        self.assertEqual(begun.server.verify(token).sub, "alice")

    def test_what_may_be_written_in_more_than_one_way(self) -> None:
        begun = Begun(audience=[AUDIENCE, "urn:example:api"])
        for header, claims in (
            ({"typ": "application/at+jwt"}, {}),
            ({"typ": "AT+JWT"}, {}),
            ({}, {"aud": ["https://other.example", AUDIENCE]}),
            ({}, {"aud": "urn:example:api"}),
            ({}, {"scope": None}),
            ({}, {"jti": "\ud800", "sub": "alice"}),
            ({}, {"exp": NOW - 9}),
            ({}, {"nbf": NOW + 9, "iat": NOW + 9}),
            ({}, {"exp": NOW + 300.5}),
            ({"jku": "https://evil.example"}, {}),
        ):
            token = begun.issuer.token(header, **claims)
            for scheme in ("Bearer", "bearer", "BEARER", "Bearer  "):
                self.assertEqual(begun.server.verify(f"{scheme} {token}").sub, "alice")
        self.assertEqual(begun.issuer.count(), 1)


class Refused(unittest.TestCase):
    def check(self, code: str, begun: Begun, authorization: Any, fault: str = "token") -> Any:
        error = begun.refused(authorization)
        self.assertEqual((error.fault, error.code), (fault, code), str(error))
        return error

    def test_claims(self) -> None:
        begun = Begun()
        for claims, code in (
            ({"iss": "https://evil.example"}, "wrong_issuer"),
            ({"iss": f"{ISSUER}/"}, "wrong_issuer"),
            ({"iss": None}, "wrong_issuer"),
            ({"iss": [ISSUER]}, "wrong_issuer"),
            ({"aud": "https://evil.example"}, "wrong_audience"),
            ({"aud": f"{AUDIENCE}/more"}, "wrong_audience"),
            ({"aud": []}, "wrong_audience"),
            ({"aud": None}, "wrong_audience"),
            ({"aud": [7]}, "malformed"),
            ({"aud": {AUDIENCE: 1}}, "malformed"),
            ({"exp": NOW - 10}, "expired"),
            ({"exp": None}, "malformed"),
            ({"exp": str(NOW + 300)}, "malformed"),
            ({"exp": True}, "malformed"),
            ({"exp": 1e300}, "malformed"),
            ({"exp": 10**400}, "malformed"),
            ({"nbf": -(10**400)}, "malformed"),
            ({"nbf": NOW + 11}, "not_yet_valid"),
            ({"nbf": "now"}, "malformed"),
            ({"iat": NOW + 11}, "not_yet_valid"),
            ({"sub": ["alice"]}, "malformed"),
            ({"scope": ["read"]}, "malformed"),
            ({"client_id": 7}, "malformed"),
            ({"auth_time": "now"}, "malformed"),
        ):
            self.check(code, begun, begun.issuer.bearer(**claims))
        error = begun.refused(begun.issuer.bearer(exp=NOW - 3600))
        self.assertIn("3600 s ago: is a clock off?", str(error))
        self.assertIn("7200 s", str(begun.refused(begun.issuer.bearer(nbf=NOW + 7200))))

    def test_leeway(self) -> None:
        begun = Begun(leeway=60)
        begun.server.verify(begun.issuer.bearer(exp=NOW - 59))
        begun = Begun(leeway=0)
        self.check("expired", begun, begun.issuer.bearer(exp=NOW))

    def test_headers(self) -> None:
        begun = Begun()
        for header, code in (
            ({"typ": "JWT"}, "wrong_type"),
            ({"typ": None}, "wrong_type"),
            ({"typ": "dpop+jwt"}, "wrong_type"),
            ({"typ": ["at+jwt"]}, "wrong_type"),
            ({"alg": "ES384"}, "wrong_algorithm"),
            ({"alg": "HS256"}, "wrong_algorithm"),
            ({"alg": None}, "wrong_algorithm"),
            ({"alg": ["ES256"]}, "wrong_algorithm"),
            ({"alg": "none"}, "unsigned"),
            ({"alg": "nOnE"}, "unsigned"),
            ({"crit": ["b64"], "b64": False}, "malformed"),
            ({"crit": []}, "malformed"),
            ({"kid": 7}, "malformed"),
            ({"kid": "evil"}, "unknown_key"),
        ):
            self.check(code, begun, begun.issuer.bearer(header))

    def test_signatures(self) -> None:
        begun = Begun()
        token = begun.issuer.token()
        signed, _, signature = token.rpartition(".")
        self.check("unsigned", begun, f"Bearer {encode({'alg': 'none', 'typ': 'at+jwt'})}.e30.")
        for other in (signature[:-8], "", "AAAA", signature[:-8] + "AAAAAAAA", "A" * 2000):
            self.check("bad_signature", begun, f"Bearer {signed}.{other}")
        self.check("bad_signature", begun, begun.issuer.bearer({"kid": "one"}, Key()))
        header, _, _ = token.split(".")
        changed = f"{header}.{encode(begun.issuer.claims(sub='mallory'))}.{signature}"
        self.check("bad_signature", begun, f"Bearer {changed}")

    def test_hs256_by_the_public_key(self) -> None:
        begun = Begun()
        begun.issuer.keys = [RS256.public]
        pem = RS256.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        signed = f"{encode({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'RS256'})}.{encode(begun.issuer.claims())}"
        mac = hmac.new(pem, signed.encode(), hashlib.sha256).digest()
        self.check("wrong_algorithm", begun, f"Bearer {signed}.{encode(mac)}")

    def test_a_key_that_comes_along_is_none(self) -> None:
        begun = Begun()
        stranger = Key()
        for header in (
            {"jwk": stranger.bare},
            {"jku": "https://evil.example/jwks"},
            {"x5u": "https://evil.example/x5u"},
            {"x5c": ["AAAA"]},
        ):
            self.check(
                "bad_signature", begun, begun.issuer.bearer({**header, "kid": None}, stranger)
            )
        self.assertTrue(all("evil" not in str(asked.url) for asked in begun.issuer.asked))

    def test_what_is_no_jwt(self) -> None:
        begun = Begun()
        good = begun.issuer.token()
        header, payload, signature = good.split(".")
        for token in (
            "of-nobody",
            f"{header}.{payload}",
            f"{good}.more",
            f"{good}=",
            f"{header}.{payload}!.{signature}",
            f"{header} .{payload}.{signature}",
            f"A.{payload}.{signature}",
            f"{encode(b'alg')}.{payload}.{signature}",
            f"{encode([])}.{payload}.{signature}",
            f"{encode(b'[' * 5000)}.{payload}.{signature}",
            f"{encode('{}'.encode('utf-16'))}.{payload}.{signature}",
        ):
            self.check("malformed", begun, f"Bearer {token}")
        typed = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
        for payload_ in (
            b'["alice"]',
            b"alice",
            b"\xff",
            b'{"sub":"mallory","sub":"alice"}',
            b'{"exp":NaN}',
            b'{"exp":' + b"9" * 5000 + b"}",
            b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        ):
            self.check("malformed", begun, f"Bearer {begun.issuer.key.sign(typed, payload_)}")
        claims = begun.issuer.claims()
        nested = b'{"rest":{"a":1,"a":2},' + httpx.Response(200, json=claims).content[1:]
        self.check("malformed", begun, f"Bearer {begun.issuer.key.sign(typed, nested)}")

    def test_over_16_kb_before_anything_is_decoded(self) -> None:
        begun = Begun()
        self.check("too_large", begun, "Bearer a.b." + "c" * 16 * 1024)
        self.assertEqual(begun.issuer.asked, [])
        begun.server.verify(begun.issuer.bearer(padding="x" * 11_000))

    def test_credentials(self) -> None:
        begun = Begun()
        good = begun.issuer.bearer()
        bare = good.partition(" ")[2]
        nothings: list[Any] = [None, [], "", "Basic dXNlcjpwYXNz", bare, "Bear"]
        for nothing in nothings:
            error = self.check("missing_token", begun, nothing, "caller")
            self.assertEqual(error.status, 401)
        for several in ([good, good], f"{good}, {good}", [good, "Basic eA=="]):
            error = self.check("invalid_request", begun, several, "caller")
            self.assertEqual(error.status, 400)
        for bad in ("Bearer", "Bearer ", "Bearer ä", "Bearer a b", "Bearer a\tb"):
            self.check("malformed", begun, bad)


class Keys(unittest.TestCase):
    def test_by_discovery_once(self) -> None:
        begun = Begun()
        for _ in range(5):
            begun.server.verify(begun.issuer.bearer())
        self.assertEqual(len(begun.issuer.asked), 2)

    def test_where_they_are_said_to_be(self) -> None:
        begun = Begun(jwks_uri=f"{ISSUER}/jwks")
        begun.server.verify(begun.issuer.bearer())
        self.assertEqual(len(begun.issuer.asked), 1)
        begun = Begun(metadata={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"})
        begun.server.verify(begun.issuer.bearer())
        self.assertEqual(len(begun.issuer.asked), 1)

    def test_pasted(self) -> None:
        key = Key()
        begun = Begun(jwks={"keys": [{"kty": "AKP"}, 7, key.public]})
        begun.server.verify(begun.issuer.bearer(key=key))
        self.assertEqual(begun.refused(begun.issuer.bearer({"kid": "two"})).code, "unknown_key")
        self.assertEqual(begun.issuer.asked, [])

    def test_for_ten_minutes_and_then_by_one(self) -> None:
        begun = Begun()
        later = {"exp": NOW + 10_000}
        begun.server.verify(begun.issuer.bearer(**later))
        begun.time.now += 599
        begun.server.verify(begun.issuer.bearer(**later))
        self.assertEqual(begun.issuer.count(), 1)
        begun.time.now += 2

        def meanwhile(request: httpx.Request) -> httpx.Response:
            # Others go on with the old ones.
            begun.server.verify(begun.issuer.bearer(**later))
            return begun.issuer.usual(request)

        begun.issuer.script["/jwks"] = [meanwhile]
        begun.server.verify(begun.issuer.bearer(**later))
        self.assertEqual(begun.issuer.count(), 2)

    def test_a_thousand_cold_at_once_one_request(self) -> None:
        import asyncio

        begun = Begun()
        server = begun.asynchronous()

        async def go() -> None:
            token = begun.issuer.bearer()
            found = await asyncio.gather(*(server.verify(token) for _ in range(1000)))
            self.assertEqual({claims.sub for claims in found}, {"alice"})

        run(go())
        self.assertEqual(len(begun.issuer.asked), 2)

    def test_a_new_key_when_it_is_first_seen(self) -> None:
        begun = Begun()
        begun.server.verify(begun.issuer.bearer())
        begun.issuer.key = Key(kid="two")
        begun.issuer.keys = [begun.issuer.key.public]
        begun.server.verify(begun.issuer.bearer())
        self.assertEqual(begun.issuer.count(), 2)

    def test_keys_that_nobody_has_one_request_in_ten_seconds(self) -> None:
        begun = Begun()
        begun.server.verify(begun.issuer.bearer())
        for number in range(200):
            error = begun.refused(begun.issuer.bearer({"kid": f"kid-{number}"}))
            self.assertEqual(error.code, "unknown_key")
        self.assertEqual(begun.issuer.count(), 2)
        begun.time.now += 11
        begun.refused(begun.issuer.bearer({"kid": "kid"}))
        self.assertEqual(begun.issuer.count(), 3)

    def test_a_key_that_nobody_can_be_asked_about_is_503(self) -> None:
        begun = Begun()
        begun.server.verify(begun.issuer.bearer())
        begun.issuer.script["/jwks"] = [httpx.Response(500)]
        for _ in range(3):
            error = begun.refused(begun.issuer.bearer({"kid": "two"}))
            self.assertEqual((error.code, error.status), ("keys_unavailable", 503))
        self.assertEqual(begun.issuer.count(), 2)
        begun.server.verify(begun.issuer.bearer())
        begun.time.now += 11
        self.assertEqual(begun.refused(begun.issuer.bearer({"kid": "two"})).code, "unknown_key")
        self.assertEqual(begun.refused(begun.issuer.bearer({"kid": "two"})).code, "unknown_key")
        self.assertEqual(begun.issuer.count(), 3)

    def test_old_ones_while_there_are_no_others(self) -> None:
        for answer in (
            httpx.ReadError("broken"),
            httpx.Response(500),
            httpx.Response(200, json={"keys": []}),
            httpx.Response(200, json=[]),
            httpx.Response(200, text="<html>"),
            httpx.Response(200, content=b" " * 300_000),
            httpx.Response(200, json={"keys": [Key().public] * 101}),
            httpx.Response(302, headers={"location": "https://evil.example"}),
        ):
            begun = Begun()
            later = {"exp": NOW + 10_000}
            begun.server.verify(begun.issuer.bearer(**later))
            begun.time.now += 601
            begun.issuer.script["/jwks"] = [answer] * 2
            begun.server.verify(begun.issuer.bearer(**later))
            self.assertGreater(begun.issuer.count(), 1)
            asked = begun.issuer.count()
            begun.server.verify(begun.issuer.bearer(**later))
            self.assertEqual(begun.issuer.count(), asked)

    def test_none_at_all_is_503_and_not_the_tokens_fault(self) -> None:
        place = "/.well-known/oauth-authorization-server"
        for path, answer, fault in (
            ("/jwks", httpx.ReadError("broken"), "network"),
            ("/jwks", httpx.ConnectTimeout("late"), "network"),
            ("/jwks", httpx.Response(500), "server"),
            ("/jwks", httpx.Response(200, json={"keys": []}), "server"),
            (place, httpx.Response(404), "server"),
            (place, httpx.Response(200, json={"issuer": "https://evil.example"}), "server"),
            (place, httpx.Response(200, json={"issuer": ISSUER}), "server"),
            (
                place,
                httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": "http://a.example"}),
                "server",
            ),
        ):
            begun = Begun()
            begun.issuer.script[path] = [answer] * 2
            error = begun.refused(begun.issuer.bearer())
            self.assertEqual((error.fault, error.code), (fault, "keys_unavailable"))
            self.assertEqual((error.status, error.headers["Retry-After"]), (503, "1"))
            self.assertIsNone(error.challenge)
            asked = len(begun.issuer.asked)
            self.assertEqual(begun.refused(begun.issuer.bearer()).code, "keys_unavailable")
            self.assertEqual(len(begun.issuer.asked), asked)
            begun.issuer.script.clear()
            begun.time.now += 2
            begun.server.verify(begun.issuer.bearer())

    def test_keys_that_are_not_for_this(self) -> None:
        for change in (
            {"alg": "PS256"},
            {"use": "enc"},
            {"key_ops": ["encrypt"]},
            {"key_ops": "verify"},
            {"kty": "EC"},
            {"n": "AAAA"},
            {"n": 7},
        ):
            begun = Begun()
            begun.issuer.keys = [begun.issuer.key.public, {**RS256.public, **change}]
            error = begun.refused(begun.issuer.bearer(key=RS256))
            self.assertEqual(error.code, "unknown_key", change)
        begun = Begun()
        begun.issuer.keys = [{**RS256.public, "use": "sig", "key_ops": ["verify"]}]
        begun.server.verify(begun.issuer.bearer(key=RS256))

    def test_small_rsa_keys_and_other_curves(self) -> None:
        small = Key("RS256", "small", bits=1024)
        begun = Begun(algorithms=["RS256", "ES256"])
        begun.issuer.keys = [small.public, {**ES384.bare, "kid": "curve", "alg": "ES256"}]
        self.assertEqual(begun.refused(begun.issuer.bearer(key=small)).code, "unknown_key")
        token = begun.issuer.bearer({"kid": "curve", "alg": "ES256"}, ES384)
        self.assertEqual(begun.refused(token).code, "unknown_key")

    def test_without_kid_four_are_tried(self) -> None:
        begun = Begun()
        others = [Key(kid=str(number)).public for number in range(4)]
        begun.issuer.keys = [*others[:3], begun.issuer.key.public]
        begun.server.verify(begun.issuer.bearer({"kid": None}))
        begun = Begun()
        begun.issuer.keys = [*others, begun.issuer.key.public]
        self.assertEqual(begun.refused(begun.issuer.bearer({"kid": None})).code, "bad_signature")
        begun.server.verify(begun.issuer.bearer())


class Configuration(unittest.TestCase):
    def test_what_is_none(self) -> None:
        for options, code in (
            ({"issuer": "http://tokens.example"}, "invalid_issuer"),
            ({"issuer": "tokens.example"}, "invalid_issuer"),
            ({"issuer": f"{ISSUER}?a"}, "invalid_issuer"),
            ({"audience": []}, "invalid_configuration"),
            ({"audience": ""}, "invalid_configuration"),
            ({"audience": [AUDIENCE, ""]}, "invalid_configuration"),
            ({"algorithms": []}, "invalid_configuration"),
            ({"algorithms": ["HS256"]}, "invalid_configuration"),
            ({"algorithms": ["none"]}, "invalid_configuration"),
            ({"jwks": {"keys": []}}, "invalid_configuration"),
            ({"jwks_uri": "http://a.example"}, "invalid_configuration"),
            ({"resource": "http://a.example"}, "invalid_configuration"),
            ({"metadata": {"issuer": "https://other.example"}}, "invalid_configuration"),
            ({"dpop_nonce_secret": "a" * 31}, "invalid_configuration"),
            ({"dpop_nonce_secret": ""}, "invalid_configuration"),
            ({"leeway": float("nan")}, "invalid_configuration"),
            ({"leeway": float("inf")}, "invalid_configuration"),
            ({"leeway": -1}, "invalid_configuration"),
            ({"leeway": "5"}, "invalid_configuration"),
            ({"leeway": True}, "invalid_configuration"),
        ):
            given: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE, **options}
            error = refusal(lambda given=given: ResourceServer(**given))  # type: ignore[misc]
            self.assertEqual((error.fault, error.code), ("caller", code), options)
        ResourceServer("http://127.0.0.1:9", AUDIENCE).close()

    def test_needs_that_are_none(self) -> None:
        from jeton_resource_server import starlette, wsgi

        begun = Begun()
        claims = begun.server.verify(begun.issuer.bearer())
        cases: tuple[Any, ...] = (
            {"any_scope": []},
            {"any_scope": " "},
            {"acr_values": ()},
            {"max_age": -1},
            {"max_age": float("nan")},
            {"max_age": "60"},
        )
        for given in cases:
            for what in (
                lambda given=given: begun.server.require(claims, **given),
                lambda given=given: begun.server.verify(None, **given),
                lambda given=given: starlette.Requires(begun.asynchronous(), **given),
                lambda given=given: wsgi.Protect(None, begun.server, **given),  # type: ignore[arg-type]
                lambda given=given: wsgi.requires(begun.server, **given),
            ):
                error = refusal(what)
                self.assertEqual((error.code, error.status), ("invalid_configuration", 500), given)


if __name__ == "__main__":
    unittest.main()
