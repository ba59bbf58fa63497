"""Tokens that are bound to a key or a certificate: RFC 9449 §4.3, RFC 8705."""

from __future__ import annotations

import os
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional

from support import AUDIENCE, NOW, Begun, Key, encode, refusal, run, sha256

from jeton_resource_server import Claims, MemoryReplays, ResourceServerError

HOLDER = Key(kid=None)
URL = f"{AUDIENCE}/read"


def proof(
    token: str,
    header: Optional[dict[str, Any]] = None,
    key: Key = HOLDER,
    **changes: Any,
) -> str:
    claims = {
        "htm": "GET",
        "htu": URL,
        "iat": NOW,
        "jti": encode(os.urandom(12)),
        "ath": sha256(token),
        **changes,
    }
    whole = {"alg": key.alg, "typ": "dpop+jwt", "jwk": key.bare, **(header or {})}
    return key.sign(
        {name: value for name, value in whole.items() if value is not None},
        {name: value for name, value in claims.items() if value is not None},
    )


class Bound(Begun):
    def __init__(self, key: Key = HOLDER, **options: Any) -> None:
        super().__init__(**options)
        self.token = self.issuer.token(cnf={"jkt": key.thumbprint()})

    def verify(self, proofs: Any, **sent: Any) -> Claims:
        return self.server.verify(f"DPoP {self.token}", **{"url": URL, "dpop": proofs, **sent})

    def bad(
        self, proofs: Any, code: str = "invalid_dpop_proof", **sent: Any
    ) -> ResourceServerError:
        error = self.refused(f"DPoP {self.token}", **{"url": URL, "dpop": proofs, **sent})
        assert (error.fault, error.code, error.status) == ("token", code, 401), error.code
        return error


class Proofs(unittest.TestCase):
    def test_that_hold(self) -> None:
        for changes in (
            {},
            {"iat": NOW - 60},
            {"iat": NOW + 60},
            {"exp": NOW + 9, "nbf": NOW - 9},
            {"htu": "HTTPS://API.example:443/v1/read"},
            {"htu": f"{AUDIENCE}/%72ead?query#fragment"},
            {"htu": f"{AUDIENCE}/./x/../read"},
        ):
            for typ in ("dpop+jwt", "application/dpop+jwt"):
                bound = Bound()
                bound.verify(proof(bound.token, {"typ": typ}, **changes))
            bound = Bound()
            self.assertEqual(bound.verify(proof(bound.token, **changes)).sub, "alice")
        bound = Bound()
        bound.verify([proof(bound.token, htm="POST")], method="POST", url=f"{URL}?a=b")
        for scheme in ("dpop", "DPOP"):
            authorization = f"{scheme} {bound.token}"
            bound.server.verify(authorization, url=URL, dpop=proof(bound.token))
        for alg in ("EdDSA", "RS256", "PS256"):
            key = Key(alg, None)
            bound = Bound(key)
            bound.verify(proof(bound.token, key=key))

    def test_by_asyncio_and_a_store_of_either_kind(self) -> None:
        class Slow:
            async def claim(self, key: str, until: float) -> bool:
                return inner.claim(key, until)

        class Other:
            def claim(self, key: str, until: float) -> bool:
                return inner.claim(key, until)

        for replays in (Slow(), Other()):
            inner = MemoryReplays()
            bound = Bound()
            bound.options["replays"] = replays
            server = bound.asynchronous()
            sent: dict[str, Any] = {"url": URL, "dpop": proof(bound.token)}
            self.assertEqual(run(server.verify(f"DPoP {bound.token}", **sent)).sub, "alice")
            with self.assertRaises(ResourceServerError):
                run(server.verify(f"DPoP {bound.token}", **sent))

    def test_that_do_not(self) -> None:
        private = HOLDER.jwk
        thief = Key(kid=None)
        huge = {"kty": "RSA", "n": encode(b"\xff" * 4096), "e": "AQAB"}
        slow = {**Key("RS256", None).bare, "e": encode(b"\x01" + b"\xff" * 200)}
        for header, changes in (
            ({"typ": "JWT"}, {}),
            ({"typ": None}, {}),
            ({"jwk": None}, {}),
            ({"jwk": private}, {}),
            ({"jwk": {**HOLDER.bare, "k": "AAAA"}}, {}),
            ({"jwk": thief.bare}, {}),
            ({"jwk": {**HOLDER.bare, "crv": "P-384"}}, {}),
            ({"jwk": {**HOLDER.bare, "x": HOLDER.bare["y"]}}, {}),
            ({"jwk": {**HOLDER.bare, "x": [1]}}, {}),
            ({"jwk": {**HOLDER.bare, "kty": ["EC"]}}, {}),
            ({"jwk": {**HOLDER.bare, "crv": ["P-256"]}}, {}),
            ({"jwk": {"kty": "oct", "k": "AAAA"}, "alg": "HS256"}, {}),
            ({"jwk": huge, "alg": "RS256"}, {}),
            ({"jwk": slow, "alg": "RS256"}, {}),
            ({"jwk": [HOLDER.bare]}, {}),
            ({"alg": "none"}, {}),
            ({"alg": "ES384"}, {}),
            ({"alg": ["ES256"]}, {}),
            ({"crit": ["a"], "a": 1}, {}),
            ({}, {"htm": "POST"}),
            ({}, {"htm": "get"}),
            ({}, {"htm": None}),
            ({}, {"htu": f"{AUDIENCE}/write"}),
            ({}, {"htu": f"{AUDIENCE}/read/"}),
            ({}, {"htu": f"{AUDIENCE}/Read"}),
            ({}, {"htu": "https://evil.example/v1/read"}),
            ({}, {"htu": "https://a@api.example/v1/read"}),
            ({}, {"htu": "http://api.example/v1/read"}),
            ({}, {"htu": "https://api.example:444/v1/read"}),
            ({}, {"htu": "https://api.example:port/v1/read"}),
            ({}, {"htu": "https://[/v1/read"}),
            ({}, {"htu": None}),
            ({}, {"htu": 7}),
            ({}, {"iat": NOW - 61}),
            ({}, {"iat": NOW + 61}),
            ({}, {"iat": None}),
            ({}, {"iat": 10**400}),
            ({}, {"ath": "\ud800"}),
            ({}, {"htu": "https://\ud800.example"}),
            ({}, {"iat": str(NOW)}),
            ({}, {"jti": None}),
            ({}, {"jti": ""}),
            ({}, {"jti": 7}),
            ({}, {"ath": sha256("another")}),
            ({}, {"ath": None}),
            ({}, {"ath": 7}),
        ):
            bound = Bound()
            error = bound.bad(proof(bound.token, header, **changes))
            self.assertIn('error="invalid_dpop_proof"', error.challenge or "")
        bound = Bound()
        bound.bad(proof(bound.token, key=thief))
        bound.bad(proof(bound.token, {"jwk": HOLDER.bare}, key=thief))

    def test_none_several_or_a_word(self) -> None:
        bound = Bound()
        one, two = proof(bound.token), proof(bound.token)
        for proofs in (
            None,
            [],
            "",
            "of-nobody",
            [one, two],
            f"{one}, {two}",
            f"{one},{two}",
            one * 9,
        ):
            bound.bad(proofs)
        bound.bad(f"{one[:-6]}AAAAAA")
        # None of them has used up the good one.
        bound.verify(one)

    def test_once(self) -> None:
        bound = Bound()
        one = proof(bound.token)
        bound.verify(one)
        bound.bad(one)
        two = proof(bound.token)
        barrier = threading.Barrier(20)

        def sent() -> bool:
            barrier.wait()
            try:
                bound.verify(two)
            except ResourceServerError:
                return False
            return True

        with ThreadPoolExecutor(20) as pool:
            taken = [one.result() for one in [pool.submit(sent) for _ in range(20)]]
        self.assertEqual(taken.count(True), 1)

    def test_so_many_are_remembered_and_no_longer_than_they_are_good(self) -> None:
        replays = MemoryReplays(most=3)
        for number in (2, 1, 0):
            self.assertTrue(replays.claim(str(number), NOW + number))
        error = refusal(lambda: replays.claim("more", NOW))
        self.assertEqual((error.fault, error.code), ("server", "replay_unavailable"))
        # None is forgotten for another.
        for number in (2, 1, 0):
            self.assertFalse(replays.claim(str(number), NOW + number))
        # One that ends so much later came when that had ended.
        self.assertTrue(replays.claim("later", NOW + 181))
        self.assertEqual(replays._seen, {"1", "2", "later"})
        self.assertTrue(replays.claim("last", NOW + 400))
        self.assertEqual(replays._seen, {"last"})

    def test_more_than_can_be_remembered_is_503(self) -> None:
        bound = Bound(replays=MemoryReplays(most=1))
        one = proof(bound.token)
        bound.verify(one)
        sent: dict[str, Any] = {"url": URL, "dpop": proof(bound.token)}
        error = bound.refused(f"DPoP {bound.token}", **sent)
        self.assertEqual((error.status, error.headers["Retry-After"]), (503, "1"))
        self.assertIsNone(error.challenge)
        bound.bad(one)
        bound.time.now += 241
        bound.token = bound.issuer.token(cnf={"jkt": HOLDER.thumbprint()})
        bound.verify(proof(bound.token, iat=NOW + 241))

    def test_a_store_for_asyncio_is_none_for_threads(self) -> None:
        class Slow:
            async def claim(self, key: str, until: float) -> bool:
                raise AssertionError("nobody awaits it")

        class Hidden:
            def claim(self, key: str, until: float) -> Any:
                return answers.pop(0)

        self.assertEqual(refusal(lambda: Begun(replays=Slow())).code, "invalid_configuration")
        answers: list[Any] = [Slow(), None, 1, "OK", True]
        bound = Bound(replays=Hidden())
        for _ in range(4):
            bound.bad(proof(bound.token))
        bound.verify(proof(bound.token))

    def test_what_is_shown_has_no_secret(self) -> None:
        from jeton_resource_server._core import Sent

        bound = Bound(dpop_nonce_secret="mallory" * 5)
        shown = repr(Sent("Bearer mallory", "GET", "/mallory", "mallory", b"mallory"))
        self.assertNotIn("mallory", shown + repr(bound.server._core._settings))

    def test_as_bearer_it_is_refused(self) -> None:
        bound = Bound()
        for dpop in (None, proof(bound.token)):
            error = bound.refused(f"Bearer {bound.token}", url=URL, dpop=dpop)
            self.assertEqual((error.code, error.status), ("bound_token", 401))
            self.assertTrue((error.challenge or "").startswith("DPoP "))

    def test_a_token_that_is_bound_to_nothing_as_dpop(self) -> None:
        bound = Bound()
        token = bound.issuer.token()
        error = bound.refused(f"DPoP {token}", url=URL, dpop=proof(token))
        self.assertEqual((error.code, error.status), ("bound_token", 401))
        bound.server.verify(f"Bearer {token}", url=URL, dpop="whatever")

    def test_a_bad_token_is_told_before_its_proof(self) -> None:
        bound = Bound()
        token = bound.issuer.token(aud="https://evil.example", cnf={"jkt": HOLDER.thumbprint()})
        self.assertEqual(bound.refused(f"DPoP {token}").code, "wrong_audience")

    def test_behind_a_proxy_the_address_that_is_configured_counts(self) -> None:
        bound = Bound()
        inner = "http://10.0.0.1:8080/v1/read"
        bound.verify(proof(bound.token), url=inner)
        bound.bad(proof(bound.token, htu=inner), url=inner)
        for target in ("//evil.example/v1/read", "//[", "//["):
            bound.bad(proof(bound.token), url=target)
            bound.verify(proof(bound.token, htu=f"https://api.example{target}"), url=target)
        for odd in ("https://[", "@evil.example/v1/read", "*", "read", "mailto:a"):
            bound.bad(proof(bound.token), url=odd)
            bound.bad(proof(bound.token, htu=f"https://api.example{odd}"), url=odd)
        unconfigured = Bound(audience="urn:api")
        token = unconfigured.issuer.token(aud="urn:api", cnf={"jkt": HOLDER.thumbprint()})
        error = unconfigured.refused(f"DPoP {token}", url=URL, dpop=proof(token))
        self.assertEqual((error.fault, error.code), ("caller", "invalid_configuration"))
        self.assertEqual((error.status, error.challenge), (500, None))

    def test_a_nonce_where_they_are_wanted(self) -> None:
        bound = Bound(dpop_nonce_secret="a secret of the api, 32 bytes long")
        error = bound.bad(proof(bound.token), "use_dpop_nonce")
        nonce = error.headers["DPoP-Nonce"]
        self.assertIn('error="use_dpop_nonce"', error.challenge or "")
        self.assertEqual(bound.verify(proof(bound.token, nonce=nonce)).sub, "alice")
        for wrong in ("another", nonce[:-1], None, 7, ""):
            bound.bad(proof(bound.token, nonce=wrong), "use_dpop_nonce")
        # Whose clock is off has one as well.
        bound.bad(proof(bound.token, iat=NOW - 3600), "use_dpop_nonce")
        bound.bad(proof(bound.token, iat=NOW - 3600, nonce=nonce))
        claims = bound.verify(proof(bound.token, nonce=nonce))
        self.assertEqual(bound.server.answer_headers(claims)["DPoP-Nonce"], nonce)
        bound.time.now += 119
        sent = proof(bound.token, nonce=nonce, iat=NOW + 119)
        bound.verify(sent)
        bound.time.now += 122
        bound.bad(proof(bound.token, nonce=nonce, iat=NOW + 241), "use_dpop_nonce")
        other = Bound(dpop_nonce_secret="another secret of an api, as long")
        other.bad(proof(other.token, nonce=nonce), "use_dpop_nonce")


CERTIFICATE = os.urandom(700)
TO_CERTIFICATE = {"x5t#S256": sha256(CERTIFICATE)}


class Certificates(unittest.TestCase):
    def test_the_one_another_and_none(self) -> None:
        begun = Begun()
        token = begun.issuer.bearer(cnf=TO_CERTIFICATE)
        self.assertEqual(begun.server.verify(token, certificate=CERTIFICATE).sub, "alice")
        for certificate in (None, b"", os.urandom(700)):
            error = begun.refused(token, certificate=certificate)
            self.assertEqual((error.code, error.status), ("wrong_certificate", 401))
        begun.server.verify(begun.issuer.bearer(), certificate=CERTIFICATE)

    def test_with_a_key_both_are_wanted(self) -> None:
        bound = Bound()
        cnf = {"jkt": HOLDER.thumbprint(), **TO_CERTIFICATE}
        bound.token = bound.issuer.token(cnf=cnf)
        bound.bad(proof(bound.token), "wrong_certificate")
        bound.bad([], certificate=CERTIFICATE)
        bound.verify(proof(bound.token), certificate=CERTIFICATE)
        error = bound.refused(f"Bearer {bound.token}", certificate=CERTIFICATE)
        self.assertEqual(error.code, "bound_token")

    def test_by_what_nobody_here_knows(self) -> None:
        begun = Begun()
        cnfs: tuple[Any, ...] = ({"kid": "a"}, {}, "a", ["jkt"], {"jkt": 7}, {"x5t#S256": None})
        for cnf in cnfs:
            error = begun.refused(begun.issuer.bearer(cnf=cnf))
            self.assertEqual((error.fault, error.status), ("token", 401), cnf)
        key = begun.issuer.key
        null = {**begun.issuer.claims(), "cnf": None}
        token = key.sign({"alg": "ES256", "typ": "at+jwt", "kid": "one"}, null)
        self.assertEqual(begun.refused(f"Bearer {token}").code, "malformed")


if __name__ == "__main__":
    unittest.main()
