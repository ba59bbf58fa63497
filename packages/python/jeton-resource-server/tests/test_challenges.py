"""What whoever is refused is told: RFC 6750 §3, RFC 9449 §7.1, RFC 9470, RFC 9728."""

from __future__ import annotations

import copy
import pickle
import re
import unittest
from typing import Any, Optional

from support import AUDIENCE, ISSUER, NOW, Begun, refusal

METADATA = "https://api.example/.well-known/oauth-protected-resource/v1"


def told(challenge: Optional[str], scheme: str = "Bearer") -> dict[str, str]:
    """The parameters of the challenge of a scheme."""
    begin = re.search(rf"(?:^|, ){scheme} ", challenge or "")
    assert begin, challenge
    own = re.split(r", (?=[A-Za-z]+ )", (challenge or "")[begin.end() :])[0]
    return dict(re.findall(r'([\w-]+)="([^"\\]*)"', own))


class Challenges(unittest.TestCase):
    def test_no_credentials_bare(self) -> None:
        error = Begun().refused(None)
        self.assertEqual(told(error.challenge), {"resource_metadata": METADATA})
        self.assertEqual(
            told(error.challenge, "DPoP"),
            {"algs": "ES256 EdDSA RS256 PS256", "resource_metadata": METADATA},
        )
        error = Begun().refused(None, scope="read write")
        self.assertEqual(told(error.challenge)["scope"], "read write")

    def test_a_bad_token(self) -> None:
        begun = Begun()
        error = begun.refused(begun.issuer.bearer(aud="https://evil.example"))
        found = told(error.challenge)
        self.assertEqual(found["error"], "invalid_token")
        self.assertEqual(found["resource_metadata"], METADATA)
        self.assertEqual(found["error_description"], "the access token is for another audience")
        self.assertEqual(error.headers["WWW-Authenticate"], error.challenge)
        self.assertEqual(error.headers["Cache-Control"], "no-store")
        self.assertEqual(
            error.headers["Access-Control-Expose-Headers"], "WWW-Authenticate, DPoP-Nonce"
        )

    def test_nothing_of_a_token_is_repeated(self) -> None:
        begun = Begun()
        for claims in (
            {"iss": 'https://evil.example"\r\nx: y'},
            {"aud": 'evil"'},
            {"sub": "evil", "exp": 1},
            {"scope": ["evil"]},
        ):
            error = begun.refused(begun.issuer.bearer(**claims))
            self.assertRegex(error.challenge or "", r"\A[\x20-\x7e]+\Z")
        begun.refused(begun.issuer.bearer({"kid": 'evil"\r\n', "alg": "ES256"}))

    def test_what_is_told_is_the_same_for_every_token(self) -> None:
        begun = Begun()
        for seconds in (100, 1234):
            error = begun.refused(begun.issuer.bearer(exp=NOW - seconds))
            self.assertIn(f"{seconds} s ago", str(error))
            found = told(error.challenge)["error_description"]
            self.assertEqual((found, error.description), ("the access token has expired",) * 2)

    def test_by_the_scheme_that_was_sent(self) -> None:
        begun = Begun()
        for authorization, scheme in (
            ("DPoP !!!", "DPoP"),
            ("DPoP", "DPoP"),
            ("dpop " + "a" * 17_000, "DPoP"),
            (f"DPoP {begun.issuer.token(exp=1)}", "DPoP"),
            (f"DPoP {begun.issuer.token()}", "DPoP"),
            ("Bearer !!!", "Bearer"),
            ("Bearer", "Bearer"),
        ):
            error = begun.refused(authorization)
            self.assertEqual(told(error.challenge, scheme)["error"], "invalid_token")
            self.assertEqual((error.challenge or "").count("error="), 1)

    def test_scopes(self) -> None:
        begun = Begun()
        token = begun.issuer.bearer(scope="read profile readwrite a\u00a0b")
        for needed in (
            {"scope": "read profile"},
            {"scope": ["read"]},
            {"any_scope": "write read"},
            {"scope": "read", "any_scope": ["write", "profile"]},
        ):
            begun.server.verify(token, **needed)
        for needed, scope in (
            ({"scope": "read write"}, "read write"),
            ({"scope": "rea"}, "rea"),
            ({"scope": "a"}, "a"),
            ({"any_scope": ["write", "admin"]}, "write admin"),
            ({"scope": "read", "any_scope": "write"}, "read write"),
        ):
            error = begun.refused(token, **needed)
            self.assertEqual((error.code, error.status), ("insufficient_scope", 403))
            found = told(error.challenge)
            self.assertEqual((found["error"], found["scope"]), ("insufficient_scope", scope))
            self.assertEqual(found["resource_metadata"], METADATA)
        claims = begun.server.verify(token)
        begun.server.require(claims, scope="read")
        error = refusal(lambda: begun.server.require(claims, scope="write"))
        self.assertEqual(told(error.challenge)["scope"], "write")

    def test_how_and_when_the_person_logged_in(self) -> None:
        begun = Begun()
        good = begun.issuer.bearer(acr="gold", auth_time=NOW - 60)
        begun.server.verify(good, acr_values=["silver", "gold"], max_age=60)
        for claims, needed, parameters in (
            ({"acr": "bronze"}, {"acr_values": "silver gold"}, {"acr_values": "silver gold"}),
            ({}, {"acr_values": ["gold"]}, {"acr_values": "gold"}),
            ({"auth_time": NOW - 61}, {"max_age": 60}, {"max_age": "60"}),
            ({}, {"max_age": 60}, {"max_age": "60"}),
            ({}, {"max_age": 1_000_000}, {"max_age": "1000000"}),
            (
                {},
                {"acr_values": "gold", "max_age": 0},
                {"acr_values": "gold", "max_age": "0"},
            ),
            # What there is already is needed of the next as well.
            (
                {"acr": "gold", "auth_time": 1},
                {"acr_values": "gold", "max_age": 60, "scope": "read"},
                {"acr_values": "gold", "max_age": "60", "scope": "read"},
            ),
            (
                {"acr": "silver", "auth_time": NOW},
                {"acr_values": "gold", "max_age": 60},
                {"acr_values": "gold", "max_age": "60"},
            ),
        ):
            given: dict[str, Any] = needed
            error = begun.refused(begun.issuer.bearer(**claims), **given)
            self.assertEqual((error.code, error.status), ("insufficient_user_authentication", 401))
            found = told(error.challenge)
            self.assertEqual(found["error"], "insufficient_user_authentication")
            self.assertEqual({name: found.get(name) for name in parameters}, parameters)

    def test_several_credentials(self) -> None:
        begun = Begun()
        error = begun.refused([begun.issuer.bearer()] * 2)
        self.assertEqual(told(error.challenge)["error"], "invalid_request")

    def test_errors_are_copied_and_pickled_whole(self) -> None:
        error = Begun().refused(None)
        for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            self.assertEqual(str(again), str(error))
            self.assertEqual(vars(again), vars(error))


class Metadata(unittest.TestCase):
    def test_the_document_and_its_place(self) -> None:
        for resource, path in (
            (None, "/v1"),
            ("https://api.example", ""),
            ("https://api.example/", ""),
            ("https://api.example/a/b", "/a/b"),
            ("https://api.example/a?b=c", "/a?b=c"),
            ("https://api.example/?b", "?b"),
        ):
            server = Begun(resource=resource, scopes=["read", "write"]).server
            place = f"/.well-known/oauth-protected-resource{path}"
            self.assertEqual(server.metadata_path(), place)
            self.assertEqual(
                server.metadata(),
                {
                    "resource": resource or AUDIENCE,
                    "authorization_servers": [ISSUER],
                    "bearer_methods_supported": ["header"],
                    "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "RS256", "PS256"],
                    "scopes_supported": ["read", "write"],
                },
            )
            error = refusal(lambda server=server: server.verify(None))  # type: ignore[misc]
            self.assertEqual(
                told(error.challenge)["resource_metadata"], f"https://api.example{place}"
            )

    def test_an_api_that_is_no_url_has_none(self) -> None:
        begun = Begun(audience="urn:api")
        self.assertEqual(refusal(begun.server.metadata).code, "invalid_configuration")
        self.assertNotIn("resource_metadata", begun.refused(None).challenge or "")


if __name__ == "__main__":
    unittest.main()
