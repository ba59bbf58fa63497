"""Which ``jeton`` is run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NAME = "jeton.exe" if sys.platform == "win32" else "jeton"


def binary() -> str:
    """The one of ``JETON_BIN``, the one in this platform's wheel, or whichever is on the ``PATH``."""
    packaged = Path(__file__).parent / "bin" / NAME
    return os.environ.get("JETON_BIN") or (str(packaged) if packaged.exists() else "jeton")
