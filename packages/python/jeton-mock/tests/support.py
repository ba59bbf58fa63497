"""The package from beside the tests, and the binary they are held against."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional
from urllib.parse import urlencode

PACKAGE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PACKAGE))

from jeton_mock import Issuer, decode

BIN = os.environ.get("JETON_BIN") or str(PACKAGE.parents[2] / "target" / "suite" / "jeton")

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(
    url: str, headers: Optional[Mapping[str, str]] = None, form: Optional[Mapping[str, str]] = None
) -> Any:
    data = urlencode(form).encode() if form else None
    with _opener.open(
        urllib.request.Request(url, data, dict(headers or {})), timeout=10
    ) as response:
        return json.load(response)


def introspect(issuer: Issuer, token: str) -> Any:
    basic = b64encode(b"demo:demo-secret").decode()
    return get(issuer.introspection_endpoint, {"authorization": f"Basic {basic}"}, {"token": token})


def kids(issuer: Issuer) -> list[str]:
    return [key["kid"] for key in get(issuer.jwks_uri)["keys"]]


def signer(issuer: Issuer) -> str:
    return str(decode(issuer.token()["access_token"]).header["kid"])
