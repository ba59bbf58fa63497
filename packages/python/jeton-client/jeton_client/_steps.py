"""What the protocol is written in: generators that say what they want done and are handed the answer.

Nothing here does anything. ``_drive`` does, once for threads and once for asyncio, so that there is
one protocol and not two.
"""

from __future__ import annotations

import json
from asyncio import AbstractEventLoop
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Callable, Generic, Optional, TypeVar, Union

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Optional[bytes] = field(default=None, repr=False)
    #: Seconds for the whole of it.
    timeout: float = 10.0


@dataclass(frozen=True)
class Response:
    status: int
    #: By their names in lower case.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json_object(self) -> Optional[dict[str, Any]]:
        """The body, if it is a JSON object; a member that is null is none."""
        members = json_object(self.body)
        if members is None:
            return None
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True)
class Sleep:
    seconds: float


@dataclass(frozen=True)
class Call:
    """A function of the application's, or one that may block."""

    function: Callable[[], Any]


class Flight(Generic[T]):
    """What one caller does, and others wait for: in this thread, another, or another event loop."""

    def __init__(self, landed: Callable[[], None]) -> None:
        self.future: Future[Optional[Landed[T]]] = Future()
        # From here on no waiter's cancellation can cancel it.
        self.future.set_running_or_notify_cancel()
        self.future.add_done_callback(lambda _: landed())
        #: In which its steps are taken, if in one.
        self.loop: Optional[AbstractEventLoop] = None


@dataclass(frozen=True)
class Landed(Generic[T]):
    """What a flight brought. A flight whose leader was cancelled brings None instead."""

    value: T


@dataclass(frozen=True)
class Lead(Generic[T]):
    """Take the steps for all who wait for the flight."""

    flight: Flight[T]
    steps: Callable[[], Steps[T]]


@dataclass(frozen=True)
class Wait(Generic[T]):
    flight: Flight[T]


Effect = Union[Request, Sleep, Call, "Lead[Any]", "Wait[Any]"]
Steps = Generator[Effect, Any, T]


def json_object(text: Union[str, bytes]) -> Optional[dict[str, Any]]:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        # Not to be chained: a JSONDecodeError has the whole text, tokens and all.
        return None
    return value if isinstance(value, dict) else None


def _no_number(name: str) -> float:
    raise ValueError(name)


def number(value: Any) -> Optional[float]:
    """A JSON number; also one in quotes, as some servers write `expires_in`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # Of no number so large, or of none, does this hold.
    return float(value) if abs(value) < 1e15 else None
