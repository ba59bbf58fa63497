from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, Optional
from urllib.parse import urlsplit

from ._http import Value, encode, send
from ._issuer import Issuer
from ._types import IssuerInfo, IssuerSpec, read

if TYPE_CHECKING:
    from typing_extensions import Self


def connect_mock(url: str) -> Mock:
    """A mock that runs already, as in a container: ``http://localhost:9400``."""
    parts = urlsplit(url)
    mock = Mock(f"{parts.scheme}://{parts.netloc}")
    mock.issuers()
    return mock


class Mock:
    """A running mock. At the end of a ``with`` it is stopped, if it was started here."""

    def __init__(self, url: str, stop: Callable[[], None] = lambda: None) -> None:
        #: Where this process reaches it.
        self.url = url
        self._stop = stop

    def issuer(self, name: Optional[str] = None, spec: Optional[IssuerSpec] = None) -> Issuer:
        """Makes an issuer with state of its own, or makes it anew. Without a name it gets a random one."""
        name = f"test-{secrets.token_hex(6)}" if name is None else name
        return self._at(self._control("PUT", "/issuer", {"issuer": name}, spec or {}))

    def attach(self, name: str = "") -> Issuer:
        """An issuer that is there, as it is; without a name the default one."""
        return self._at(self._control("GET", "/issuer", {"issuer": name}))

    def issuers(self) -> list[IssuerInfo]:
        return [read(IssuerInfo, one) for one in self._control("GET", "/issuers")["issuers"]]

    def reset(self) -> None:
        """Puts every issuer back to what it was configured as; those made since are gone."""
        self._control("POST", "/reset", {"all": True})

    def ca(self) -> str:
        """The certificate (PEM) to trust where it was started with ``--https``."""
        answer = send(f"{self.url}/_mock/ca.pem")
        return answer.text if answer.status == 200 else str(answer.json())

    def stop(self) -> None:
        """Ends the process, if it was started here."""
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _at(self, info: Mapping[str, Any]) -> Issuer:
        name: str = info["name"]

        def control(method: str, path: str, query: Mapping[str, Value], body: Any = None) -> Any:
            return self._control(method, path, {"issuer": name, **query}, body)

        return Issuer(name, info["issuer"], f"{self.url}/{name}".rstrip("/"), control)

    def _control(
        self, method: str, path: str, query: Optional[Mapping[str, Value]] = None, body: Any = None
    ) -> Any:
        url = f"{self.url}/_mock{path}" + (f"?{encode(query)}" if query else "")
        if body is None:
            return send(url, method).json()
        return send(
            url, method, headers={"content-type": "application/json"}, body=json.dumps(body)
        ).json()
