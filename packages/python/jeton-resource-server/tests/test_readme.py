"""What the README shows runs, against the mock."""

from __future__ import annotations

import os
import re
import unittest
from contextlib import redirect_stdout
from io import StringIO
from typing import Any
from unittest import mock

from support import BIN, PACKAGE
from test_frameworks import by_asgi, by_wsgi

import jeton_mock

BLOCKS = re.findall(
    r"^```python\n(.*?)^```",
    (PACKAGE / "README.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


class Readme(unittest.TestCase):
    def test_it_runs(self) -> None:
        fast, flask, anywhere, tests = BLOCKS
        with jeton_mock.start_mock(bin=BIN) as mocked, mocked.issuer() as issuer:
            claims = {"sub": "alice", "aud": "https://api.example.com", "scope": "orders:read"}
            authorization = f"Bearer {issuer.mint({**claims, 'client_id': 'app'}, typ='at+jwt')}"
            environment = {"NO_PROXY": "*"}
            said = StringIO()
            with mock.patch.dict(os.environ, environment), redirect_stdout(said):
                asks = []
                for code, by in ((fast, by_asgi), (flask, by_wsgi)):
                    names: dict[str, Any] = {"__name__": "readme"}
                    here = code.replace("https://tokens.example.com", issuer.url)
                    exec(here, names)  # noqa: S102 - that is the test
                    asks.append(by(names["app"]))
                for ask in asks:
                    response = ask("GET", "/orders", {"Authorization": authorization})
                    self.assertEqual(response.json(), {"for": "alice", "by": "app"})
                    self.assertEqual(ask("GET", "/orders").status_code, 401)
                    place = "/.well-known/oauth-protected-resource"
                    self.assertEqual(ask("GET", place).status_code, 200)
                for given in (authorization, None):
                    exec(anywhere, {**names, "authorization": given})  # noqa: S102
                self.assertIn("alice ['orders:read']", said.getvalue())
                self.assertIn("401", said.getvalue())
                names["server"].close()

                def start() -> Any:
                    return jeton_mock._start.start_mock(bin=BIN)

                with mock.patch.object(jeton_mock, "start_mock", start):
                    exec(tests, names)  # noqa: S102
                names["server"].close()


if __name__ == "__main__":
    unittest.main()
