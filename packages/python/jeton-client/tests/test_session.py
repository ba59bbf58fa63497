"""A person's session, from the login to its end."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Optional
from urllib.parse import parse_qs, urlsplit

import httpx
from support import ISSUER, REDIRECT, Both, Server, Time, begin, failure, lost, ok, refused, run

from jeton_client import (
    AsyncSession,
    Client,
    FolderStore,
    MemoryStore,
    Session,
    Store,
    dpop_key,
    none,
    platform_token,
)
from jeton_client._jose import encode

KEY = "a key for the session of a person"
SCOPE = "openid profile offline_access"


def begun(store: Optional[Store] = None, **options: Any) -> tuple[Time, Server, Client, Session]:
    time, server, client = begin(authentication=none(), **options)
    return time, server, client, client.session(store or MemoryStore(), KEY, REDIRECT, SCOPE)


def logged_in(
    store: Optional[Store] = None, **options: Any
) -> tuple[Time, Server, Client, Session]:
    time, server, client, session = begun(store, **options)
    session.callback(server.authorize(session.login().url))
    return time, server, client, session


def parameters(url: Optional[str]) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url or "").query).items()}


class Failing(MemoryStore):
    """Fails so many times."""

    failures = 0

    def set(self, name: str, value: Optional[bytes], expected: Optional[str]) -> bool:
        self.fail()
        return super().set(name, value, expected)

    def get(self, name: str) -> Any:
        self.fail()
        return super().get(name)

    def fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("the disk")


def fails_then(store: Failing, server: Server, failures: int) -> Callable[[Any], httpx.Response]:
    """An answer, after which the store fails."""

    def answer(asked: Any) -> httpx.Response:
        store.failures = failures
        return server.usual(asked)

    return answer


class Login(unittest.TestCase):
    def test_the_address_code_pkce_state_nonce(self) -> None:
        _, server, _, session = begun()
        url = session.login(parameters={"prompt": "login", "state": "of the caller"}).url
        asked = parameters(url)
        self.assertTrue(url.startswith(f"{ISSUER}/authorization?"))
        self.assertEqual(
            {name: asked[name] for name in ("response_type", "client_id", "redirect_uri", "scope")},
            {
                "response_type": "code",
                "client_id": "app",
                "redirect_uri": REDIRECT,
                "scope": SCOPE,
            },
        )
        self.assertEqual((asked["code_challenge_method"], asked["prompt"]), ("S256", "login"))
        again = parameters(session.login().url)
        for name in ("state", "nonce", "code_challenge"):
            self.assertEqual(len(asked[name]), 43)
            self.assertNotEqual(asked[name], again[name])
        self.assertNotIn("dpop_jkt", asked)
        self.assertEqual(server.count(), 0)

    def test_who_it_is_and_a_token(self) -> None:
        _, server, _, session = begun()
        claims = session.callback(server.authorize(session.login().url))
        self.assertEqual((claims or {})["sub"], "alice")
        self.assertEqual(session.id_claims(), claims)
        self.assertEqual(session.access_token().access_token, "access-token-1")
        (asked,) = server.to()
        self.assertEqual(asked.form["redirect_uri"], REDIRECT)
        self.assertEqual(len(asked.form["code_verifier"]), 43)

    def test_a_callback_of_the_path_alone(self) -> None:
        _, server, _, session = begun()
        url = server.authorize(session.login().url)
        session.callback(url[len("https://app.example") :])
        self.assertTrue(session.access_token().access_token)

    def test_without_openid_nobody_is_known(self) -> None:
        _, server, client, _ = begun()
        session = client.session(MemoryStore(), KEY, REDIRECT, "read")
        url = session.login().url
        self.assertNotIn("nonce", parameters(url))
        server.script["/token"] = [
            ok({"access_token": "a", "token_type": "Bearer", "refresh_token": "r"})
        ]
        self.assertIsNone(session.callback(server.authorize(url)))
        self.assertEqual(session.access_token().scope, "read")

    def test_callbacks_that_are_not_ours(self) -> None:
        for changed, kind, code in (
            ({"state": "another"}, "caller", "state_mismatch"),
            ({"state": None}, "caller", "state_mismatch"),
            ({"iss": "https://other.example"}, "server", "issuer_mismatch"),
            ({"iss": None}, "server", "issuer_mismatch"),
            ({"code": None}, "server", "invalid_response"),
            ({"code": None, "error": "access_denied"}, "caller", "access_denied"),
            ({"code": None, "error": "login_required"}, "caller", "access_denied"),
            ({"code": None, "error": "server_error"}, "server", "server_error"),
            (
                {"error": "invalid_scope", "iss": "https://other.example"},
                "server",
                "issuer_mismatch",
            ),
        ):
            _, server, _, session = begun()
            url = server.authorize(session.login().url, **changed)
            error = failure(lambda url=url, session=session: session.callback(url))  # type: ignore[misc]
            self.assertEqual((error.fault, error.code), (kind, code), changed)
            self.assertEqual(server.count(), 0)

    def test_a_parameter_twice(self) -> None:
        _, server, _, session = begun()
        url = server.authorize(session.login().url)
        error = failure(lambda: session.callback(f"{url}&code=another"))
        self.assertEqual(error.code, "invalid_response")
        self.assertEqual(server.count(), 0)

    def test_no_iss_where_metadata_promises_none(self) -> None:
        _, server, _, session = begun()
        del server.metadata["authorization_response_iss_parameter_supported"]
        session.callback(server.authorize(session.login().url, iss=None))
        self.assertTrue(session.access_token())

    def test_a_callback_counts_once_and_is_not_sent_again(self) -> None:
        _, server, _, session = begun()
        url = server.authorize(session.login().url)
        session.callback(url)
        self.assertEqual(failure(lambda: session.callback(url)).code, "state_mismatch")
        url = server.authorize(session.login().url)
        server.script["/token"] = [lost()]
        self.assertEqual(failure(lambda: session.callback(url)).code, "unreachable")
        self.assertEqual(server.count(), 2)

    def test_two_tabs_and_a_login_that_took_too_long(self) -> None:
        time, server, _, session = begun()
        first, second = session.login().url, session.login().url
        session.callback(server.authorize(first))
        time.now += 1801
        error = failure(lambda: session.callback(server.authorize(second)))
        self.assertEqual((error.fault, error.code), ("caller", "login_expired"))

    def test_a_server_that_is_away_uses_up_no_login(self) -> None:
        store = MemoryStore()
        _, server, _, session = begun(store)
        url = server.authorize(session.login().url)
        other = Both(Time(), server, authentication=none()).threaded()
        returned = other.session(store, KEY, REDIRECT, SCOPE)
        server.script["/.well-known/oauth-authorization-server"] = [lost()] * 3
        self.assertEqual(failure(lambda: returned.callback(url)).code, "unreachable")
        self.assertEqual((returned.callback(url) or {})["sub"], "alice")

    def test_names_that_look_like_another_record(self) -> None:
        store = MemoryStore()
        _, server, client, session = begun(store)
        url = session.login().url
        for name in ("default logins", "default.login", "logins/default", "default.logins"):
            other = client.session(store, KEY, REDIRECT, SCOPE, name=name)
            other.callback(server.authorize(other.login().url))
        session.callback(server.authorize(url))
        self.assertTrue(session.access_token())

    def test_an_id_token_that_nobody_asked_for(self) -> None:
        _, server, client, _ = begun()
        session = client.session(MemoryStore(), KEY, REDIRECT, "read")
        url = session.login().url
        answer = {"access_token": "a", "token_type": "Bearer", "id_token": "of-nobody"}
        server.script["/token"] = [ok(answer)]
        self.assertIsNone(session.callback(server.authorize(url)))

    def test_eight_logins_at_most(self) -> None:
        _, server, _, session = begun()
        first, *others = [session.login().url for _ in range(9)]
        error = failure(lambda: session.callback(server.authorize(first)))
        self.assertEqual(error.code, "state_mismatch")
        session.callback(server.authorize(others[0]))

    def test_stateless_by_a_sealed_text(self) -> None:
        _, server, client, session = begun()
        started = session.login(stateless=True)
        transaction = started.transaction or ""
        self.assertNotIn(transaction, repr(started))
        for secret in ("state", "nonce"):
            self.assertNotIn(parameters(started.url)[secret], transaction)
        url = server.authorize(started.url)
        self.assertEqual(failure(lambda: session.callback(url)).code, "state_mismatch")
        other = client.session(MemoryStore(), "another key of another person", REDIRECT, SCOPE)
        for where, text in (
            (other, transaction),
            (session, "AAAA"),
            (session, "ä!"),
            (session, ""),
        ):
            error = failure(lambda where=where, text=text: where.callback(url, text))  # type: ignore[misc]
            self.assertEqual(error.code, "state_mismatch")
        session.callback(url, transaction)
        self.assertTrue(session.access_token())

    def test_a_record_passes_for_no_ticket(self) -> None:
        store = MemoryStore()
        _, server, client, session = begun(store)
        other = client.session(store, KEY, REDIRECT, SCOPE, name="default ticket")
        other.callback(server.authorize(other.login().url))
        value, _ = store.get("session/default ticket") or (b"", "")
        url = server.authorize(session.login().url)
        error = failure(lambda: session.callback(url, encode(value)))
        self.assertEqual(error.code, "state_mismatch")

    def test_with_dpop_the_code_is_bound_to_the_key(self) -> None:
        key = dpop_key()
        _, server, _, session = begun(dpop=key)
        server.token_type = "DPoP"
        server.metadata["dpop_signing_alg_values_supported"] = ["ES256"]
        url = session.login().url
        self.assertEqual(parameters(url)["dpop_jkt"], key.thumbprint())
        session.callback(server.authorize(url))
        self.assertEqual(session.access_token().token_type, "DPoP")


class IdToken(unittest.TestCase):
    def refused(self, claims: dict[str, Any], issuer: str = ISSUER) -> str:
        time = Time()
        server = Server(time, issuer)
        server.id_claims = claims
        client = Both(time, server, authentication=none()).threaded()
        session = client.session(MemoryStore(), KEY, REDIRECT, SCOPE)
        error = failure(lambda: session.callback(server.authorize(session.login().url)))
        self.assertEqual(error.fault, "server")
        self.assertEqual(failure(session.access_token).code, "not_logged_in")
        return error.code

    def test_of_another_login_server_or_client(self) -> None:
        for claims, code in (
            ({"nonce": "another"}, "nonce_mismatch"),
            ({"nonce": None}, "nonce_mismatch"),
            ({"nonce": "\ud800"}, "nonce_mismatch"),
            ({"exp": 10**400}, "invalid_response"),
            ({"iss": "https://other.example"}, "invalid_response"),
            ({"aud": "another"}, "invalid_response"),
            ({"aud": ["app", "another"]}, "invalid_response"),
            ({"aud": ["app", "another"], "azp": "another"}, "invalid_response"),
            ({"azp": "another"}, "invalid_response"),
            ({"exp": 1_799_999_000}, "invalid_response"),
            ({"exp": None}, "invalid_response"),
            ({"iat": 1_800_000_600}, "invalid_response"),
            ({"iat": "today"}, "invalid_response"),
            ({"sub": 7}, "invalid_response"),
            ({"sub": ""}, "invalid_response"),
        ):
            self.assertEqual(self.refused(claims), code, claims)

    def test_that_is_none(self) -> None:
        for token in (None, "a", "a.b.c", "e30.W10.AAAA", "x" * 100_000):
            _, server, _, session = begun()
            answer = {"access_token": "a", "token_type": "Bearer", "id_token": token}
            server.script["/token"] = [ok(answer)]
            error = failure(
                lambda server=server, session=session: session.callback(  # type: ignore[misc]
                    server.authorize(session.login().url)
                )
            )
            self.assertEqual(error.code, "invalid_response")

    def test_its_signature_where_there_was_no_tls(self) -> None:
        issuer = "http://localhost:1234"

        def callback(keys: Callable[[Server], Any]) -> Any:
            time = Time()
            server = Server(time, issuer)
            server.script["/jwks"] = [ok(keys(server))]
            client = Both(time, server, authentication=none()).threaded()
            session = client.session(MemoryStore(), KEY, REDIRECT, SCOPE)
            return session.callback(server.authorize(session.login().url))

        good = callback(lambda server: {"keys": [{"kty": "EC"}, server.key.public_jwk]})
        self.assertEqual(good["sub"], "alice")
        bad: list[Callable[[Server], Any]] = [
            lambda server: {"keys": []},
            lambda server: {"keys": "none"},
            lambda server: {"keys": [{**server.key.public_jwk, "use": "enc"}]},
            lambda server: {"keys": [{**server.key.public_jwk, "alg": "ES384"}]},
            lambda server: {"keys": [dpop_key().public_jwk, {"kty": "oct", "k": "AAAA"}, 7]},
        ]
        for keys in bad:
            error = failure(lambda keys=keys: callback(keys))  # type: ignore[misc]
            self.assertEqual(error.code, "invalid_response")


class Refresh(unittest.TestCase):
    def sent(self, server: Server) -> list[str]:
        return [
            asked.form["refresh_token"] for asked in server.to() if "refresh_token" in asked.form
        ]

    def test_ahead_of_expiry_by_the_newest_refresh_token(self) -> None:
        time, server, _, session = logged_in()
        for _ in range(3):
            time.now += 290
            session.access_token()
            session.access_token()
        self.assertEqual(
            self.sent(server), ["refresh-token-1", "refresh-token-2", "refresh-token-3"]
        )
        self.assertEqual((session.id_claims() or {})["sub"], "alice")

    def test_without_another_the_same_goes_on(self) -> None:
        time, server, _, session = logged_in()
        time.now += 301
        server.script["/token"] = [
            ok({"access_token": "a", "token_type": "Bearer", "expires_in": 300})
        ] * 2
        session.access_token()
        time.now += 301
        session.access_token()
        self.assertEqual(self.sent(server), ["refresh-token-1"] * 2)

    def test_for_the_resources_of_the_session(self) -> None:
        time, server, client, _ = begun()
        resource = ["https://a.example", "https://b.example"]
        session = client.session(MemoryStore(), KEY, REDIRECT, SCOPE, resource=resource)
        url = session.login().url
        self.assertEqual(parse_qs(urlsplit(url).query)["resource"], resource)
        session.callback(server.authorize(url))
        time.now += 301
        session.access_token()
        session.device().wait()
        self.assertEqual([asked.resources for asked in server.to()], [resource] * 3)
        self.assertEqual(server.to("/device_authorization")[0].resources, resource)

    def test_many_threads_one_request(self) -> None:
        time, server, _, session = logged_in()
        time.now += 301
        barrier = threading.Barrier(50)

        def ask() -> str:
            barrier.wait()
            return session.access_token().access_token

        with ThreadPoolExecutor(50) as pool:
            tokens = {one.result() for one in [pool.submit(ask) for _ in range(50)]}
        self.assertEqual(len(tokens), 1)
        self.assertEqual(server.count(), 2)

    def test_a_lost_answer_the_same_again_at_once_and_once_more(self) -> None:
        for faults in ([lost()], [lost(), httpx.Response(502)], [httpx.ReadTimeout("late")] * 2):
            time, server, _, session = logged_in()
            time.now += 301
            server.script["/token"] = [*faults]
            session.access_token()
            self.assertEqual(self.sent(server), ["refresh-token-1"] * (len(faults) + 1))
            self.assertLess(sum(time.slept), 1)

    def test_never_later_than_the_window(self) -> None:
        time, server, _, session = logged_in()
        time.now += 301

        def slow(asked: Any) -> httpx.Response:
            time.now += 5
            raise httpx.ReadTimeout("late")

        since = time.now
        server.script["/token"] = [slow] * 3
        error = failure(session.access_token)
        self.assertEqual((error.fault, error.code), ("network", "timeout"))
        self.assertEqual(len(self.sent(server)), 2)
        self.assertLessEqual(time.now - since, 10)
        # Nobody is logged out by it: nothing is known of what became of it.
        self.assertEqual(session.access_token().access_token, "access-token-2")

    def test_a_server_that_asks_to_wait_longer_is_not_waited_for(self) -> None:
        time, server, _, session = logged_in()
        time.now += 301
        server.script["/token"] = [httpx.Response(503, headers={"retry-after": "30"})]
        error = failure(session.access_token)
        self.assertEqual((error.code, error.retry_after), ("temporarily_unavailable", 30))
        self.assertEqual(len(self.sent(server)), 1)

    def test_what_stands_while_the_service_is_away(self) -> None:
        time, server, _, session = logged_in()
        old = session.access_token()
        time.now += 290
        server.script["/token"] = [lost()] * 3
        self.assertEqual(session.access_token(), old)
        self.assertEqual(session.access_token(), old)
        self.assertEqual(len(self.sent(server)), 3)

    def test_invalid_grant_nobody_is_logged_in_any_more(self) -> None:
        store = MemoryStore()
        time, server, _, session = logged_in(store)
        time.now += 301
        server.script["/token"] = [refused("invalid_grant")]
        for _ in range(2):
            error = failure(session.access_token)
            self.assertEqual((error.fault, error.code), ("caller", "not_logged_in"))
        self.assertIsNone(store.get("session/default"))
        self.assertEqual(server.count(), 2)

    def test_invalid_grant_though_another_process_has_refreshed(self) -> None:
        store = MemoryStore()
        time, server, client, session = logged_in(store)
        other = client.session(store, KEY, REDIRECT, SCOPE)
        time.now += 301

        def meanwhile(asked: Any) -> httpx.Response:
            # This process stood still, its lease passed, and the other took over.
            time.now += 9
            other.access_token()
            return refused("invalid_grant")

        server.script["/token"] = [meanwhile]
        self.assertEqual(session.access_token(), other.access_token())

    def test_a_process_that_stood_still_overwrites_nothing(self) -> None:
        store = MemoryStore()
        time, server, client, session = logged_in(store)
        other = client.session(store, KEY, REDIRECT, SCOPE)
        time.now += 301

        def meanwhile(asked: Any) -> httpx.Response:
            time.now += 9
            other.access_token()
            return server.usual(asked)

        server.script["/token"] = [meanwhile]
        session.access_token()
        session.forget()
        self.assertEqual(session.access_token(), other.access_token())

    def test_who_stood_still_before_sending_does_not_send(self) -> None:
        store = MemoryStore()

        class Slow(MemoryStore):
            def get(self, name: str) -> Any:
                found = store.get(name)
                # The second read is the one after the lease.
                if reads and not reads.pop():
                    time.now += 60
                    other.access_token()
                return found

            def set(self, name: str, value: Optional[bytes], expected: Optional[str]) -> bool:
                return store.set(name, value, expected)

        reads: list[bool] = []
        time, server, client, session = logged_in(Slow())
        other = client.session(store, KEY, REDIRECT, SCOPE)
        time.now += 301
        reads.extend([False, True])
        self.assertEqual(session.access_token(), other.access_token())
        self.assertEqual(self.sent(server), ["refresh-token-1"])

    def test_a_lease_is_waited_for_and_one_that_passed_is_taken_over(self) -> None:
        store = MemoryStore()
        time, server, client, session = logged_in(store)
        time.now += 301

        def dies(asked: Any) -> httpx.Response:
            raise KeyboardInterrupt

        server.script["/token"] = [dies]
        with self.assertRaises(KeyboardInterrupt):
            session.access_token()
        other = client.session(store, KEY, REDIRECT, SCOPE)
        since = time.now
        self.assertTrue(other.access_token())
        self.assertTrue(7 <= time.now - since <= 9.5, time.now - since)
        self.assertTrue(all(0.03 <= pause <= 0.7 for pause in time.slept), time.slept)

    def leased(self, store: MemoryStore, session: Session, seconds: float) -> None:
        """As by another process."""
        shelf, drive = session._steps._record, session._drive
        found = drive.run(shelf.find())
        record = found.as_record()
        assert record is not None
        until = session._steps._surroundings.clock() + seconds
        drive.run(shelf.put(record.leased("another", until), found.version))

    def test_a_lease_by_a_clock_that_is_ahead(self) -> None:
        store = MemoryStore()
        time, _, _, session = logged_in(store)
        time.now += 301
        self.leased(store, session, 86_400)
        self.assertTrue(session.access_token())
        self.assertEqual(time.slept, [])

    def test_leases_without_end_are_given_up_on(self) -> None:
        store = MemoryStore()
        time, _, client, session = logged_in(store)
        time.now += 301

        class Busy(MemoryStore):
            def get(self, name: str) -> Any:
                if name == "session/default":
                    outer.leased(store, session, 8)
                return store.get(name)

        outer, since = self, time.now
        busy = client.session(Busy(), KEY, REDIRECT, SCOPE)
        error = failure(busy.access_token)
        self.assertEqual((error.fault, error.code), ("network", "timeout"))
        self.assertTrue(30 <= time.now - since <= 32)

    def test_who_was_held_up_after_the_lease_does_not_send(self) -> None:
        # By the platform; and by the server, which asks to wait, and then by the platform.
        for answers, delays, sent in (
            ([], [7.5], 0),
            ([httpx.Response(503, headers={"retry-after": "4"})], [4.0, 0.0], 1),
        ):
            held_up: list[float] = []
            platform = Time()

            def slow(time: Time = platform, held_up: list[float] = held_up) -> str:
                time.now += held_up.pop() if held_up else 0
                return "a-token-of-the-platform"

            server = Server(platform)
            client = Both(platform, server, authentication=platform_token(slow)).threaded()
            session = client.session(MemoryStore(), KEY, REDIRECT, SCOPE)
            session.callback(server.authorize(session.login().url))
            before = server.count()
            platform.now += 301
            server.script["/token"] = [*answers]
            held_up.extend(delays)
            self.assertEqual(failure(session.access_token).fault, "network")
            self.assertEqual(server.count() - before, sent)

    def test_a_store_that_fails_for_a_moment_after_the_refresh(self) -> None:
        for failures in (1, 4):
            store = Failing()
            time, server, client, session = logged_in(store)
            time.now += 301
            server.script["/token"] = [fails_then(store, server, failures)]
            token = session.access_token()
            self.assertEqual(token.access_token, "access-token-2")
            other = client.session(store, KEY, REDIRECT, SCOPE)
            self.assertEqual(other.access_token(), token)
            self.assertEqual(server.count(), 2)

    def test_a_store_that_fails_for_long_after_the_refresh(self) -> None:
        store = Failing()
        time, server, _, session = logged_in(store)
        time.now += 301
        server.script["/token"] = [fails_then(store, server, 30)]
        token = session.access_token()
        time.now += 20
        self.assertEqual(session.access_token(), token)
        time.now += 300
        error = failure(session.access_token)
        self.assertEqual(error.code, "invalid_configuration")
        store.failures = 0
        # It is written, and then used.
        self.assertEqual(session.access_token().access_token, "access-token-3")
        self.assertEqual(self.sent(server), ["refresh-token-1", "refresh-token-2"])

    def test_a_store_that_fails_where_the_token_is_good(self) -> None:
        store = Failing()
        time, _, _, session = logged_in(store)
        token = session.access_token()
        store.failures = 1000
        time.now += 30
        self.assertEqual(session.access_token(), token)
        time.now += 300
        self.assertEqual(failure(session.access_token).code, "invalid_configuration")

    def test_a_store_in_which_somebody_always_comes_first(self) -> None:
        class Busy(MemoryStore):
            def set(self, name: str, value: Optional[bytes], expected: Optional[str]) -> bool:
                return False

        time, _, _, session = begun(Busy())
        error = failure(session.login)
        self.assertEqual(error.code, "invalid_configuration")
        self.assertTrue(time.slept)

    def test_whoever_lost_the_lease_keeps_what_the_refresh_brought(self) -> None:
        store = MemoryStore()
        time, server, client, session = logged_in(store)
        other = client.session(store, KEY, REDIRECT, SCOPE)
        time.now += 301

        def meanwhile(asked: Any) -> httpx.Response:
            answer = server.usual(asked)
            time.now += 9
            server.script["/token"] = [refused("invalid_grant")]
            self.assertEqual(failure(other.access_token).code, "not_logged_in")
            return answer

        server.script["/token"] = [meanwhile]
        token = session.access_token()
        other.forget()
        self.assertEqual(other.access_token(), token)

    def test_the_id_token_of_a_refresh(self) -> None:
        for id_token, stands in (
            ({"sub": "alice"}, True),
            ({"sub": "bob", "iss": "https://other.example"}, True),
            ({"sub": "bob", "aud": "another"}, True),
            ({"sub": 7}, True),
            ("of-nobody", True),
            ("a.b.c", True),
            ({"sub": "bob"}, False),
            ({"sub": "bob", "aud": ["app"]}, False),
        ):
            store = MemoryStore()
            time, server, _, session = logged_in(store)
            claims = session.id_claims()
            time.now += 301
            text = id_token
            if isinstance(id_token, dict):
                text = server.key.sign({}, {"iss": ISSUER, "aud": "app", **id_token})
            answer = {
                "access_token": "access-token-next",
                "token_type": "Bearer",
                "expires_in": 300,
                "refresh_token": "refresh-token-next",
                "id_token": text,
            }
            server.script["/token"] = [ok(answer)]
            if stands:
                self.assertEqual(session.access_token().access_token, "access-token-next")
                self.assertEqual(session.id_claims(), claims)
                continue
            self.assertEqual(failure(session.access_token).code, "not_logged_in")
            self.assertIsNone(store.get("session/default"))
            (revoked,) = server.to("/revocation")
            self.assertEqual(revoked.form["token"], "refresh-token-next")

    def test_while_another_refreshes_what_stands_is_good(self) -> None:
        store = MemoryStore()
        time, server, client, session = logged_in(store)
        old = session.access_token()
        other = client.session(store, KEY, REDIRECT, SCOPE)
        time.now += 290

        def meanwhile(asked: Any) -> httpx.Response:
            self.assertEqual(other.access_token(), old)
            return server.usual(asked)

        server.script["/token"] = [meanwhile]
        self.assertNotEqual(session.access_token(), old)
        self.assertEqual(time.slept, [])

    def test_a_token_that_an_api_refused_is_replaced(self) -> None:
        _, server, _, session = logged_in()
        tokens = []

        def handle(request: httpx.Request) -> httpx.Response:
            tokens.append(request.headers["authorization"])
            return httpx.Response(401 if len(tokens) == 1 else 200)

        transport = httpx.MockTransport(handle)
        with httpx.Client(auth=session.auth(), transport=transport) as http:
            self.assertEqual(http.get("https://api.example").status_code, 200)
        self.assertEqual(tokens, ["Bearer access-token-1", "Bearer access-token-2"])
        self.assertEqual(server.count(), 2)

    def test_no_refresh_token(self) -> None:
        time, server, _, session = begun()
        url = session.login().url
        answer = httpx.Response

        def without(asked: Any) -> httpx.Response:
            body = server.usual(asked).json()
            del body["refresh_token"]
            return answer(200, json=body)

        server.script["/token"] = [without]
        session.callback(server.authorize(url))
        time.now += 299
        self.assertTrue(session.access_token())
        time.now += 2
        self.assertEqual(failure(session.access_token).code, "not_logged_in")

    def test_a_key_of_no_length(self) -> None:
        _, _, client, _ = begun()
        for key in ("", "short", b"15 bytes of it."):
            error = failure(lambda key=key: client.session(MemoryStore(), key))  # type: ignore[misc]
            self.assertEqual(error.code, "invalid_configuration")


class Logout(unittest.TestCase):
    def test_here_at_the_server_and_in_the_browser(self) -> None:
        store = MemoryStore()
        _, server, _, session = logged_in(store)
        done = session.logout("https://app.example/bye")
        self.assertTrue(done.revoked)
        (asked,) = server.to("/revocation")
        self.assertEqual(asked.form["token"], "refresh-token-1")
        given = parameters(done.url)
        self.assertEqual(given["post_logout_redirect_uri"], "https://app.example/bye")
        self.assertNotIn(given["id_token_hint"], repr(done))
        self.assertEqual(failure(session.access_token).code, "not_logged_in")
        self.assertIsNone(store.get("session/default"))

    def test_what_only_openids_document_says(self) -> None:
        place = "/.well-known/openid-configuration"
        _, server, client, session = begun()
        server.apart = {"end_session_endpoint", "id_token_signing_alg_values_supported"}
        session.callback(server.authorize(session.login().url))
        url = session.logout().url or ""
        self.assertTrue(url.startswith(f"{ISSUER}/end_session?"))
        self.assertEqual(server.count(place), 1)
        # A machine, and a person without OpenID, have no use for it.
        _, server, client, _ = begun()
        server.apart = {"end_session_endpoint", "id_token_signing_alg_values_supported"}
        client.token()
        client.session(MemoryStore(), KEY, REDIRECT, "read").login()
        self.assertEqual(server.count(place), 0)

    def test_a_server_that_has_no_document_of_openid(self) -> None:
        _, server, _, session = begun()
        del server.metadata["id_token_signing_alg_values_supported"]
        session.callback(server.authorize(session.login().url))
        self.assertTrue(session.access_token())
        self.assertEqual(server.count("/.well-known/openid-configuration"), 1)

    def test_here_though_the_server_is_away(self) -> None:
        _, server, _, session = logged_in()
        server.script["/revocation"] = [lost()] * 3
        self.assertFalse(session.logout().revoked)
        self.assertEqual(failure(session.access_token).code, "not_logged_in")

    def test_nobody_is_logged_in(self) -> None:
        _, server, _, session = begun()
        self.assertIsNone(session.logout().url)
        self.assertEqual(server.count("/revocation"), 0)

    def test_a_refresh_that_is_under_way_brings_nobody_back(self) -> None:
        store = MemoryStore()
        time, server, client, session = logged_in(store)
        time.now += 301

        def meanwhile(asked: Any) -> httpx.Response:
            client.session(store, KEY, REDIRECT, SCOPE).logout()
            return server.usual(asked)

        server.script["/token"] = [meanwhile]
        self.assertEqual(failure(session.access_token).code, "not_logged_in")
        self.assertIsNone(store.get("session/default"))
        revoked = [asked.form["token"] for asked in server.to("/revocation")]
        self.assertEqual(revoked, ["refresh-token-1", "refresh-token-2"])

    def test_elsewhere_it_is_noticed_soon(self) -> None:
        store = MemoryStore()
        time, server, client, session = logged_in(store)
        other = client.session(store, KEY, REDIRECT, SCOPE)
        other.access_token()
        session.logout()
        time.now += 10
        self.assertEqual(failure(other.access_token).code, "not_logged_in")
        session.callback(server.authorize(session.login().url))
        self.assertEqual(other.access_token(), session.access_token())
        # Another login as well.
        session.callback(server.authorize(session.login().url))
        time.now += 10
        self.assertEqual(other.access_token(), session.access_token())


class Asyncio(unittest.TestCase):
    def test_the_same_for_asyncio_with_a_store_of_either_kind(self) -> None:
        class Slow:
            def __init__(self) -> None:
                self.inner = MemoryStore()

            async def get(self, name: str) -> Optional[tuple[bytes, str]]:
                return self.inner.get(name)

            async def set(self, name: str, value: Optional[bytes], expected: Optional[str]) -> bool:
                return self.inner.set(name, value, expected)

        async def whole(session: AsyncSession, server: Server, time: Time) -> None:
            started = await session.login()
            claims = await session.callback(server.authorize(started.url))
            self.assertEqual(await session.id_claims(), claims)
            time.now += 301
            self.assertEqual((await session.access_token()).access_token, "access-token-2")
            transport = httpx.MockTransport(lambda request: httpx.Response(200))
            async with httpx.AsyncClient(auth=session.auth(), transport=transport) as http:
                answer = await http.get("https://api.example")
            self.assertEqual(answer.request.headers["authorization"], "Bearer access-token-2")
            session.forget()
            self.assertEqual((await session.access_token()).access_token, "access-token-2")
            self.assertTrue((await session.logout()).revoked)

        for store in (MemoryStore(), Slow()):
            time = Time()
            server = Server(time)
            client = Both(time, server, authentication=none()).asynchronous()
            run(whole(client.session(store, KEY, REDIRECT, SCOPE), server, time))


class Stores(unittest.TestCase):
    def each(self) -> Any:
        yield MemoryStore()
        with tempfile.TemporaryDirectory() as folder:
            yield FolderStore(Path(folder, "sessions"))

    def test_compare_and_swap(self) -> None:
        for store in self.each():
            self.assertIsNone(store.get("a"))
            self.assertFalse(store.set("a", b"1", "some"))
            self.assertFalse(store.set("a", None, "some"))
            self.assertTrue(store.set("a", b"1", None))
            self.assertFalse(store.set("a", b"2", None))
            value, first = store.get("a")
            self.assertEqual(value, b"1")
            self.assertTrue(store.set("a", b"1", first))
            _, second = store.get("a")
            self.assertNotEqual(first, second)
            self.assertFalse(store.set("a", b"2", first))
            self.assertTrue(store.set("a", None, second))
            self.assertIsNone(store.get("a"))
            # What was removed and made anew is another.
            self.assertTrue(store.set("a", b"1", None))
            self.assertFalse(store.set("a", b"2", second))
            self.assertTrue(store.set("../b/..", b"\n\x00\n", None))
            self.assertEqual(store.get("../b/..")[0], b"\n\x00\n")

    def test_of_many_writers_one_wins_each_time(self) -> None:
        for store in self.each():
            store.set("a", b"0", None)

            def count(store: Store = store) -> None:
                for _ in range(20):
                    while True:
                        value, version = store.get("a") or (b"", "")
                        if store.set("a", b"%d" % (int(value) + 1), version):
                            break

            with ThreadPoolExecutor(8) as pool:
                for one in [pool.submit(count) for _ in range(8)]:
                    one.result()
            self.assertEqual((store.get("a") or (b"",))[0], b"160")

    def test_a_folder_for_its_owner_alone_in_which_nothing_can_be_read(self) -> None:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent, "sessions")
            _, _, _, session = logged_in(FolderStore(folder))
            secrets = [b"access-token", b"refresh-token", b"alice", b"tokens.example"]
            for path in folder.iterdir():
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
                for secret in secrets:
                    self.assertNotIn(secret, path.read_bytes())
            if os.name == "posix":
                self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
            self.assertTrue(session.access_token())

    def test_another_key_or_damage_is_nobody_logged_in_and_changes_nothing(self) -> None:
        store = MemoryStore()
        _, server, client, session = logged_in(store)
        before = store.get("session/default")
        stranger = client.session(store, "the key of another person", REDIRECT, SCOPE)
        error = failure(stranger.access_token)
        self.assertEqual(error.code, "not_logged_in")
        self.assertIn("another key", str(error))
        self.assertEqual(store.get("session/default"), before)
        value, version = before or (b"", "")
        for damaged in (b"", value[:20], value[:-1] + b"\x00"):
            store.set("session/default", damaged, version)
            session.forget()
            self.assertEqual(failure(session.access_token).code, "not_logged_in")
            _, version = store.get("session/default") or (b"", "")
        session.callback(server.authorize(session.login().url))
        self.assertTrue(session.access_token())

    def test_a_record_of_another_name_is_none(self) -> None:
        store = MemoryStore()
        _, _, client, _ = logged_in(store)
        value, _ = store.get("session/default") or (b"", "")
        store.set("session/bob", value, None)
        bob = client.session(store, KEY, REDIRECT, SCOPE, name="bob")
        self.assertEqual(failure(bob.access_token).code, "not_logged_in")

    def test_a_store_that_fails(self) -> None:
        class Broken(MemoryStore):
            def get(self, name: str) -> Any:
                raise OSError("disk of refresh-token")

        _, _, _, session = begun(Broken())
        error = failure(session.access_token)
        self.assertEqual(error.code, "invalid_configuration")
        self.assertIn("OSError", str(error))

    def test_the_seal_is_of_the_key_and_the_name(self) -> None:
        from jeton_client._store import Seal

        seal = Seal(KEY, os.urandom)
        sealed = seal.close("a", b"value")
        self.assertEqual(seal.open("a", sealed), b"value")
        self.assertEqual(Seal(KEY.encode(), os.urandom).open("a", sealed), b"value")
        self.assertIsNone(seal.open("b", sealed))
        self.assertIsNone(seal.open("a", b""))
        self.assertNotEqual(sealed, seal.close("a", b"value"))


if __name__ == "__main__":
    unittest.main()
