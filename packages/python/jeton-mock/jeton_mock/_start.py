"""``jeton mock`` as a child of the test process, and never for longer than that.

However the process ends, its end of the pipe to the mock's standard input is closed, and there the
mock ends. No exit handler does that for a process that is killed.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Optional, Union

from ._binary import binary
from ._http import MockError
from ._mock import Mock
from ._types import MockSpec

FIRST_LINE = re.compile(r"jeton mock: \S+ on https?://(\S+)$")
START_WITHIN = 10


def start_mock(
    *,
    bin: Union[str, os.PathLike[str], None] = None,
    args: Sequence[str] = (),
    config: Union[MockSpec, str, os.PathLike[str], None] = None,
    port: int = 0,
    env: Optional[Mapping[str, str]] = None,
) -> Mock:
    """Starts ``jeton mock`` on a free port. It ends with this process, or with ``stop()``.

    ``bin`` is the binary, otherwise ``JETON_BIN``, the one that was installed with this package,
    or ``jeton`` on the ``PATH``. ``config`` is the configuration, or the path of a TOML or JSON
    file of it; ``args`` are more flags. Of this process's environment the mock gets nothing but
    ``PATH``; ``env`` adds to it.
    """
    program = os.fspath(bin or binary())
    # Without the developer's own JETON_ settings, PORT and JSON_CONFIG: a test gets what it says.
    kept = {name: os.environ[name] for name in ("PATH", "SystemRoot") if name in os.environ}
    with _config_flags(config) as flags:
        try:
            process = subprocess.Popen(
                [program, "mock", "--stop-with-stdin", *flags, "--port", str(port), *args],
                env={**kept, **(env or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except FileNotFoundError as error:
            raise MockError(
                f"jeton mock did not start: there is no {program}: give bin, set JETON_BIN, or put jeton on the PATH"
            ) from error
        child = _Child(process)
        listening = child.address()
    # Where it speaks TLS it speaks plain HTTP as well, which needs no trust in its CA.
    return Mock(
        "http://" + listening.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]"), child.stop
    )


class _Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._listening: queue.Queue[Optional[str]] = queue.Queue()
        self._printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def address(self) -> str:
        """What the first line says; raises with what was printed in its place."""
        try:
            listening = self._listening.get(timeout=START_WITHIN)
            why = "" if listening else f"it ended with {self._process.wait()}"
        except queue.Empty:
            listening, why = None, f"no address within {START_WITHIN} s"
        if listening is None:
            self.stop()
            raise MockError("\n  ".join([f"jeton mock did not start: {why}", *self._printed]))
        return listening

    def stop(self) -> None:
        # At once: all it holds is in memory, and no test has time for a request that is still open.
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _read(self) -> None:
        # To the end, so that the mock never waits for somebody to empty the pipe.
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                found = FIRST_LINE.match(line.rstrip())
                if found:
                    self._listening.put(found[1])
                elif len(self._printed) < 50:
                    self._printed.append(line.rstrip())
        self._listening.put(None)


@contextmanager
def _config_flags(config: Union[MockSpec, str, os.PathLike[str], None]) -> Iterator[list[str]]:
    """A path stays one; a configuration is a file until the mock has read it."""
    if config is None:
        yield []
    elif isinstance(config, (str, os.PathLike)):
        yield ["--config", os.fspath(config)]
    else:
        with tempfile.TemporaryDirectory(prefix="jeton-mock-") as folder:
            file = Path(folder, "config.json")
            file.write_text(json.dumps(config, indent=2), encoding="utf-8")
            yield ["--config", str(file)]
