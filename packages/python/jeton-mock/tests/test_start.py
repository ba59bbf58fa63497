"""A mock from beginning to end: how it starts, what it says when it cannot, that it does not outlive anybody."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from support import BIN, PACKAGE, get

from jeton_mock import Mock, MockError, connect_mock, decode, start_mock


def is_up(url: str) -> bool:
    host, port = url.split("//")[1].split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        return True
    except OSError:
        return False


def is_gone(url: str) -> bool:
    for _ in range(100):
        if not is_up(url):
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class StartMock(unittest.TestCase):
    def started(self, **options: object) -> Mock:
        mock = start_mock(bin=BIN, **options)  # type: ignore[arg-type]
        self.addCleanup(mock.stop)
        return mock

    def test_a_free_port_and_stop_twice_as_well_as_once(self) -> None:
        one, other = self.started(), self.started()
        self.assertNotEqual(one.url, other.url)
        one.stop()
        one.stop()
        self.assertFalse(is_up(one.url))
        with other:
            self.assertTrue(is_up(other.url))
        self.assertFalse(is_up(other.url))

    def test_a_configuration(self) -> None:
        mock = self.started(
            config={
                "issuer": {"users": [{"sub": "template"}]},
                "issuers": {"acme": {"users": [{"sub": "own"}]}},
            }
        )
        self.assertEqual([user["sub"] for user in mock.attach().users()], ["template"])
        self.assertEqual([user["sub"] for user in mock.attach("acme").users()], ["own"])

    def test_a_configuration_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "mock.toml")
            config.write_text('strictness = "strict"\n')
            mock = self.started(config=config)
        self.assertEqual(mock.attach().info().strictness, "strict")

    def test_flags_port_and_environment(self) -> None:
        port = free_port()
        mock = self.started(
            port=port,
            args=["--strict", "--issuer", "https://idp.example"],
            env={"RUST_BACKTRACE": "1"},
        )
        self.assertTrue(mock.url.endswith(f":{port}"))
        issuer = mock.attach()
        self.assertEqual(issuer.url, "https://idp.example")
        # Nobody listens there, and it works all the same.
        self.assertIn("access_token", issuer.token())

    def test_the_binary_from_the_environment(self) -> None:
        before = os.environ.get("JETON_BIN")
        os.environ["JETON_BIN"] = BIN
        try:
            with start_mock() as mock:
                self.assertTrue(is_up(mock.url))
        finally:
            del os.environ["JETON_BIN"]
            if before is not None:
                os.environ["JETON_BIN"] = before

    def test_plain_http_beside_tls_and_the_ca(self) -> None:
        mock = self.started(args=["--https"])
        self.assertTrue(mock.url.startswith("http:"))
        self.assertTrue(mock.ca().startswith("-----BEGIN CERTIFICATE-----"))

    def test_no_ca_without_tls(self) -> None:
        with self.assertRaises(MockError) as caught:
            self.started().ca()
        self.assertEqual(caught.exception.status, 404)

    def test_a_binary_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(
            MockError,
            "there is no /nowhere/jeton: give bin, set JETON_BIN, or put jeton on the PATH",
        ):
            start_mock(bin="/nowhere/jeton")

    def test_a_configuration_that_is_refused(self) -> None:
        with self.assertRaisesRegex(MockError, "(?s)did not start.*strictnes"):
            start_mock(bin=BIN, config={"strictnes": "strict"})  # type: ignore[arg-type]

    def test_a_process_that_ends_takes_the_mock_with_it(self) -> None:
        begin = f"import os, jeton_mock; mock = jeton_mock.start_mock(bin={BIN!r}); print(mock.url, flush=True); "
        for end, code in [
            ("", 0),
            ("raise SystemExit(3)", 3),
            ("1 / 0", 1),
            ("os._exit(0)", 0),
            ("os.abort()", -6),
        ]:
            with self.subTest(end):
                done = subprocess.run(
                    [sys.executable, "-c", begin + end],
                    cwd=PACKAGE,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                self.assertEqual(done.returncode, code)
                self.assertTrue(is_gone(done.stdout.strip()))

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_a_fork_that_ends_leaves_the_mock(self) -> None:
        script = (
            "import os, jeton_mock, socket\n"
            f"mock = jeton_mock.start_mock(bin={BIN!r})\n"
            "child = os.fork()\n"
            "if child: os.waitpid(child, 0); mock.issuers(); print('there')\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            cwd=PACKAGE,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        self.assertEqual(done.stdout, "there\n")


class ConnectMock(unittest.TestCase):
    def test_a_mock_that_runs_and_goes_on(self) -> None:
        with start_mock(bin=BIN) as own:
            mock = connect_mock(f"{own.url}/")
            self.assertEqual(mock.url, own.url)
            issuer = mock.issuer()
            self.assertEqual(get(issuer.discovery_url)["issuer"], issuer.url)
            mock.stop()
            self.assertIn("access_token", issuer.token())

    def test_nobody_there(self) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        with self.assertRaisesRegex(
            MockError, f"^GET {url}/_mock/issuers: no answer: .*refused"
        ) as caught:
            connect_mock(url)
        self.assertIsNone(caught.exception.status)


class AtOtherAddresses(unittest.TestCase):
    def test_a_login_where_the_mocks_own_addresses_lead_elsewhere(self) -> None:
        args = [
            "--issuer",
            "http://idp.example",
            "--browser-url",
            "http://browser.example",
            "--backend-url",
            "http://backend.example",
        ]
        with start_mock(bin=BIN, args=args) as mock:
            issuer = mock.issuer("acme")
            self.assertEqual(issuer.url, "http://idp.example/acme")
            self.assertEqual(decode(issuer.login()["id_token"]).claims["iss"], issuer.url)


if __name__ == "__main__":
    unittest.main()
