"""Where a platform's token comes from."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Callable, Optional, Union
from urllib.parse import quote

from ._errors import ClientError
from ._metadata import is_safe
from ._steps import Call, Request, Response, Steps

#: Of a platform's token, in bytes; more is something else.
LARGEST = 64 * 1024


class Source(ABC):
    """Made by `github_actions`, `file` or `aws`. It is asked for a token each time one is needed."""

    @abstractmethod
    def token(self) -> Steps[str]: ...


class _Function(Source):
    def __init__(self, what: str, function: Callable[[], Union[str, Awaitable[str]]]) -> None:
        self._what = what
        self._function = function

    def token(self) -> Steps[str]:
        why = ""
        try:
            token = yield Call(self._function)
            return str(token).strip()
        except ClientError:
            raise
        except Exception as error:  # noqa: BLE001 - what it says could have the token
            why = type(error).__name__
        raise ClientError("credential_unavailable", f"{self._what} could not be read ({why})")


class _GitHubActions(Source):
    def __init__(self, audience: str, environment: Mapping[str, str]) -> None:
        self._audience = audience
        self._environment = environment

    def token(self) -> Steps[str]:
        url = self._environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        bearer = self._environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        if not url or not bearer:
            raise ClientError(
                "credential_unavailable",
                "ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN are not there: the job needs the permission "
                "id-token: write",
            )
        if not is_safe(url):
            raise ClientError(
                "credential_unavailable", "ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL"
            )
        joint = "&" if "?" in url else "?"
        response: Response = yield Request(
            "GET",
            f"{url}{joint}audience={quote(self._audience, safe='')}",
            {"authorization": f"Bearer {bearer}"},
        )
        value = (response.json_object() or {}).get("value")
        if response.status >= 500 or response.status == 429:
            raise ClientError(
                "server_error", "GitHub's token service failed", status=response.status
            )
        if response.status != 200 or not isinstance(value, str):
            raise ClientError(
                "credential_unavailable", "GitHub gave the job no token", status=response.status
            )
        return value


def as_source(source: Union[Source, Callable[[], Union[str, Awaitable[str]]]]) -> Source:
    return source if isinstance(source, Source) else _Function("the platform's token", source)


def github_actions(audience: str, *, environment: Optional[Mapping[str, str]] = None) -> Source:
    """Of a job in GitHub Actions, by the URL and the token that it finds in its environment."""
    return _GitHubActions(audience, os.environ if environment is None else environment)


def file(path: Union[str, os.PathLike[str]]) -> Source:
    """Of a file that is read each time, because the platform renews it (Kubernetes, SPIFFE)."""

    def read() -> str:
        with Path(path).open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError("too large")
        return content.decode("ascii")

    return _Function(f"the platform's token in {os.fspath(path)}", read)


def aws(
    audience: str, *, signing_algorithm: str = "ES384", seconds: int = 300, client: Any = None
) -> Source:
    """Of a workload in AWS, by `sts:GetWebIdentityToken`; needs boto3, or a client of its STS."""

    def ask() -> str:
        sts = client
        if sts is None:
            sts = import_module("boto3").client("sts")
        answer = sts.get_web_identity_token(
            Audience=[audience], SigningAlgorithm=signing_algorithm, DurationSeconds=seconds
        )
        return str(answer["WebIdentityToken"])

    return _Function("the token of AWS", ask)
