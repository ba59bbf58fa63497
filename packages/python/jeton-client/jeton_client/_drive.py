"""Who does what the steps ask for: `Blocking` for threads, `Asynchronous` for asyncio."""

from __future__ import annotations

import asyncio
import copy
import inspect
import threading
import time
from collections.abc import Awaitable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from typing import Any, Callable, NoReturn, Optional, TypeVar
from weakref import WeakKeyDictionary

import httpx

from ._errors import ClientError
from ._steps import Call, Effect, Flight, Landed, Lead, Request, Response, Sleep, Steps

T = TypeVar("T")

#: How often is looked whether the event loop of a flight still runs, in seconds.
STOOD_STILL = 1.0
#: Of an answer, in bytes.
LARGEST = 256 * 1024


class Blocking:
    def __init__(
        self, http: Optional[httpx.Client], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._given = http
        self._own: Optional[httpx.Client] = None
        self._lock = threading.Lock()
        self._sleep = sleep

    def run(self, steps: Steps[T]) -> T:
        answer: Any = None
        failure: Optional[BaseException] = None
        while True:
            try:
                effect = steps.send(answer) if failure is None else steps.throw(failure)
            except StopIteration as end:
                result: T = end.value
                return result
            answer, failure = None, None
            try:
                answer = self._perform(effect)
            except BaseException as error:  # noqa: BLE001 - the steps decide
                failure = error

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Request):
            return self._send(effect)
        if isinstance(effect, Sleep):
            return self._sleep(effect.seconds)
        if isinstance(effect, Call):
            return effect.function()
        if isinstance(effect, Lead):
            return self._lead(effect)
        return self._wait(effect.flight)

    def _wait(self, flight: Flight[T]) -> Optional[Landed[T]]:
        try:
            return flight.future.result()
        except ClientError as error:
            # Each has its own: one that is raised often grows by a traceback each time.
            failure = copy.copy(error)
        raise failure

    def _lead(self, effect: Lead[T]) -> Landed[T]:
        future = effect.flight.future
        try:
            landed = Landed(self.run(effect.steps()))
        except Exception as error:
            future.set_exception(error)
            raise
        except BaseException:
            # Interrupted: somebody who waits takes it up.
            future.set_result(None)
            raise
        future.set_result(landed)
        return landed

    def _send(self, request: Request) -> Response:
        """In a thread of its own: httpx bounds each read, and an answer may come byte by byte."""
        answered: Future[Response] = Future()

        def exchange() -> None:
            try:
                answered.set_result(self._exchange(request))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                answered.set_exception(error)

        try:
            threading.Thread(target=exchange, daemon=True).start()
        except RuntimeError:
            # None begins any more when the interpreter ends.
            exchange()
        try:
            return answered.result(request.timeout)
        except FutureTimeout:
            failure = _failure(request, httpx.ReadTimeout(""))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = _failure(request, error)
        # Not within `except`: an error of httpx has the request with its secrets.
        raise failure

    def _exchange(self, request: Request) -> Response:
        until = time.monotonic() + request.timeout
        body = bytearray()
        with self._http().stream(**_arguments(request)) as response:
            _check(request, response)
            for chunk in response.iter_bytes():
                _collect(request, body, chunk)
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("")
            return _answer(response, body)

    def _http(self) -> httpx.Client:
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = httpx.Client()
            return self._own

    def close(self) -> None:
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()


class Asynchronous:
    def __init__(
        self,
        http: Optional[httpx.AsyncClient],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._given = http
        # Connections belong to the event loop that opened them.
        self._own: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            WeakKeyDictionary()
        )
        self._lock = threading.Lock()
        self._sleep = sleep
        # An event loop keeps no task alive by itself.
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, steps: Steps[T]) -> T:
        answer: Any = None
        failure: Optional[BaseException] = None
        while True:
            try:
                effect = steps.send(answer) if failure is None else steps.throw(failure)
            except StopIteration as end:
                result: T = end.value
                return result
            answer, failure = None, None
            try:
                answer = await self._perform(effect)
            except BaseException as error:  # noqa: BLE001 - the steps decide
                failure = error

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Request):
            return await self._send(effect)
        if isinstance(effect, Sleep):
            return await self._sleep(effect.seconds)
        if isinstance(effect, Call):
            return await _called(effect.function)
        if isinstance(effect, Lead):
            self._lead(effect)
        return await self._wait(effect.flight)

    def _lead(self, effect: Lead[Any]) -> None:
        """A task of its own, so that it goes on if the caller that began it is cancelled."""
        effect.flight.loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(self.run(effect.steps()))
        self._tasks.add(task)
        future = effect.flight.future

        def done(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if future.done():
                # Its event loop stood still, and who waited gave it up.
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(None if task.cancelled() else Landed(task.result()))

        task.add_done_callback(done)

    async def _wait(self, flight: Flight[T]) -> Optional[Landed[T]]:
        landing = asyncio.wrap_future(flight.future)
        try:
            if flight.loop is asyncio.get_running_loop():
                return await landing
            while not (await asyncio.wait({landing}, timeout=STOOD_STILL))[0]:
                loop: Optional[asyncio.AbstractEventLoop] = flight.loop
                if loop is not None and not loop.is_running():
                    # It ended, or was left, with the flight under way: whoever waits takes it up.
                    with suppress(InvalidStateError):
                        flight.future.set_result(None)
            return landing.result()
        except asyncio.CancelledError:
            landing.cancel()
            raise
        except ClientError as error:
            failure = copy.copy(error)
        raise failure

    async def _send(self, request: Request) -> Response:
        try:
            return await asyncio.wait_for(self._exchange(request), request.timeout)
        except (
            asyncio.TimeoutError,
            httpx.HTTPError,
            httpx.InvalidURL,
            httpx.StreamError,
        ) as error:
            failure = _failure(request, error)
        raise failure

    async def _exchange(self, request: Request) -> Response:
        body = bytearray()
        async with self._http().stream(**_arguments(request)) as response:
            _check(request, response)
            async for chunk in response.aiter_bytes():
                _collect(request, body, chunk)
            return _answer(response, body)

    def _http(self) -> httpx.AsyncClient:
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        with self._lock:
            if loop not in self._own:
                self._own[loop] = httpx.AsyncClient()
            return self._own[loop]

    async def aclose(self) -> None:
        """Of this event loop; those of another one are its own to close."""
        with self._lock:
            own = self._own.pop(asyncio.get_running_loop(), None)
        if own is not None:
            await own.aclose()


async def _called(function: Callable[[], Any]) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function()
    value = await asyncio.to_thread(function)
    return await value if inspect.isawaitable(value) else value


def _arguments(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        # What is compressed could be of any size.
        "headers": {"accept": "application/json", "accept-encoding": "identity", **request.headers},
        "content": request.body,
        "timeout": request.timeout,
        "follow_redirects": False,
        # Not what an injected client adds to its requests.
        "auth": None,
    }


def _check(request: Request, response: httpx.Response) -> None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        _refuse(request, "is compressed, which nobody asked for")


def _collect(request: Request, body: bytearray, chunk: bytes) -> None:
    if len(body) + len(chunk) > LARGEST:
        _refuse(request, "is larger than 256 kB")
    body += chunk


def _refuse(request: Request, what: str) -> NoReturn:
    raise ClientError("invalid_response", f"the answer of {_place(request)} {what}")


def _answer(response: httpx.Response, body: bytearray) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, bytes(body))


def _failure(request: Request, error: Exception) -> ClientError:
    where = _place(request)
    if isinstance(error, (httpx.TimeoutException, asyncio.TimeoutError)):
        return ClientError("timeout", f"no answer of {where} within {request.timeout:g} s")
    # Only what the system says of a connection: other messages may quote a header.
    why = f": {error}" if isinstance(error, httpx.ConnectError) and str(error) else ""
    return ClientError("unreachable", f"no answer of {where}{why}")


def _place(request: Request) -> str:
    """Without the query, in which there may be anything."""
    return request.url.partition("?")[0]
