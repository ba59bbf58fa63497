"""``jeton-mock``: ``jeton mock`` with the arguments that this is given."""

from __future__ import annotations

import os
import subprocess
import sys

from ._binary import binary


def main() -> int:
    program = binary()
    arguments = [program, "mock", *sys.argv[1:]]
    try:
        if sys.platform == "win32":
            return subprocess.run(arguments, check=False).returncode
        os.execvp(program, arguments)
    except FileNotFoundError:
        print(
            f"jeton-mock: there is no {program}: set JETON_BIN, or put jeton on the PATH",
            file=sys.stderr,
        )
        return 127
