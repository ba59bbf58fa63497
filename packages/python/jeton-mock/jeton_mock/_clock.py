from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional, Union

from ._control import Control, given
from ._types import ClockState, read


class Clock:
    """The time of an issuer. What moves it yields how it stands then."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def now(self) -> int:
        """Seconds since 1970."""
        return self.state().now

    def state(self) -> ClockState:
        return read(ClockState, self._control("GET", "/clock", {}))

    def advance(self, by: Union[int, timedelta]) -> ClockState:
        """Seconds; negative: back."""
        return self._move(advance=int(by.total_seconds()) if isinstance(by, timedelta) else by)

    def set(self, to: Union[int, datetime]) -> ClockState:
        """To a date, or to seconds since 1970; it goes on from there."""
        return self._move(set=_seconds(to))

    def freeze(self, at: Union[int, datetime, None] = None) -> ClockState:
        """Stands still, now or at that time."""
        return self._move(set=_seconds(at), freeze=True)

    def resume(self) -> ClockState:
        return self._move(freeze=False)

    def reset(self) -> ClockState:
        """Follows the real time again."""
        return self._move(reset=True)

    def _move(self, **change: Union[int, bool, None]) -> ClockState:
        return read(ClockState, self._control("POST", "/clock", {}, given(**change)))


def _seconds(time: Union[int, datetime, None]) -> Optional[int]:
    return int(time.timestamp()) if isinstance(time, datetime) else time
