"""One value that is kept, and the one flight that renews it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from ._errors import ClientError
from ._steps import Flight, Landed, Lead, Steps, Wait

T = TypeVar("T")

#: A value that was refused is replaced, once in so many seconds.
REFUSED_ONCE_IN = 10.0


@dataclass(frozen=True)
class Held(Generic[T]):
    value: T
    #: From then on it is renewed, and still good.
    fresh_until: float
    #: From then on it is no good.
    valid_until: float


class Slot(Generic[T]):
    """From `fresh_until` on one caller renews and waits, the others get what stands.

    From `valid_until` on all wait for the one flight. If that fails by the network's or the server's
    fault, what stands is good for as long as it is, and the next try comes after a while.
    """

    def __init__(self, clock: Callable[[], float], jitter: Callable[[float, float], float]) -> None:
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._held: Optional[Held[T]] = None
        self._flight: Optional[Flight[T]] = None
        self._failures = 0
        #: From when until when nothing is renewed: not before, if the clock was set back.
        self._put_off_at = 0.0
        self._not_before = 0.0
        self._refused_at = -REFUSED_ONCE_IN

    def obtain(self, renew: Callable[[], Steps[Held[T]]]) -> Steps[T]:
        while True:
            held, now = self._held, self._clock()
            if held is not None and now < held.fresh_until:
                return held.value
            with self._lock:
                flight, held = self._flight, self._held
                # Somebody may have renewed it since it was looked at.
                good_until = 0.0 if held is None else held.fresh_until
                is_put_off = self._put_off_at <= now < self._not_before
                if held is not None and (flight is not None or is_put_off):
                    good_until = held.valid_until
                if held is not None and now < good_until:
                    return held.value
                effect = Wait(flight) if flight is not None else self._lead(renew)
            landed: Optional[Landed[T]] = yield effect
            if landed is not None:
                return landed.value

    def standing(self) -> Optional[T]:
        held = self._held
        return held.value if held is not None else None

    def put(self, held: Held[T]) -> None:
        with self._lock:
            self._held, self._failures, self._not_before = held, 0, 0.0

    def drop(self) -> None:
        with self._lock:
            self._held = None

    def refuse(self, is_it: Callable[[T], bool]) -> bool:
        """Somebody did not take the value: whether there may be another.

        It is dropped if it is the one that is meant, which another caller may have renewed already,
        and if none was dropped just now: who refuses all of them would have each be renewed.
        """
        with self._lock:
            if self._held is None or not is_it(self._held.value):
                return True
            now = self._clock()
            if self._refused_at <= now < self._refused_at + REFUSED_ONCE_IN:
                return False
            self._held, self._refused_at = None, now
            return True

    def _lead(self, renew: Callable[[], Steps[Held[T]]]) -> Lead[T]:
        flight: Flight[T] = Flight(self._landed)
        self._flight = flight
        return Lead(flight, lambda: self._renewed(renew))

    def _landed(self) -> None:
        # However it ended: also if its task was cancelled before it began.
        with self._lock:
            self._flight = None

    def _renewed(self, renew: Callable[[], Steps[Held[T]]]) -> Steps[T]:
        try:
            held = yield from renew()
        except ClientError as error:
            standing = self._put_off(error)
            if standing is None:
                raise
            return standing.value
        self.put(held)
        return held.value

    def _put_off(self, error: ClientError) -> Optional[Held[T]]:
        """What stands in for the answer that did not come, and when to try again."""
        if not error.passes:
            return None
        with self._lock:
            held, now = self._held, self._clock()
            if held is None or now >= held.valid_until:
                return None
            pause = min(30.0, 2.0**self._failures) * self._jitter(0.75, 1.25)
            self._failures = min(self._failures + 1, 10)
            self._put_off_at, self._not_before = now, now + (error.retry_after or pause)
            return held


class Slots(Generic[T]):
    """Slots by their keys: so many of them, the one unused for longest out."""

    def __init__(self, make: Callable[[], Slot[T]], most: int = 1000) -> None:
        self._make = make
        self._most = most
        self._lock = threading.Lock()
        self._slots: OrderedDict[Hashable, Slot[T]] = OrderedDict()

    def at(self, key: Hashable) -> Slot[T]:
        with self._lock:
            slot = self._slots.get(key)
            if slot is None:
                slot = self._slots[key] = self._make()
                if len(self._slots) > self._most:
                    self._slots.popitem(last=False)
            else:
                self._slots.move_to_end(key)
            return slot
