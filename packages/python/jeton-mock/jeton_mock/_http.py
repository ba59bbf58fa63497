"""One request, and what an answer that was not hoped for is turned into."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Optional, Union
from urllib.parse import urlencode, urlsplit

#: Longer than the longest fault (60 s) and the longest wait (30 s).
TIMEOUT = 90

Value = Union[str, int, bool, Sequence[str], None]


class MockError(Exception):
    """An answer that was not hoped for: the mock's refusal, an OAuth error, or none at all."""

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        error: Optional[str] = None,
        error_description: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        #: None where there was no answer.
        self.status = status
        self.error = error
        self.error_description = error_description


@dataclass(frozen=True)
class Answer:
    """Any answer; redirects are answers."""

    what: str
    status: int
    headers: Message
    text: str

    def json(self) -> Any:
        """The body of an answer that must be a good one; None of an empty 204."""
        try:
            body = json.loads(self.text)
        except ValueError:
            body = None
        if not 200 <= self.status < 300:
            about = body if isinstance(body, dict) else {}
            error, description = about.get("error"), about.get("error_description")
            said = ": ".join(filter(None, (error, description))) or self.excerpt()
            raise MockError(
                f"{self.what}: {self.status} {said}",
                status=self.status,
                error=error,
                error_description=description,
            )
        if body is None and self.status != 204:
            raise MockError(
                f"{self.what}: {self.status}, but no JSON: {self.excerpt()}", status=self.status
            )
        return body

    def excerpt(self) -> str:
        """What a page or a broken answer says, on one line."""
        words = re.sub(r"<style.*?</style>|<[^>]*>", " ", self.text, flags=re.DOTALL).split()
        said = " ".join(words)[:200] or "(empty)"
        return f"{self.headers.get('content-type', 'no content type')}: {said}"


def send(
    url: str,
    method: str = "GET",
    *,
    headers: Optional[Mapping[str, str]] = None,
    body: Optional[str] = None,
) -> Answer:
    # Not urllib.request, which asks the environment for a proxy and follows redirects.
    parts = urlsplit(url)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=TIMEOUT)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body and body.encode(), dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        return Answer(f"{method} {url}", response.status, response.headers, text)
    except (OSError, HTTPException) as error:
        raise MockError(f"{method} {url}: no answer: {error}") from error
    finally:
        connection.close()


def encode(parameters: Mapping[str, Value]) -> str:
    """A query or a form; what is None is left out, a list is a parameter that often."""
    return urlencode(
        {name: _text(value) for name, value in parameters.items() if value is not None}, doseq=True
    )


def _text(value: Value) -> Value:
    return str(value).lower() if isinstance(value, bool) else value
