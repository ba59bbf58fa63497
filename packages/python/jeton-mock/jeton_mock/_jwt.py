from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any, NamedTuple


class Jwt(NamedTuple):
    header: dict[str, Any]
    claims: dict[str, Any]


def decode(token: str) -> Jwt:
    """Header and claims of a JWT, unverified."""
    header, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return Jwt(header, claims)
