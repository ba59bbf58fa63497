"""Eight processes that share a session, and a server each of whose third answers is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from support import PACKAGE

KEY = "a key for the session of a person"
PROCESSES = 8
CALLS = 12

#: What each process does. Its tokens live for a second, so nearly every call refreshes or waits.
WORKER = """
import sys, time
from jeton_client import Client, FolderStore, none

issuer, folder, key, calls = sys.argv[1:]
with Client(issuer, "app", none()) as client:
    session = client.session(FolderStore(folder), key, scope="read")
    for _ in range(int(calls)):
        session.forget()
        token = session.access_token()
        assert token.expires_at > time.time(), "an expired token"
        time.sleep(0.05)
print("logged in")
"""


class Grant:
    """A refresh token that rotates. The one before yields the same for ten seconds; any other ends it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.generation = 0
        self.rotated_at = 0.0
        self.ended = False
        self.asked = 0
        self.lost = 0

    def refresh(self, token: str) -> tuple[int, dict[str, Any], bool]:
        """The status, the answer, and whether it gets lost."""
        with self.lock:
            self.asked += 1
            generation = int(token.rpartition("-")[2])
            again = generation == self.generation - 1 and time.monotonic() < self.rotated_at + 10
            if generation == self.generation:
                self.generation += 1
                self.rotated_at = time.monotonic()
            elif not again:
                self.ended = True
            if self.ended:
                return 400, {"error": "invalid_grant"}, False
            is_lost = self.asked % 3 == 0
            self.lost += is_lost
            return 200, self.answer(), is_lost

    def answer(self) -> dict[str, Any]:
        return {
            "access_token": f"access-{self.generation}",
            "token_type": "Bearer",
            "expires_in": 1,
            "refresh_token": f"refresh-{self.generation}",
        }


class Processes(unittest.TestCase):
    def test_nobody_is_logged_out(self) -> None:
        grant = Grant()
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(grant))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        issuer = f"http://127.0.0.1:{server.server_port}"
        with tempfile.TemporaryDirectory() as folder:
            seed(issuer, folder)
            arguments = [sys.executable, "-c", WORKER, issuer, folder, KEY, str(CALLS)]
            workers = [
                subprocess.Popen(
                    arguments,
                    cwd=PACKAGE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                for _ in range(PROCESSES)
            ]
            said = [worker.communicate(timeout=120)[0] for worker in workers]
        server.shutdown()
        server.server_close()
        self.assertEqual(said, ["logged in\n"] * PROCESSES)
        self.assertFalse(grant.ended)
        self.assertGreater(grant.lost, 0)
        self.assertGreater(grant.generation, 3)
        # They took turns: what was asked twice is what was lost.
        self.assertEqual(grant.asked - grant.generation, grant.lost)


def seed(issuer: str, folder: str) -> None:
    """Somebody has logged in."""
    from jeton_client import Client, FolderStore, none
    from jeton_client._grant import AccessToken, Grant

    with Client(issuer, "app", none()) as client:
        session = client.session(FolderStore(folder), KEY, scope="read")
        token = AccessToken("access-0", "Bearer", time.time() + 1, "read")
        session._drive.run(session._steps.keep(Grant(token, 1, "refresh-0"), None))


def handler(grant: Grant) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer = f"http://{self.headers['host']}"
            self.send_json(200, {"issuer": issuer, "token_endpoint": f"{issuer}/token"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status, answer, is_lost = grant.refresh(parse_qs(body)["refresh_token"][0])
            if is_lost:
                self.close_connection = True
                return
            self.send_json(status, answer)

        def send_json(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


if __name__ == "__main__":
    unittest.main()
