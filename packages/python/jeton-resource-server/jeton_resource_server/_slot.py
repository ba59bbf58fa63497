"""One value that is kept, and the one flight that renews it."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from ._errors import FAILURES, Failure
from ._steps import Flight, Landed, Lead, Steps, Wait

T = TypeVar("T")


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
        self._not_before = 0.0
        self._not_again_before = 0.0
        #: Of the last renewal, if that is why the value is an old one.
        self._failure: Optional[Failure] = None

    def obtain(self, renew: Callable[[], Steps[Held[T]]]) -> Steps[T]:
        while True:
            held, now = self._held, self._clock()
            if held is not None and now < held.fresh_until:
                return held.value
            with self._lock:
                flight, held = self._flight, self._held
                # Somebody may have renewed it since it was looked at.
                good_until = 0.0 if held is None else held.fresh_until
                if held is not None and (flight is not None or now < self._not_before):
                    good_until = held.valid_until
                if held is not None and now < good_until:
                    return held.value
                effect = Wait(flight) if flight is not None else self._lead(renew)
            landed: Optional[Landed[T]] = yield effect
            if landed is not None:
                return landed.value

    def look_again(
        self, seen: T, renew: Callable[[], Steps[Held[T]]], cool_down: float
    ) -> Steps[T]:
        """Another value than the one that was seen, asked for at most once in so many seconds.

        That the one seen is the newest is only said if it is known.
        """
        with self._lock:
            flight, held, now = self._flight, self._held, self._clock()
            if held is not None and held.value is not seen:
                return held.value
            if flight is None and now < self._not_again_before:
                return self._surely(seen)
            if flight is None:
                self._not_again_before = now + cool_down
            effect = Wait(flight) if flight is not None else self._lead(renew)
        landed: Optional[Landed[T]] = yield effect
        with self._lock:
            if landed is not None and landed.value is not seen:
                return landed.value
            return self._surely(seen)

    def _surely(self, seen: T) -> T:
        if self._failure is not None:
            raise copy.copy(self._failure)
        return seen

    def standing(self) -> Optional[T]:
        held = self._held
        return held.value if held is not None else None

    def put(self, held: Held[T]) -> None:
        with self._lock:
            self._held, self._failures, self._not_before = held, 0, 0.0
            self._failure = None

    def drop(self, is_it: Callable[[T], bool] = lambda _: True) -> None:
        """Only the value that is meant: another caller may have renewed it already."""
        with self._lock:
            if self._held is not None and is_it(self._held.value):
                self._held = None

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
        except FAILURES as error:
            standing = self._put_off(error)
            if standing is None:
                raise
            return standing.value
        self.put(held)
        return held.value

    def _put_off(self, error: Failure) -> Optional[Held[T]]:
        """What stands in for the answer that did not come, and when to try again."""
        if error.fault not in ("network", "server"):
            return None
        with self._lock:
            held, now = self._held, self._clock()
            if held is None or now >= held.valid_until:
                return None
            pause = min(30.0, 2.0**self._failures) * self._jitter(0.75, 1.25)
            self._failures = min(self._failures + 1, 10)
            self._not_before = now + (error.retry_after or pause)
            self._failure = copy.copy(error)
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
