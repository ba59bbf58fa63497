"""One token for as many as want it, for as long as it is good."""

from __future__ import annotations

import asyncio
import socket
import threading
import time as real_time
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
from support import (
    API,
    ISSUER,
    SECRET,
    Asked,
    Both,
    Server,
    Time,
    begin,
    failure,
    lost,
    ok,
    refused,
    run,
)

from jeton_client import AccessToken, AsyncClient, ClientError, client_secret
from jeton_client._drive import Blocking
from jeton_client._steps import Request, Response, Steps


class Cache(unittest.TestCase):
    def test_by_scope_as_a_set_and_resources_as_a_list(self) -> None:
        _, server, client = begin()
        one = client.token("read write", API)
        self.assertIs(client.token(["write", "read"], [API]), one)
        self.assertIsNot(client.token("read"), one)
        self.assertIsNot(client.token("read write", [API, "https://other.example"]), one)
        self.assertEqual(server.count(), 3)
        self.assertEqual(server.to()[0].form["scope"], "read write")
        self.assertEqual(server.to()[2].resources, [API, "https://other.example"])

    def test_a_thousand_of_them(self) -> None:
        _, server, client = begin()
        for number in range(1001):
            client.token(f"scope-{number}")
        client.token("scope-1000")
        self.assertEqual(server.count(), 1001)
        client.token("scope-0")
        self.assertEqual(server.count(), 1002)

    def test_shown_without_the_token(self) -> None:
        _, _, client = begin()
        token = client.token("read")
        self.assertTrue(token.access_token)
        for shown in (repr(token), str(token), f"{token}", repr([token])):
            self.assertNotIn(token.access_token, shown)
            self.assertIn("read", shown)

    def test_renewed_in_the_last_fifth_and_not_before(self) -> None:
        time, server, client = begin()
        client.token()
        time.now += 300 * 0.79
        client.token()
        self.assertEqual(server.count(), 1)
        time.now += 300 * 0.12
        client.token()
        self.assertEqual(server.count(), 2)

    def test_each_process_at_another_time(self) -> None:
        def moment(low: int) -> float:
            time, server, client = begin(random=lambda size: bytes([low]) * size)
            client.token()
            start = time.now
            while server.count() == 1:
                time.now += 1
                client.token()
            return time.now - start

        self.assertAlmostEqual(moment(0), 300 * 0.9, delta=1)
        self.assertAlmostEqual(moment(255), 300 * 0.8, delta=1)

    def test_five_seconds_ahead_at_least(self) -> None:
        time = Time()
        server = Server(time)
        server.lifetime = 20
        client = Both(time, server).threaded()
        client.token()
        time.now += 14.9
        client.token()
        self.assertEqual(server.count(), 1)
        time.now += 0.2
        client.token()
        self.assertEqual(server.count(), 2)

    def test_a_minute_where_the_server_does_not_say(self) -> None:
        time = Time()
        server = Server(time)
        server.lifetime = None
        client = Both(time, server).threaded()
        self.assertEqual(client.token().expires_at, time.now + 60)

    def test_a_refused_one_is_dropped_once(self) -> None:
        _, server, client = begin()
        old = client.token()
        client._tokens.drop(old)
        new = client.token()
        client._tokens.drop(old)
        self.assertIs(client.token(), new)
        self.assertEqual(server.count(), 2)


class OneFlight(unittest.TestCase):
    def test_ten_thousand_tasks_at_expiry_one_request(self) -> None:
        async def go() -> None:
            time = Time()
            server = Server(time)
            client = Both(time, server).asynchronous()
            old = await client.token()
            time.now += 301
            tokens = await asyncio.gather(*(client.token() for _ in range(10_000)))
            self.assertEqual(len({token.access_token for token in tokens}), 1)
            self.assertNotEqual(tokens[0], old)
            self.assertEqual(server.count(), 2)

        run(go())

    def test_two_hundred_threads_at_expiry_one_request(self) -> None:
        time, server, client = begin()
        client.token()
        time.now += 301
        server.script["/token"] = [slowly(server)]
        barrier = threading.Barrier(200)

        def ask() -> AccessToken:
            barrier.wait()
            return client.token()

        with ThreadPoolExecutor(200) as pool:
            tokens = [one.result() for one in [pool.submit(ask) for _ in range(200)]]
        self.assertEqual(len({token.access_token for token in tokens}), 1)
        self.assertEqual(server.count(), 2)

    def test_ahead_of_expiry_one_waits_and_the_others_have_what_stands(self) -> None:
        time, server, client = begin()
        old = client.token()
        time.now += 290
        began, go_on = threading.Event(), threading.Event()

        def slow(asked: Asked) -> httpx.Response:
            began.set()
            self.assertTrue(go_on.wait(10))
            return server.usual(asked)

        server.script["/token"] = [slow]
        with ThreadPoolExecutor(1) as pool:
            leader = pool.submit(client.token)
            self.assertTrue(began.wait(10))
            for _ in range(50):
                self.assertIs(client.token(), old)
            go_on.set()
            new = leader.result()
        self.assertIsNot(new, old)
        self.assertIs(client.token(), new)
        self.assertEqual(server.count(), 2)

    def test_who_is_cancelled_cancels_nobody_else(self) -> None:
        async def go() -> None:
            time = Time()
            server = Server(time)
            client = Both(time, server).asynchronous()
            await client.token("other")
            first = asyncio.ensure_future(client.token())
            others = [asyncio.ensure_future(client.token()) for _ in range(10)]
            await asyncio.sleep(0)
            first.cancel()
            others[0].cancel()
            done = await asyncio.gather(*others[1:])
            self.assertEqual(len({token.access_token for token in done}), 1)
            self.assertTrue(first.cancelled())
            self.assertEqual(server.count(), 2)

        run(go())

    def test_who_is_interrupted_leaves_it_to_another(self) -> None:
        _, server, client = begin()
        began, go_on = threading.Event(), threading.Event()

        def interrupted(asked: Asked) -> httpx.Response:
            began.set()
            go_on.wait(10)
            raise KeyboardInterrupt

        server.script["/token"] = [interrupted]
        with ThreadPoolExecutor(2) as pool:
            leader = pool.submit(client.token)
            self.assertTrue(began.wait(10))
            other = pool.submit(client.token)
            real_time.sleep(0.05)
            go_on.set()
            self.assertTrue(other.result(10).access_token)
            self.assertIsInstance(leader.exception(10), KeyboardInterrupt)

    def test_an_event_loop_that_ends_leaves_it_to_the_next(self) -> None:
        time = Time()
        server = Server(time)
        client = Both(time, server).asynchronous()

        async def never_ends() -> None:
            asyncio.ensure_future(client.token())
            await asyncio.sleep(0)

        async def then() -> AccessToken:
            return await client.token()

        run(never_ends())
        self.assertTrue(run(then()).access_token)

    def test_an_event_loop_that_stands_still_leaves_it_to_another(self) -> None:
        time = Time()
        server = Server(time)
        client = Both(time, server).asynchronous()
        left: list[asyncio.Future[AccessToken]] = []

        async def begins() -> None:
            left.append(asyncio.ensure_future(client.token()))
            await asyncio.sleep(0)

        async def then() -> AccessToken:
            return await asyncio.wait_for(client.token(), 20)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(begins())
        token = run(then())
        # Should it go on, it has what the other got.
        self.assertEqual(loop.run_until_complete(left[0]), token)
        loop.run_until_complete(asyncio.wait(asyncio.all_tasks(loop)))
        loop.close()

    def test_event_loops_have_connections_of_their_own(self) -> None:
        client = AsyncClient(ISSUER, "app", client_secret(SECRET))

        async def of_this_loop() -> httpx.AsyncClient:
            return client._drive._http()

        loops = [asyncio.new_event_loop() for _ in range(2)]
        first, second, again = (
            loop.run_until_complete(of_this_loop()) for loop in (loops[0], loops[1], loops[0])
        )
        self.assertIs(first, again)
        self.assertIsNot(first, second)
        loops[0].run_until_complete(client.aclose())
        self.assertEqual((first.is_closed, second.is_closed), (True, False))
        loops[1].run_until_complete(client.aclose())
        self.assertTrue(second.is_closed)
        for loop in loops:
            loop.close()

    def test_a_request_has_an_end_also_if_its_answer_drips(self) -> None:
        ended = threading.Event()

        def drip(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.05):
                    connection.sendall(b"a: b\r\n")

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=lambda: drip(listener.accept()[0]), daemon=True).start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

            def ask() -> Steps[Response]:
                response: Response = yield Request("GET", url, timeout=0.5)
                return response

            began = real_time.monotonic()
            with httpx.Client(trust_env=False) as http:
                self.assertEqual(failure(lambda: Blocking(http).run(ask())).code, "timeout")
                self.assertLess(real_time.monotonic() - began, 5)
                ended.set()

    def test_an_error_is_one_for_each(self) -> None:
        async def go() -> list[Any]:
            time = Time()
            server = Server(time)
            server.script["/token"] = [refused("invalid_scope")] * 2
            client = Both(time, server).asynchronous()
            return await asyncio.gather(
                *(client.token() for _ in range(50)), return_exceptions=True
            )

        errors = run(go())
        self.assertEqual({error.code for error in errors}, {"invalid_scope"})
        self.assertEqual(len({id(error) for error in errors}), 50)


class Races(unittest.TestCase):
    def test_what_another_thread_has_renewed_since_is_not_renewed_again(self) -> None:
        time, server, client = begin()
        client.token()
        time.now += 301
        client._drive.run(client._tokens.token("warm up"))
        steps = client._tokens.token()
        slot = client._tokens._slot([], ())

        class Meanwhile:
            """Between the first look and the lock another thread comes and goes."""

            def __enter__(self) -> None:
                slot._lock = lock
                client.token()
                lock.acquire()

            def __exit__(self, *_: object) -> None:
                lock.release()

        lock = slot._lock
        slot._lock = Meanwhile()  # type: ignore[assignment]
        client._drive.run(steps)
        self.assertEqual(server.count(), 3)


class Retries(unittest.TestCase):
    def test_twice_more_after_no_answer_and_after_5xx(self) -> None:
        for fault in (lost(), httpx.Response(500), httpx.Response(502, text="<html>")):
            time, server, client = begin()
            server.script["/token"] = [fault, fault]
            client.token()
            self.assertEqual(server.count(), 3)
            self.assertEqual(len(time.slept), 2)
            self.assertTrue(0.15 <= time.slept[0] <= 0.25, time.slept)
            self.assertTrue(0.75 <= time.slept[1] <= 1.25, time.slept)

    def test_and_then_the_error(self) -> None:
        for fault, kind, code in (
            (lost(), "network", "unreachable"),
            (httpx.ReadTimeout("late"), "network", "timeout"),
            (httpx.Response(500), "server", "server_error"),
            (httpx.Response(503), "server", "temporarily_unavailable"),
        ):
            _, server, client = begin()
            server.script["/token"] = [fault] * 3
            error = failure(client.token)
            self.assertEqual((error.fault, error.code), (kind, code))
            self.assertEqual(server.count(), 3)

    def test_what_is_our_fault_is_not_repeated(self) -> None:
        for code in ("invalid_client", "unauthorized_client", "invalid_scope", "invalid_target"):
            time, server, client = begin()
            server.script["/token"] = [refused(code, 401 if code == "invalid_client" else 400)]
            error = failure(client.token)
            self.assertEqual((error.fault, error.code), ("caller", code))
            self.assertEqual(server.count(), 1)
            self.assertEqual(time.slept, [])

    def test_a_short_retry_after_is_waited_for(self) -> None:
        for status in (429, 503):
            time, server, client = begin()
            server.script["/token"] = [httpx.Response(status, headers={"retry-after": "4"})]
            client.token()
            self.assertEqual(time.slept, [4.0])

    def test_a_long_one_is_told_and_kept_to(self) -> None:
        time, server, client = begin()
        server.script["/token"] = [httpx.Response(429, headers={"retry-after": "60"})]
        error = failure(client.token)
        self.assertEqual((error.fault, error.code), ("server", "rate_limited"))
        self.assertEqual(error.retry_after, 60)
        time.now += 30
        error = failure(lambda: client.token("another"))
        self.assertEqual(error.retry_after, 30)
        self.assertEqual(server.count(), 1)
        time.now += 31
        client.token()
        self.assertEqual(server.count(), 2)

    def test_a_pause_is_no_longer_because_the_clock_was_set_back(self) -> None:
        time, server, client = begin()
        server.script["/token"] = [refused("slow_down", 429, **{"retry-after": "60"})]
        self.assertEqual(failure(client.token).retry_after, 60)
        time.now -= 3600
        self.assertEqual(client.token().access_token, "access-token-1")
        time.now += 290
        server.script["/token"] = [httpx.Response(400, json={"error": "server_error"})]
        client.token()
        self.assertEqual(server.count(), 3)
        time.now -= 1
        client.token()
        self.assertEqual(server.count(), 4)

    def test_members_that_are_null_are_none(self) -> None:
        _, server, client = begin()
        server.metadata.update(dict.fromkeys(("end_session_endpoint", "jwks_uri")))
        names = ("expires_in", "scope", "refresh_token", "id_token", "error")
        answer = {"access_token": "a", "token_type": "Bearer", **dict.fromkeys(names)}
        server.script["/token"] = [ok(answer)]
        self.assertEqual(client.token("read").scope, "read")

    def test_retry_after_as_a_date_by_the_servers_clock(self) -> None:
        time, server, client = begin()
        headers = {
            "date": "Tue, 15 Jan 2030 08:00:00 GMT",
            "retry-after": "Tue, 15 Jan 2030 08:00:03 GMT",
        }
        server.script["/token"] = [httpx.Response(503, headers=headers)]
        client.token()
        self.assertEqual(time.slept, [3.0])

    def test_what_stands_while_the_service_is_away(self) -> None:
        time, server, client = begin()
        old = client.token()
        time.now += 290
        server.script["/token"] = [httpx.Response(500)] * 3
        self.assertIs(client.token(), old)
        self.assertIs(client.token(), old)
        # One flight, and none before a while.
        self.assertEqual(server.count(), 4)
        server.script["/token"] = [httpx.Response(500)] * 6
        time.now = old.expires_at
        self.assertEqual(failure(client.token).code, "server_error")

    def test_what_stands_and_retry_after(self) -> None:
        time, server, client = begin()
        old = client.token()
        time.now += 271
        server.script["/token"] = [httpx.Response(503, headers={"retry-after": "20"})]
        self.assertIs(client.token(), old)
        time.now += 19
        self.assertIs(client.token(), old)
        self.assertEqual(server.count(), 2)
        time.now += 2
        self.assertIsNot(client.token(), old)

    def test_what_stands_does_not_hide_what_is_our_fault(self) -> None:
        time, server, client = begin()
        client.token()
        time.now += 290
        server.script["/token"] = [refused("invalid_client", 401)]
        self.assertEqual(failure(client.token).code, "invalid_client")


class Answers(unittest.TestCase):
    def wrong(self) -> Iterator[Any]:
        good = {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
        yield httpx.Response(200, text="<html>")
        yield httpx.Response(200, text="[" * 100_000)
        yield httpx.Response(302, headers={"location": "https://other.example/token"})
        yield httpx.Response(404)
        for change in (
            {"access_token": None},
            {"access_token": "a\r\nx: y"},
            {"access_token": "a b"},
            {"token_type": "mac"},
            {"token_type": None},
            {"token_type": "DPoP"},
            {"expires_in": -1},
            {"expires_in": "soon"},
            {"expires_in": True},
            {"expires_in": 1e300},
            {"expires_in": 10**400},
            {"expires_in": -(10**400)},
            {"scope": ["read"]},
            {"refresh_token": 7},
        ):
            yield ok({**good, **change})
        yield httpx.Response(
            200, text='{"access_token":"a","token_type":"Bearer","expires_in":NaN}'
        )
        yield httpx.Response(200, content=b"{" + b" " * (256 * 1024) + b"}")
        yield httpx.Response(200, headers={"content-encoding": "br"}, stream=httpx.ByteStream(b"x"))

    def test_what_is_none(self) -> None:
        for answer in self.wrong():
            _, server, client = begin()
            server.script["/token"] = [answer] * 3
            error = failure(client.token)
            self.assertEqual((error.fault, error.code), ("server", "invalid_response"), answer)
            self.assertTrue(all(asked.url.startswith(server.issuer) for asked in server.asked))

    def test_what_is_one(self) -> None:
        for change in ({"token_type": "bearer"}, {"expires_in": "300"}, {"expires_in": 300.5}):
            _, server, client = begin()
            good = {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
            server.script["/token"] = [ok({**good, **change})]
            self.assertEqual(client.token().token_type, "Bearer")

    def test_a_description_is_shown_if_it_is_fit_to_be(self) -> None:
        for description, shown in (
            ("the scope admin is not for this client", True),
            (f"wrong secret {SECRET}", False),
            ("a new\nline", False),
            ("what\x1b[2J terminals do", False),
            ('"quoted"', False),
            ("x" * 301, False),
        ):
            _, server, client = begin()
            server.script["/token"] = [refused("invalid_scope", 400, description)]
            error = failure(client.token)
            self.assertEqual(error.description, description if shown else None)
            self.assertEqual(description in str(error), shown)

    def test_a_clock_that_is_off_is_said_to_be(self) -> None:
        for date, said in (
            ("Fri, 15 Jan 2027 07:58:00 GMT", "120 s ahead of"),
            ("Fri, 15 Jan 2027 08:02:00 GMT", "120 s behind"),
            ("Fri, 15 Jan 2027 08:00:20 GMT", None),
        ):
            _, server, client = begin()
            server.script["/token"] = [refused("invalid_client", 401, date=date)]
            error = failure(client.token)
            self.assertEqual(said is not None, "the clock here is" in str(error), str(error))
            self.assertIn(said or "", str(error))

    def test_errors_are_copied_and_pickled_whole(self) -> None:
        import copy
        import pickle

        error = ClientError("rate_limited", "later", status=429, retry_after=3.0, description="d")
        for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            self.assertEqual(str(again), "later")
            self.assertEqual(vars(again), vars(error))


def slowly(server: Server) -> Any:
    def answer(asked: Asked) -> httpx.Response:
        real_time.sleep(0.3)
        return server.usual(asked)

    return answer


if __name__ == "__main__":
    unittest.main()
