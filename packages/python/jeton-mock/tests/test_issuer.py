"""Everything an issuer can be told and asked, against the real mock."""

from __future__ import annotations

import threading
import time
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar, get_type_hints

from support import BIN, get, introspect, kids, signer

import jeton_mock
from jeton_mock import Issuer, Mock, MockError, TrustDocument, decode, start_mock

HOUR = 3600


class WithMock(unittest.TestCase):
    mock: ClassVar[Mock]

    @classmethod
    def setUpClass(cls) -> None:
        cls.mock = start_mock(bin=BIN)
        cls.addClassCleanup(cls.mock.stop)

    def refused(self, call: Any, *args: Any, **options: Any) -> MockError:
        with self.assertRaises(MockError) as caught:
            call(*args, **options)
        return caught.exception


class Issuers(WithMock):
    def test_a_random_name(self) -> None:
        one, other = self.mock.issuer(), self.mock.issuer()
        self.assertRegex(one.name, r"^test-[0-9a-f]{12}$")
        self.assertNotEqual(one.name, other.name)

    def test_every_endpoint_is_where_discovery_says(self) -> None:
        issuer = self.mock.issuer("endpoints/nested")
        metadata = get(issuer.discovery_url)
        self.assertEqual(metadata["issuer"], issuer.url)
        for name in (
            "authorization_endpoint",
            "token_endpoint",
            "device_authorization_endpoint",
            "introspection_endpoint",
            "revocation_endpoint",
            "userinfo_endpoint",
            "end_session_endpoint",
            "jwks_uri",
        ):
            self.assertEqual(metadata[name], getattr(issuer, name))

    def test_two_are_isolated(self) -> None:
        one, other = self.mock.issuer(), self.mock.issuer()
        one.add_user("only-here")
        one.add_fault("invalid_client")
        one.clock.advance(HOUR)
        self.assertEqual(self.refused(one.token).error, "invalid_client")
        other.token()
        self.assertEqual(one.count(), 1)
        self.assertEqual(other.count(status=200), 1)
        self.assertNotIn("only-here", [user["sub"] for user in other.users()])
        self.assertGreaterEqual(one.clock.now() - other.clock.now(), HOUR - 5)
        kid = signer(other)
        self.assertIn(kid, kids(other))
        self.assertNotIn(kid, kids(one))

    def test_a_specification_and_info(self) -> None:
        issuer = self.mock.issuer(
            "specified",
            {
                "strictness": "strict",
                "clock": {"set": 1_700_000_000, "freeze": True},
                "clients": [],
            },
        )
        info = issuer.info()
        self.assertEqual(
            (info.name, info.issuer, info.strictness, info.now, info.journal),
            ("specified", issuer.url, "strict", 1_700_000_000, 0),
        )
        error = self.refused(issuer.token)
        self.assertEqual((error.status, error.error), (401, "invalid_client"))

    def test_attach_and_list(self) -> None:
        issuer = self.mock.issuer("there")
        issuer.add_user("kept")
        same = self.mock.attach("there")
        self.assertEqual(same.url, issuer.url)
        self.assertIn("kept", [user["sub"] for user in same.users()])
        self.assertIn("there", [one.name for one in self.mock.issuers()])

    def test_attach_to_the_default(self) -> None:
        issuer = self.mock.attach()
        self.assertEqual(issuer.name, "")
        self.assertEqual(decode(issuer.token()["access_token"]).claims["iss"], issuer.url)

    def test_an_unknown_one_is_an_error_and_is_not_made(self) -> None:
        error = self.refused(self.mock.attach, "nobody")
        self.assertEqual(error.status, 404)
        self.assertIn("nobody", str(error))
        self.assertNotIn("nobody", [one.name for one in self.mock.issuers()])

    def test_reset(self) -> None:
        issuer = self.mock.issuer(spec={"users": [{"sub": "seed"}]})
        issuer.add_user("added")
        issuer.add_fault("drop")
        issuer.clock.advance(HOUR)
        issuer.reset()
        self.assertEqual([user["sub"] for user in issuer.users()], ["seed"])
        self.assertEqual(issuer.faults(), [])
        self.assertEqual(issuer.clock.state().offset, 0)

    def test_deleted_it_is_gone(self) -> None:
        one = self.mock.issuer()
        one.delete()
        with self.mock.issuer() as other:
            other.info()
        for issuer in (one, other):
            self.assertEqual(self.refused(issuer.info).status, 404)

    def test_a_mock_is_reset(self) -> None:
        with start_mock(bin=BIN, config={"issuers": {"acme": {}}}) as own:
            own.issuer("later")
            own.reset()
            self.assertEqual(sorted(one.name for one in own.issuers()), ["", "acme"])


class Tokens(WithMock):
    def test_client_credentials(self) -> None:
        issuer = self.mock.issuer()
        answer = issuer.token(
            client_id="bill:ing",
            client_secret="ü %+",
            scope="read write",
            audience="https://api.example",
        )
        self.assertEqual(
            (answer["token_type"], answer["expires_in"], answer["scope"]),
            ("Bearer", HOUR, "read write"),
        )
        claims = decode(answer["access_token"]).claims
        self.assertEqual((claims["iss"], claims["client_id"]), (issuer.url, "bill:ing"))
        self.assertEqual(claims["aud"], "https://api.example")

    def test_lists_and_other_parameters(self) -> None:
        issuer = self.mock.issuer()
        issuer.add_claim_rule(
            match={"parameters": {"tenant": "*"}}, access_token={"tenant": "${parameters.tenant}"}
        )
        token = issuer.token(
            resource=["https://a.example", "https://b.example"], tenant="acme", left_out=None
        )["access_token"]
        claims = decode(token).claims
        self.assertEqual(
            (claims["aud"], claims["tenant"]), (["https://a.example", "https://b.example"], "acme")
        )
        self.assertNotIn("left_out", issuer.take(endpoint="token").parameters)

    def test_a_login(self) -> None:
        issuer = self.mock.issuer()
        issuer.add_user("dora", claims={"email": "dora@example.com"}, id_token={"roles": ["admin"]})
        tokens = issuer.login(client_id="web", subject="dora", scope="openid email", nonce="n-1")
        claims = decode(tokens["id_token"]).claims
        expected = {
            "iss": issuer.url,
            "aud": "web",
            "sub": "dora",
            "nonce": "n-1",
            "roles": ["admin"],
        }
        self.assertEqual({name: claims.get(name) for name in expected}, expected)
        info = get(issuer.userinfo_endpoint, {"authorization": f"Bearer {tokens['access_token']}"})
        self.assertEqual((info["sub"], info["email"]), ("dora", "dora@example.com"))

    def test_a_login_of_nobody_in_particular(self) -> None:
        issuer = self.mock.issuer(spec={"auto_login": "bob"})
        self.assertEqual(decode(issuer.login(subject=None)["id_token"]).claims["sub"], "bob")

    def test_a_refresh(self) -> None:
        issuer = self.mock.issuer()
        tokens = issuer.login(client_id="web", scope="openid offline_access")
        fresh = issuer.token(
            client_id="web", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        self.assertEqual(decode(fresh["access_token"]).claims["sub"], "alice")

    def test_a_public_client_known_and_strict(self) -> None:
        redirect_uri = "com.example.app:/callback"
        issuer = self.mock.issuer(spec={"strictness": "strict"})
        issuer.add_client(
            "app",
            token_endpoint_auth_method="none",
            grant_types=["authorization_code"],
            redirect_uris=[redirect_uri],
            scope="openid",
        )
        tokens = issuer.login(client_id="app", client_secret=None, redirect_uri=redirect_uri)
        self.assertEqual(decode(tokens["id_token"]).claims["aud"], "app")

    def test_a_login_that_is_denied(self) -> None:
        issuer = self.mock.issuer()
        issuer.add_fault("access_denied", match={"endpoint": "authorize"})
        self.assertEqual(self.refused(issuer.login).error, "access_denied")

    def test_a_login_that_ends_at_a_page(self) -> None:
        issuer = self.mock.issuer(spec={"strictness": "strict"})
        self.assertRegex(
            str(self.refused(issuer.login, client_id="nobody")),
            r"login: GET \S+/authorize: 400 in place of a redirect: text/html",
        )

    def test_minted(self) -> None:
        issuer = self.mock.issuer(spec={"signing_algs": ["ES256", "RS256", "EdDSA"]})
        for alg in ("ES256", "RS256", "EdDSA"):
            header, claims = decode(
                issuer.mint({"sub": "x", "jti": None, "roles": ["admin"]}, typ="at+jwt", alg=alg)
            )
            self.assertEqual((header["alg"], header["typ"]), (alg, "at+jwt"))
            self.assertIn(header["kid"], kids(issuer))
            self.assertEqual(
                (claims["iss"], claims["sub"], claims["roles"], "jti" in claims),
                (issuer.url, "x", ["admin"], False),
            )
            self.assertEqual(claims["exp"] - claims["iat"], HOUR)

    def test_minted_wrong_on_purpose(self) -> None:
        issuer = self.mock.issuer()
        self.assertLess(
            decode(issuer.mint({"sub": "x"}, fault="expired")).claims["exp"], issuer.clock.now()
        )
        self.assertEqual(decode(issuer.mint(fault="alg-none")).header["alg"], "none")


class Faults(WithMock):
    def test_one_that_acts_once(self) -> None:
        issuer = self.mock.issuer()
        fault = issuer.add_fault("temporarily_unavailable", match={"endpoint": "token"}, times=1)
        self.assertEqual(fault.acted(), 0)
        error = self.refused(issuer.token)
        self.assertEqual((error.status, error.error), (503, "temporarily_unavailable"))
        self.assertIn("access_token", issuer.token())
        self.assertEqual(fault.acted(), 1)
        self.assertEqual(
            [(entry.status, entry.faults) for entry in issuer.journal()],
            [(503, ["temporarily_unavailable"]), (200, [])],
        )

    def test_one_that_is_removed(self) -> None:
        issuer = self.mock.issuer()
        fault = issuer.add_fault("invalid_client")
        self.assertEqual(self.refused(issuer.token).error, "invalid_client")
        fault.remove()
        issuer.token()
        self.assertRegex(str(self.refused(fault.acted)), r"fault \d+ is no longer there")
        with issuer.add_fault("invalid_client"):
            self.assertEqual(self.refused(issuer.token).error, "invalid_client")
        issuer.token()

    def test_listed_and_all_removed(self) -> None:
        issuer = self.mock.issuer()
        issuer.add_fault({"status": 418, "body": "short and stout"}, nth=2)
        issuer.add_fault("alg-none", tokens=["id_token"])
        teapot, none = issuer.faults()
        self.assertEqual(
            (teapot.fault, teapot.nth, teapot.acted),
            ({"status": 418, "body": "short and stout"}, 2, 0),
        )
        self.assertEqual((none.fault, none.tokens), ("alg-none", ["id_token"]))
        issuer.clear_faults()
        self.assertEqual(issuer.faults(), [])

    def test_what_no_client_can_read_is_said_in_full(self) -> None:
        issuer = self.mock.issuer()
        for fault, message in [
            ("html", "200, but no JSON: text/html"),
            ("truncate", "200, but no JSON: application/json"),
            ("empty", r"200, but no JSON: .*\(empty\)"),
            ("drop", "no answer: "),
            ({"status": 418, "body": "short and stout"}, "418 .*short and stout"),
        ]:
            with self.subTest(fault):
                issuer.add_fault(fault, times=1)  # type: ignore[arg-type]
                self.assertRegex(str(self.refused(issuer.token)), message)

    def test_an_unknown_name(self) -> None:
        error = self.refused(self.mock.issuer().add_fault, "slwo-2s")
        self.assertEqual((error.status, error.error), (400, "invalid_request"))
        self.assertRegex(error.error_description or "", 'unknown fault "slwo-2s", expected')
        self.assertIn(error.error_description or "", str(error))


class Known(WithMock):
    def test_users(self) -> None:
        issuer = self.mock.issuer()
        issuer.add_user("dora")
        self.assertEqual(issuer.add_user("dora", name="Dora")["name"], "Dora")
        self.assertEqual([user["sub"] for user in issuer.users()].count("dora"), 1)
        issuer.remove_user("dora")
        self.assertEqual(self.refused(issuer.remove_user, "dora").status, 404)

    def test_clients(self) -> None:
        issuer = self.mock.issuer(spec={"strictness": "strict", "clients": []})
        issuer.add_client(
            "billing", client_secret="own", grant_types=["client_credentials"], scope="read"
        )
        (known,) = issuer.clients()
        self.assertEqual(
            (known["client_id"], known["scope"], "client_secret" in known),
            ("billing", "read", False),
        )
        issuer.token(client_id="billing", client_secret="own")
        self.assertEqual(
            self.refused(issuer.token, client_id="billing", client_secret="other").error,
            "invalid_client",
        )
        issuer.remove_client("billing")
        self.assertEqual(issuer.clients(), [])

    def test_apis(self) -> None:
        issuer = self.mock.issuer(spec={"strictness": "strict", "clients": []})
        identifier = "https://orders.example"
        issuer.add_client(
            "job",
            client_secret="s",
            grant_types=["client_credentials"],
            apis=[{"identifier": identifier, "scope": "read write"}],
        )
        api = issuer.add_api(identifier, scopes={"read": "Read"}, access_token_lifetime=60)
        self.assertEqual(issuer.apis(), [api])
        ask: dict[str, Any] = {"client_id": "job", "client_secret": "s", "resource": identifier}
        tokens = issuer.token(**ask)
        self.assertEqual((tokens["scope"], tokens["expires_in"]), ("read", 60))
        issuer.remove_api(identifier)
        self.assertEqual(issuer.apis(), [])
        self.assertEqual(self.refused(issuer.token, **ask).error, "invalid_target")

    def test_trusted_issuers(self) -> None:
        grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        platform = self.mock.issuer()
        issuer = self.mock.issuer(spec={"strictness": "strict", "clients": []})
        issuer.add_client(
            "deployer",
            token_endpoint_auth_method="federated_jwt",
            grant_types=[grant_type],
            scope="deploy",
        )
        document: TrustDocument = {
            "issuer": platform.url,
            "rules": [
                {
                    "name": "deploy",
                    "client_id": "deployer",
                    "conditions": [{"claim": "sub", "equals": "job"}],
                }
            ],
        }
        issuer.add_trusted_issuer(document)
        self.assertEqual(issuer.trusted_issuers(), [document])
        assertion = platform.mint({"sub": "job", "aud": issuer.url}, typ="JWT")
        ask: dict[str, Any] = {"client_id": None, "grant_type": grant_type, "assertion": assertion}
        claims = decode(issuer.token(**ask)["access_token"]).claims
        self.assertEqual(claims["client_id"], "deployer")
        issuer.remove_trusted_issuer(platform.url)
        self.assertEqual(issuer.trusted_issuers(), [])
        self.assertEqual(self.refused(issuer.token, **ask).error, "invalid_grant")

    def test_claim_rules(self) -> None:
        issuer = self.mock.issuer()
        issuer.add_claim_rule(match={"client_id": "bill*"}, access_token={"tenant": "${client_id}"})
        self.assertEqual(
            issuer.claim_rules(),
            [
                {
                    "id": 1,
                    "match": {"client_id": "bill*"},
                    "access_token": {"tenant": "${client_id}"},
                }
            ],
        )
        other = issuer.add_claim_rule(access_token={"tenant": "other"}, next_login=True)
        issuer.remove_claim_rule(other["id"])
        self.assertEqual([rule["id"] for rule in issuer.claim_rules()], [1])
        self.assertEqual(
            decode(issuer.token(client_id="billing")["access_token"]).claims["tenant"], "billing"
        )
        issuer.clear_claim_rules()
        self.assertNotIn("tenant", decode(issuer.token(client_id="billing")["access_token"]).claims)


class Clocks(WithMock):
    def test_a_token_expires_when_the_clock_is_moved(self) -> None:
        issuer = self.mock.issuer()
        answer = issuer.token()
        self.assertTrue(introspect(issuer, answer["access_token"])["active"])
        issuer.clock.advance(answer["expires_in"] + 1)
        self.assertFalse(introspect(issuer, answer["access_token"])["active"])
        issuer.clock.advance(timedelta(hours=-1))
        self.assertTrue(introspect(issuer, answer["access_token"])["active"])

    def test_set_freeze_resume_reset(self) -> None:
        clock = self.mock.issuer().clock
        self.assertEqual(clock.freeze(1_700_000_000).now, 1_700_000_000)
        self.assertEqual((clock.now(), clock.state().frozen), (1_700_000_000, True))
        self.assertEqual(clock.advance(60).now, 1_700_000_060)
        self.assertEqual(clock.set(datetime(2030, 1, 1, tzinfo=timezone.utc)).now, 1_893_456_000)
        self.assertFalse(clock.resume().frozen)
        self.assertTrue(clock.freeze().frozen)
        state = clock.reset()
        self.assertEqual((state.frozen, state.offset), (False, 0))
        self.assertAlmostEqual(clock.now(), time.time(), delta=5)


class KeysOfAnIssuer(WithMock):
    def test_a_rotation_is_seen_in_jwks(self) -> None:
        issuer = self.mock.issuer()
        before, old = kids(issuer), signer(issuer)
        keys = issuer.keys.rotate("RS256")
        now = signer(issuer)
        self.assertNotEqual(now, old)
        self.assertEqual(set(kids(issuer)), {*before, now})
        self.assertEqual(keys, issuer.keys.list())
        self.assertTrue(any(key.kid == now and key.signs and key.published for key in keys))

    def test_published_then_switched_to_then_retired(self) -> None:
        issuer = self.mock.issuer()
        old = signer(issuer)
        (new,) = [
            key.kid for key in issuer.keys.publish("RS256") if key.alg == "RS256" and not key.signs
        ]
        self.assertEqual(signer(issuer), old)
        self.assertIn(new, kids(issuer))
        issuer.keys.switch("RS256")
        self.assertEqual(signer(issuer), new)
        issuer.keys.retire()
        self.assertNotIn(old, kids(issuer))

    def test_a_key_that_jwks_does_not_show(self) -> None:
        issuer = self.mock.issuer()
        issuer.keys.switch_unpublished("RS256")
        self.assertNotIn(signer(issuer), kids(issuer))

    def test_nothing_to_switch_to(self) -> None:
        self.assertEqual(self.refused(self.mock.issuer().keys.switch).status, 400)


class Journal(WithMock):
    def test_lists_counts_and_forgets(self) -> None:
        issuer = self.mock.issuer()
        issuer.token(client_id="a")
        issuer.token(client_id="b", scope="read")
        (entry,) = issuer.journal(client_id="b")
        self.assertEqual(
            (entry.endpoint, entry.method, entry.status, entry.parameters["scope"]),
            ("token", "POST", 200, "read"),
        )
        self.assertEqual(
            issuer.count(endpoint="token", grant_type="client_credentials", status=200), 2
        )
        self.assertEqual(issuer.count(after=entry.id - 1), 1)
        issuer.clear_journal()
        self.assertEqual(issuer.count(), 0)

    def test_take_yields_each_once_the_oldest_first(self) -> None:
        issuer = self.mock.issuer()
        issuer.token(client_id="a")
        issuer.token(client_id="b")
        self.assertEqual(issuer.take().client_id, "a")
        self.assertEqual(issuer.take(endpoint="token").client_id, "b")

    def test_take_waits(self) -> None:
        issuer = self.mock.issuer()
        app = threading.Timer(0.05, self.ask, [issuer])
        app.start()
        self.assertEqual(issuer.take(client_id="late").client_id, "late")
        app.join()

    @staticmethod
    def ask(issuer: Issuer) -> None:
        issuer.token(client_id="early")
        issuer.token(client_id="late")

    def test_take_says_what_came_instead(self) -> None:
        issuer = self.mock.issuer()
        error = self.refused(issuer.take, endpoint="token", timeout=0.01)
        self.assertEqual(
            str(error),
            f"nothing to take within 0.01 s: no request endpoint=token\n  {issuer.url} got none at all",
        )
        issuer.token(client_id="web")
        error = self.refused(issuer.take, client_id="billing", timeout=0)
        self.assertEqual(
            str(error).splitlines()[2].strip(),
            "#1 POST token 200 client_id=web grant_type=client_credentials",
        )


class Types(WithMock):
    def test_they_name_what_the_mock_does(self) -> None:
        schemas = get(f"{self.mock.url}/_mock/openapi.json")["components"]["schemas"]
        for schema, kind in {
            "IssuerSpec": jeton_mock.IssuerSpec,
            "User": jeton_mock.User,
            "ClaimRule": jeton_mock.ClaimRule,
            "ClaimMatch": jeton_mock.ClaimMatch,
            "Fault": jeton_mock.Fault,
            "FaultState": jeton_mock.FaultState,
            "Matcher": jeton_mock.Matcher,
            "CustomResponse": jeton_mock.CustomResponse,
            "ClockSpec": jeton_mock.ClockSpec,
            "Clock": jeton_mock.ClockState,
            "Issuer": jeton_mock.IssuerInfo,
            "Key": jeton_mock.Key,
            "Entry": jeton_mock.Entry,
        }.items():
            self.assertEqual(set(get_type_hints(kind)), set(schemas[schema]["properties"]), schema)
        self.assertLessEqual(
            set(get_type_hints(jeton_mock.Client)), set(schemas["ClientMetadata"]["properties"])
        )


if __name__ == "__main__":
    unittest.main()
