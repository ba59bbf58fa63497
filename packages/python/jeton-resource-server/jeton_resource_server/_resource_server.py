"""The resource server as an API sees it: `ResourceServer` for threads, `AsyncResourceServer` for asyncio."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Generic, Optional, TypeVar, Union

import httpx

from ._claims import Claims
from ._core import (
    DEFAULT_ALGORITHMS,
    LEEWAY,
    Core,
    Header,
    Sent,
    Settings,
    Words,
    needed,
)
from ._drive import Asynchronous, Blocking
from ._errors import ResourceServerError
from ._introspection import Introspection
from ._proof import AnyReplays, Replays

if TYPE_CHECKING:
    from typing_extensions import Self

H = TypeVar("H", httpx.Client, httpx.AsyncClient)
R = TypeVar("R", bound=AnyReplays)


class _Common(Generic[H, R]):
    """What asks nobody."""

    def __init__(
        self,
        issuer: str,
        audience: Words,
        *,
        resource: Optional[str] = None,
        scopes: Sequence[str] = (),
        algorithms: Sequence[str] = DEFAULT_ALGORITHMS,
        leeway: float = LEEWAY,
        introspection: Optional[Introspection] = None,
        jwks: Optional[Mapping[str, Any]] = None,
        jwks_uri: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        dpop_nonce_secret: Union[str, bytes, None] = None,
        replays: Optional[R] = None,
        http: Optional[H] = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._core = Core(
            Settings(
                issuer=issuer,
                audience=audience,
                resource=resource,
                scopes=scopes,
                algorithms=algorithms,
                leeway=leeway,
                introspection=introspection,
                jwks=jwks,
                jwks_uri=jwks_uri,
                metadata=metadata,
                dpop_nonce_secret=dpop_nonce_secret,
                replays=replays,
                clock=clock,
                random=random,
            )
        )
        self._begin(http, replays)

    def _begin(self, http: Optional[H], replays: Optional[R]) -> None:
        raise NotImplementedError

    def require(
        self,
        claims: Claims,
        *,
        scope: Optional[Words] = None,
        any_scope: Optional[Words] = None,
        acr_values: Optional[Words] = None,
        max_age: Optional[float] = None,
    ) -> None:
        """Raises where the token is good, and not good enough for what is asked of the API.

        All of `scope`, one of `any_scope`; a login in one of the ways `acr_values`, at most
        `max_age` seconds ago (RFC 9470).
        """
        self._core.require(claims, needed(scope, any_scope, acr_values, max_age))

    def metadata_path(self) -> str:
        """Where `metadata` is to be found (RFC 9728 §3.1)."""
        return self._core.metadata_path()

    def metadata(self) -> dict[str, Any]:
        """The document that says whose tokens are taken here (RFC 9728 §2)."""
        return self._core.metadata()

    def answer_headers(self, claims: Optional[Claims] = None) -> dict[str, str]:
        """What an answer that is no refusal has besides: for pages of other origins, and a nonce."""
        return self._core.answer_headers(claims)


class ResourceServer(_Common[httpx.Client, Replays]):
    """An API that takes the access tokens of one issuer, for any number of threads.

    `audience` is what tokens have to be for: a name, or several. `resource` is the `https` URL of
    the API, where the first audience is none: proofs are for it, and challenges say where its
    metadata is. `http`, `clock` (seconds since 1970) and `random` (so many bytes) are there to be
    replaced; so is `replays`, which the processes of an API have to share for a proof to count once
    among them.
    """

    def _begin(self, http: Optional[httpx.Client], replays: Optional[Replays]) -> None:
        if replays is not None and inspect.iscoroutinefunction(replays.claim):
            raise ResourceServerError(
                "invalid_configuration", "asynchronous replays are for an AsyncResourceServer"
            )
        self._drive = Blocking(http)

    def verify(
        self,
        authorization: Header,
        *,
        method: str = "GET",
        url: str = "/",
        dpop: Header = None,
        certificate: Optional[bytes] = None,
        scope: Optional[Words] = None,
        any_scope: Optional[Words] = None,
        acr_values: Optional[Words] = None,
        max_age: Optional[float] = None,
    ) -> Claims:
        """The claims of a good token; all else is a ResourceServerError.

        `authorization` and `dpop` are those headers, all of them if there are several; of `url` the
        path counts. `certificate` is that of the connection, as DER. The rest is as in `require`.
        """
        sent = Sent(authorization, method, url, dpop, certificate)
        wanted = needed(scope, any_scope, acr_values, max_age)
        return self._drive.run(self._core.verify(sent, wanted))

    def close(self) -> None:
        """Closes the connections; not those of a client that was given."""
        self._drive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncResourceServer(_Common[httpx.AsyncClient, AnyReplays]):
    """The same for asyncio. `replays` may be asynchronous or not."""

    def _begin(self, http: Optional[httpx.AsyncClient], replays: Optional[AnyReplays]) -> None:
        self._drive = Asynchronous(http)

    async def verify(
        self,
        authorization: Header,
        *,
        method: str = "GET",
        url: str = "/",
        dpop: Header = None,
        certificate: Optional[bytes] = None,
        scope: Optional[Words] = None,
        any_scope: Optional[Words] = None,
        acr_values: Optional[Words] = None,
        max_age: Optional[float] = None,
    ) -> Claims:
        """The claims of a good token; all else is a ResourceServerError.

        `authorization` and `dpop` are those headers, all of them if there are several; of `url` the
        path counts. `certificate` is that of the connection, as DER. The rest is as in `require`.
        """
        sent = Sent(authorization, method, url, dpop, certificate)
        wanted = needed(scope, any_scope, acr_values, max_age)
        return await self._drive.run(self._core.verify(sent, wanted))

    async def aclose(self) -> None:
        """Closes the connections; not those of a client that was given."""
        await self._drive.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
