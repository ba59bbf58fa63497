"""What the programs share: a step a line, as `[name, arguments]`, and a line for its answer."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from typing import Any, Callable


def serve(steps: dict[str, Callable[..., Any]]) -> None:
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = steps[name](**arguments)
            if inspect.isawaitable(answer):
                answer = asyncio.run(_awaited(answer))
            said = {"ok": answer}
        except Exception as error:  # noqa: BLE001 - which kind of error it is, is what is judged
            said = {"error": _said(error)}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


async def _awaited(answer: Any) -> Any:
    return await answer


def _said(error: Exception) -> dict[str, Any]:
    """The error as its catcher sees it: its type, its text, and what it has besides that JSON can say."""
    plain = {name: value for name, value in vars(error).items() if _is_plain(value)}
    return {**plain, "type": type(error).__name__, "message": str(error)}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (str, int))
