"""A person's login on another device."""

from __future__ import annotations

import unittest
from typing import Any

import httpx
from support import ISSUER, Both, Server, Time, begin, failure, lost, ok, refused, run

from jeton_client import MemoryStore, none

PENDING = "authorization_pending"


def begun(*polls: Any) -> tuple[Time, Server, Any]:
    time, server, client = begin(authentication=none())
    server.script["/token"] = [refused(one) if isinstance(one, str) else one for one in polls]
    return time, server, client.device("openid read")


class Device(unittest.TestCase):
    def test_codes_and_then_a_token(self) -> None:
        time, server, device = begun(PENDING, PENDING)
        self.assertEqual(device.user_code, "WDJB-MJHT")
        self.assertEqual(device.verification_uri, f"{ISSUER}/device")
        self.assertEqual(device.verification_uri_complete, f"{ISSUER}/device?user_code=WDJB-MJHT")
        self.assertEqual(device.expires_at, time.now + 600)
        self.assertEqual(device.wait().access_token, "access-token-1")
        # Five seconds where the server does not say.
        self.assertEqual(time.slept, [5.0] * 3)
        (asked,) = server.to("/device_authorization")
        self.assertEqual(asked.form, {"client_id": "app", "scope": "openid read"})

    def test_a_session_knows_who_it_is(self) -> None:
        for claims, code in (
            ({}, None),
            ({"iss": "https://other.example"}, "invalid_response"),
        ):
            time, server, client = begin(authentication=none())
            session = client.session(MemoryStore(), "a key for the session", scope="openid")
            members = {"iss": ISSUER, "aud": "app", "sub": "alice", "iat": 1, "exp": time.now + 99}
            answer = {
                "access_token": "access-token",
                "token_type": "Bearer",
                "id_token": server.key.sign({}, {**members, **claims}),
            }
            server.script["/token"] = [ok(answer)]
            device = session.device()
            if code is not None:
                self.assertEqual(failure(device.wait).code, code)
                continue
            device.wait()
            self.assertEqual((session.id_claims() or {})["sub"], "alice")

    def test_slow_down_is_for_good(self) -> None:
        time, _, device = begun("slow_down", PENDING, "slow_down")
        device.wait()
        self.assertEqual(time.slept, [5.0, 10.0, 10.0, 15.0])

    def test_no_answer_and_the_next_ones_come_later(self) -> None:
        time, _, device = begun(lost(), lost(), httpx.Response(502), PENDING)
        device.wait()
        self.assertEqual(time.slept, [5.0, 10.0, 20.0, 40.0, 5.0])

    def test_retry_after(self) -> None:
        time, server, device = begun(httpx.Response(429, headers={"retry-after": "30"}))
        device.wait()
        self.assertEqual(time.slept, [5.0, 30.0])
        self.assertEqual(server.count(), 2)

    def test_the_ends(self) -> None:
        for answer, kind, code in (
            ("access_denied", "caller", "access_denied"),
            ("expired_token", "token", "expired_token"),
            ("invalid_client", "caller", "invalid_client"),
            ("invalid_grant", "token", "invalid_grant"),
        ):
            _, server, device = begun(PENDING, answer)
            error = failure(device.wait)
            self.assertEqual((error.fault, error.code), (kind, code))
            self.assertEqual(server.count(), 2)

    def test_nobody_enters_the_code(self) -> None:
        time, _, device = begun(*[PENDING] * 500)
        since = time.now
        self.assertEqual(failure(device.wait).code, "expired_token")
        self.assertLessEqual(time.now - since, 605)

    def test_what_a_terminal_must_not_show(self) -> None:
        good = {"device_code": "d", "user_code": "A", "verification_uri": ISSUER, "expires_in": 60}
        for change in (
            {"user_code": "\x1b[2J"},
            {"user_code": "A B\n"},
            {"user_code": 7},
            {"verification_uri": "javascript:alert(1)"},
            {"verification_uri": "http://elsewhere.example"},
            {"verification_uri_complete": f"{ISSUER}/\x1b[2J"},
            {"device_code": None},
            {"expires_in": None},
            {"interval": "often"},
            {"interval": -1},
        ):
            _, server, client = begin()
            server.script["/device_authorization"] = [ok({**good, **change})]
            error = failure(client.device)
            self.assertEqual((error.fault, error.code), ("server", "invalid_response"), change)

    def test_refused(self) -> None:
        _, server, client = begin()
        server.script["/device_authorization"] = [refused("invalid_scope")]
        self.assertEqual(failure(lambda: client.device("admin")).code, "invalid_scope")
        del server.metadata["device_authorization_endpoint"]
        client = Both(server.time, server).threaded()
        self.assertEqual(failure(client.device).code, "invalid_metadata")

    def test_kept_in_a_session(self) -> None:
        time, server, client = begin(authentication=none())
        session = client.session(MemoryStore(), "a key for the session of a person")
        device = session.device()
        device.wait()
        time.now += 301
        self.assertEqual(session.access_token().access_token, "access-token-2")
        self.assertIsNone(session.id_claims())
        self.assertEqual(server.to()[1].form["refresh_token"], "refresh-token-1")

    def test_asynchronous(self) -> None:
        async def go() -> None:
            time = Time()
            server = Server(time)
            client = Both(time, server, authentication=none()).asynchronous()
            session = client.session(MemoryStore(), "a key for the session of a person")
            await (await session.device()).wait()
            token = await (await client.device("read")).wait()
            self.assertEqual(token.access_token, "access-token-2")
            self.assertEqual((await session.access_token()).access_token, "access-token-1")

        run(go())


if __name__ == "__main__":
    unittest.main()
