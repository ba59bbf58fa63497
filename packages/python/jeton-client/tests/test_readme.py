"""What the README shows runs, against the mock."""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from io import StringIO
from typing import Any
from unittest import mock
from urllib.parse import urljoin

import httpx
from support import BIN, PACKAGE

sys.path.insert(0, str(PACKAGE.parent / "jeton-mock"))

from jeton_mock import start_mock

BLOCKS = re.findall(
    r"^```python\n(.*?)^```",
    (PACKAGE / "README.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


def come_back(url: str, redirect_uri: str) -> str:
    """A browser, until it is sent back."""
    with httpx.Client(trust_env=False) as browser:
        while not url.startswith(redirect_uri):
            response = browser.get(url)
            url = urljoin(url, response.headers["location"])
    return url


class Readme(unittest.TestCase):
    def test_it_runs(self) -> None:
        with start_mock(bin=BIN) as mocked, tempfile.TemporaryDirectory() as folder:
            issuer = mocked.issuer(spec={"auto_login": "alice"})
            environment = {
                "CLIENT_ID": "billing",
                "CLIENT_SECRET": "any",
                "SESSION_KEY": secrets.token_hex(16),
                "NO_PROXY": "*",
            }
            names: dict[str, Any] = {"__name__": "readme"}
            said = StringIO()
            with mock.patch.dict(os.environ, environment), redirect_stdout(said):
                for code in BLOCKS:
                    here = (
                        code.replace("https://tokens.example.com", issuer.url)
                        # Any answer that is a good one does.
                        .replace("https://api.example.com/orders", issuer.discovery_url)
                        .replace('FolderStore("sessions")', f"FolderStore({folder!r})")
                        # Who says yes on the other device is not here.
                        .replace("token = device.wait()", "")
                    )
                    if "callback_url" in here:
                        url = said.getvalue().split()[-1]
                        names["callback_url"] = come_back(url, "http://127.0.0.1:8000/callback")
                    exec(here, names)  # noqa: S102 - that is the test
                    self.addCleanup(names["client"].close)
            self.assertIn("'sub': 'alice'", said.getvalue())
            self.assertIn(names["device"].user_code, said.getvalue())
            self.assertGreater(issuer.count(endpoint="revoke"), 0)
            self.assertEqual(issuer.count(grant_type="client_credentials"), 3)


if __name__ == "__main__":
    unittest.main()
