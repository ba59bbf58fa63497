"""The authorization server, as a client speaks to it: discovery, requests, retries, proofs."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Optional
from urllib.parse import urlencode, urlsplit

from . import _answers
from ._authentication import Authentication, Occasion, Proof, none
from ._errors import ClientError
from ._grant import Grant, read_grant
from ._jose import DpopKey, encode
from ._metadata import Metadata, checked, checked_issuer, locations
from ._slot import Held, Slot
from ._steps import Request, Response, Sleep, Steps

#: Seconds before a request is sent again, after a network fault and a 5xx.
PAUSES = (0.2, 1.0)
#: Retry-After up to here is waited for, in seconds; beyond, the caller is told.
PATIENCE = 5.0
#: Of metadata, in seconds.
METADATA_FRESH = 3600.0

_NONCE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,1024}")
#: Of a form, what is nobody's to read.
_SECRETS = ("code", "code_verifier", "device_code", "refresh_token", "token")
_NO_ANSWER = ("network", "server")


@dataclass(frozen=True)
class Window:
    """Until when a request may be sent, and until when its answer is of use."""

    sent_until: float
    answered_until: float


class Surroundings:
    """The clock and the random generator, and what is made of them."""

    def __init__(self, clock: Callable[[], float], random: Callable[[int], bytes]) -> None:
        self.clock = clock
        self.random = random

    def text(self) -> str:
        """256 bits that nobody guesses."""
        return encode(self.random(32))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * int.from_bytes(self.random(4), "big") / 2**32


class Nonces:
    """The DPoP nonce that each server gave last (RFC 9449 §8), of so many of them."""

    def __init__(self, most: int = 100) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._nonces: dict[str, str] = {}

    def of(self, url: str) -> Optional[str]:
        return self._nonces.get(origin(url))

    def note(self, url: str, nonce: Optional[str]) -> bool:
        """Whether it is one."""
        if nonce is None or not _NONCE.fullmatch(nonce):
            return False
        with self._lock:
            self._nonces[origin(url)] = nonce
            if len(self._nonces) > self._most:
                del self._nonces[next(iter(self._nonces))]
        return True


def origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


@dataclass(frozen=True)
class Refusal:
    """An OAuth error: its name on the wire, and as it would be raised."""

    name: str
    error: ClientError


class Server:
    def __init__(
        self,
        issuer: str,
        client_id: Optional[str],
        authentication: Optional[Authentication],
        dpop: Optional[DpopKey],
        metadata: Optional[Mapping[str, Any]],
        surroundings: Surroundings,
    ) -> None:
        self.issuer = checked_issuer(issuer)
        self.client_id = client_id
        self.dpop = dpop
        self.surroundings = surroundings
        self.nonces = Nonces()
        self._authentication = authentication or none()
        self._slot: Slot[Metadata] = Slot(surroundings.clock, surroundings.between)
        self._openid_slot: Slot[Metadata] = Slot(surroundings.clock, surroundings.between)
        self._is_given = metadata is not None
        if metadata is not None:
            forever = float("inf")
            self._slot.put(Held(checked(issuer, metadata), forever, forever))
        #: From when until when the server asked to be left alone, and how it said so.
        self._closed: tuple[float, float, Optional[ClientError]] = (0.0, 0.0, None)

    # Discovery.

    def metadata(self) -> Steps[Metadata]:
        return (yield from self._slot.obtain(self._discover))

    def openid_metadata(self) -> Steps[Metadata]:
        """The same for a person's login: what RFC 8414's document lacks is in OpenID's, if there is one.

        Servers say where to log out, and how ID tokens are signed, in that one alone.
        """
        metadata = yield from self.metadata()
        if metadata.listed("id_token_signing_alg_values_supported") is not None or self._is_given:
            return metadata
        return (yield from self._openid_slot.obtain(partial(self._complete, metadata)))

    def _complete(self, metadata: Metadata) -> Steps[Held[Metadata]]:
        fresh_until = self.surroundings.clock() + METADATA_FRESH
        try:
            members = yield from self._document(locations(self.issuer)[1])
        except ClientError as error:
            if error.fault == "network" or error.code not in ("no_metadata", "invalid_metadata"):
                raise
            return Held(metadata, fresh_until, float("inf"))
        whole = metadata.completed(checked(self.issuer, members))
        return Held(whole, fresh_until, float("inf"))

    def _discover(self) -> Steps[Held[Metadata]]:
        failures: list[ClientError] = []
        for url in locations(self.issuer):
            try:
                members = yield from self._document(url)
            except ClientError as error:
                # What the network does to one place, it does to the other.
                if error.fault == "network" or error.retry_after is not None:
                    raise
                failures.append(error)
                continue
            fresh_until = self.surroundings.clock() + METADATA_FRESH
            return Held(checked(self.issuer, members), fresh_until, float("inf"))
        # That of the place where there was something, if there was.
        raise min(failures, key=lambda error: error.code == "no_metadata")

    def _document(self, url: str) -> Steps[dict[str, Any]]:
        too_much = False
        try:
            response = yield from self.patiently(partial(_get, url), PAUSES)
        except ClientError as error:
            if error.code != "invalid_response":
                raise
            too_much = True
        members = None if too_much else response.json_object()
        if not too_much and (response.status >= 500 or response.status == 429):
            raise self.refusal(response, ())
        if not too_much and response.status != 200:
            said = "the issuer has neither RFC 8414 metadata nor OpenID discovery"
            raise ClientError("no_metadata", said, status=response.status)
        if members is None:
            raise ClientError(
                "invalid_metadata", "the issuer's metadata is no JSON object, or too large"
            )
        return members

    def json(self, url: str, what: str) -> Steps[dict[str, Any]]:
        """A document of the server's, as its keys."""
        response = yield from self.patiently(partial(_get, url), PAUSES)
        document = response.json_object() if response.status == 200 else None
        if document is None:
            if response.status >= 500 or response.status == 429:
                raise self.refusal(response, ())
            raise ClientError(
                "invalid_response", f"the server's {what} cannot be read", status=response.status
            )
        return document

    # Requests.

    def grant(
        self,
        form: Mapping[str, str],
        *,
        scope: str,
        resource: Sequence[str] = (),
        pauses: Sequence[float] = PAUSES,
        timeout: float = 10.0,
        window: Optional[Window] = None,
    ) -> Steps[Grant]:
        """A token, or the error."""
        answer = yield from self.ask(
            form, scope=scope, resource=resource, pauses=pauses, timeout=timeout, window=window
        )
        if isinstance(answer, Refusal):
            raise answer.error
        return answer

    def ask(
        self,
        form: Mapping[str, str],
        *,
        scope: str,
        resource: Sequence[str] = (),
        pauses: Sequence[float] = PAUSES,
        timeout: float = 10.0,
        window: Optional[Window] = None,
    ) -> Steps[Grant | Refusal]:
        """A token, or why not where the server says so; DPoP's nonce is seen to (RFC 9449 §8)."""
        sent_at = self.surroundings.clock()
        response, secrets = yield from self.post(
            "token_endpoint",
            form,
            resource=resource,
            pauses=pauses,
            timeout=timeout,
            window=window,
        )
        answer = response.json_object()
        if response.status == 200 and answer is not None and "error" not in answer:
            return read_grant(answer, asked=scope, bound=self.dpop is not None, sent_at=sent_at)
        name = (answer or {}).get("error")
        name = name if isinstance(name, str) and response.status != 200 else None
        return Refusal(name or "", self.refusal(response, secrets, name))

    def post(
        self,
        endpoint: str,
        form: Mapping[str, str],
        *,
        resource: Sequence[str] = (),
        pauses: Sequence[float] = PAUSES,
        timeout: float = 10.0,
        window: Optional[Window] = None,
    ) -> Steps[tuple[Response, list[str]]]:
        """The answer, and what of the request must not stand in an error."""
        metadata = yield from self.metadata()
        url = metadata.endpoint(endpoint)
        bound = self.dpop if endpoint == "token_endpoint" else None
        secrets: list[str] = []

        def request() -> Steps[Request]:
            # Each time anew: an assertion and a proof count once.
            proof = yield from self._prove(metadata)
            pairs = [*form.items(), *proof.form.items(), *(("resource", one) for one in resource)]
            secrets[:] = [*(form[name] for name in _SECRETS if name in form), *proof.secrets]
            headers = {"content-type": "application/x-www-form-urlencoded"}
            if proof.authorization is not None:
                headers["authorization"] = proof.authorization
            if bound is not None:
                headers["dpop"] = self.proof("POST", url)
            seconds = timeout
            if window is not None:
                # Whatever came before it may have taken its time.
                now = self.surroundings.clock()
                if now >= window.sent_until:
                    raise ClientError("timeout", "it is too late for the request")
                seconds = min(timeout, window.answered_until - now)
            return Request("POST", url, headers, urlencode(pairs).encode(), seconds)

        response = yield from self.patiently(request, pauses)
        given = bound is not None and self.nonces.note(url, response.headers.get("dpop-nonce"))
        if given and (response.json_object() or {}).get("error") == "use_dpop_nonce":
            response = yield from self.patiently(request, pauses)
            self.nonces.note(url, response.headers.get("dpop-nonce"))
        return response, secrets

    def patiently(
        self, request: Callable[[], Steps[Request]], pauses: Sequence[float]
    ) -> Steps[Response]:
        """The answer, asked for again while there is none and the pauses last."""
        left = [*pauses]
        while True:
            yield from self._wait_until_open()
            try:
                response: Response = yield (yield from request())
            except ClientError as error:
                if error.fault not in _NO_ANSWER or not left:
                    raise
            else:
                after = self._asked_to_wait(response)
                if not left or not (response.status >= 500 or after is not None):
                    return response
                if after is not None and after > PATIENCE:
                    return response
                if after is not None:
                    left.pop(0)
                    continue
            yield Sleep(left.pop(0) * self.surroundings.between(0.75, 1.25))

    def _asked_to_wait(self, response: Response) -> Optional[float]:
        """Retry-After of an answer that has a right to it; nobody asks before then."""
        now = self.surroundings.clock()
        after = _answers.retry_after(response.headers, now)
        if response.status not in (429, 503) or after is None:
            return None
        self._closed = (now, now + after, self.refusal(response, ()))
        return after

    def proof(self, method: str, url: str, access_token: Optional[str] = None) -> str:
        if self.dpop is None:
            raise ClientError("invalid_configuration", "the client has no DPoP key")
        return self.dpop.proof(
            method,
            url,
            now=self.surroundings.clock(),
            jti=self.surroundings.text(),
            nonce=self.nonces.of(url),
            access_token=access_token,
        )

    def _prove(self, metadata: Metadata) -> Steps[Proof]:
        now = self.surroundings.clock()
        occasion = Occasion(self.client_id, metadata, now, self.surroundings.text())
        return (yield from self._authentication.prove(occasion))

    def _wait_until_open(self) -> Steps[None]:
        since, until, error = self._closed
        now = self.surroundings.clock()
        left = until - now
        # A clock that was set back would make the pause longer.
        if error is None or left <= 0 or now < since:
            return
        if left > PATIENCE:
            raise _answers.made(error.code, status=error.status, retry_after=left)
        yield Sleep(left)

    def refusal(
        self, response: Response, secrets: Sequence[str], name: Optional[str] = None
    ) -> ClientError:
        now = self.surroundings.clock()
        return _answers.refusal(response, secrets=secrets, now=now, error=name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(issuer={self.issuer!r}, client_id={self.client_id!r})"


def _get(url: str) -> Steps[Request]:
    return Request("GET", url)
    yield
