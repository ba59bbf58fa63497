"""What the README shows runs."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

from support import BIN, PACKAGE

from jeton_mock import start_mock

BLOCKS = re.findall(
    r"^```python\n(.*?)^```",
    (PACKAGE / "README.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


class Readme(unittest.TestCase):
    def test_what_tests_are_made_of(self) -> None:
        (code,) = [code for code in BLOCKS if code.startswith("# An expired token")]
        with start_mock(bin=BIN) as mock:
            monkeypatch = SimpleNamespace(setenv=lambda name, value: None)
            names = {"issuer": mock.issuer(), "jeton_mock": mock, "monkeypatch": monkeypatch}
            exec(code, names)  # noqa: S102 - that is the test

    @unittest.skipUnless(importlib.util.find_spec("pytest"), "needs pytest")
    def test_the_first_example_with_the_plugin_and_with_fixtures(self) -> None:
        plugin, example, fixtures = BLOCKS[:3]
        for conftest in (plugin, fixtures.replace('args=["--strict"]', "")):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "conftest.py").write_text(conftest)
                Path(folder, "test_token.py").write_text(example)
                done = subprocess.run(
                    [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
                    cwd=folder,
                    env={
                        **os.environ,
                        "JETON_BIN": BIN,
                        "PYTHONPATH": str(PACKAGE),
                        "NO_PROXY": "*",
                    },
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                )
                self.assertIn("1 passed", done.stdout)


if __name__ == "__main__":
    unittest.main()
