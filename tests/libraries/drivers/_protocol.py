"""The drivers' side of the protocol: a JSON object a line in, one a line out, all at the same time."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable
from typing import Any, Callable, Optional

Operation = Callable[[dict[str, Any]], Awaitable[Any]]


class Unsupported(Exception):
    """What the library does not have."""


async def serve(operations: dict[str, Operation], error_type: type[Exception]) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(_answer(operations, error_type, json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    # The input may end before what it asked for is answered.
    await asyncio.gather(*running)


async def _answer(
    operations: dict[str, Operation], error_type: type[Exception], request: dict[str, Any]
) -> None:
    operation: Optional[Operation] = operations.get(request["op"])
    try:
        if operation is None:
            raise Unsupported(request["op"])
        answer = {"ok": await operation(request) or {}}
    except Unsupported as error:
        answer = {"error": {"fault": "driver", "code": "unsupported", "message": str(error)}}
    except error_type as error:
        answer = {"error": _said(error)}
    except Exception as error:  # noqa: BLE001 - which kind of error it is, is what is judged
        said = f"{type(error).__name__}: {error}"
        answer = {"error": {"fault": "driver", "code": "unforeseen", "message": said}}
    sys.stdout.write(json.dumps({"id": request["id"], **answer}) + "\n")
    sys.stdout.flush()


def _said(error: Exception) -> dict[str, Any]:
    members = ("fault", "code", "status", "retry_after", "challenge", "headers")
    said = {name: getattr(error, name, None) for name in members}
    return {
        "message": str(error),
        **{name: value for name, value in said.items() if value is not None},
    }
