"""A person's login on another device (RFC 8628)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Optional

from ._errors import ClientError
from ._grant import Grant, is_token
from ._metadata import is_safe
from ._server import Server
from ._steps import Sleep, Steps, number

#: What a terminal can show without being told to do something.
_USER_CODE = re.compile(r"[\x21-\x7e]{1,64}")


@dataclass(frozen=True)
class DeviceCode:
    user_code: str
    verification_uri: str
    verification_uri_complete: Optional[str]
    #: Seconds since 1970.
    expires_at: float
    device_code: str = field(repr=False)
    interval: float
    scope: str
    resource: tuple[str, ...]


def begin(server: Server, scope: str, resource: tuple[str, ...]) -> Steps[DeviceCode]:
    form = {"scope": scope} if scope else {}
    asked_at = server.surroundings.clock()
    response, secrets = yield from server.post(
        "device_authorization_endpoint", form, resource=resource
    )
    answer = response.json_object() or {}
    if response.status != 200:
        name = answer.get("error")
        raise server.refusal(response, secrets, name if isinstance(name, str) else None)
    return _read(answer, asked_at, scope, resource)


def _read(
    answer: dict[str, Any], asked_at: float, scope: str, resource: tuple[str, ...]
) -> DeviceCode:
    user_code, device_code = answer.get("user_code"), answer.get("device_code")
    uri, complete = answer.get("verification_uri"), answer.get("verification_uri_complete")
    lifetime, interval = number(answer.get("expires_in")), number(answer.get("interval", 5))
    if not isinstance(user_code, str) or not _USER_CODE.fullmatch(user_code):
        raise ClientError("invalid_response", "the server's user_code cannot be shown")
    if not is_safe(uri) or not (complete is None or is_safe(complete)):
        raise ClientError("invalid_response", "the server's verification_uri is not an https URL")
    if not is_token(device_code) or lifetime is None or interval is None or interval < 0:
        raise ClientError("invalid_response", "the server's answer lacks what RFC 8628 asks for")
    return DeviceCode(
        user_code,
        str(uri),
        complete,
        asked_at + lifetime,
        str(device_code),
        max(interval, 1.0),
        scope,
        resource,
    )


def wait(server: Server, device: DeviceCode) -> Steps[Grant]:
    """Asks at the server's pace until the person has answered or the code has expired."""
    interval, back_off = device.interval, 0.0
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": device.device_code,
    }
    while True:
        yield Sleep(max(interval, back_off))
        if server.surroundings.clock() >= device.expires_at:
            raise ClientError("expired_token", "nobody has entered the code in time")
        failure: Optional[ClientError] = None
        try:
            answer = yield from server.ask(
                form, scope=device.scope, resource=device.resource, pauses=()
            )
        except ClientError as error:
            failure = error
        else:
            if isinstance(answer, Grant):
                return answer
            if answer.name == "slow_down":
                # RFC 8628 §3.5: for good.
                interval += 5.0
            elif answer.name != "authorization_pending":
                failure = answer.error
        back_off = _back_off(failure, interval, back_off)


def _back_off(failure: Optional[ClientError], interval: float, before: float) -> float:
    """How long to wait after a network or server fault, twice as long each time; others are raised."""
    if failure is None:
        return 0.0
    if failure.fault not in ("network", "server"):
        raise failure
    return failure.retry_after or min(max(interval, before) * 2, 60.0)
