"""The mock of Jeton from a test: a process, its issuers, and what they are told to do.

What OAuth names keeps its name, here as on the wire: ``client_id``, ``redirect_uri``, ``grant_type``.
"""

from ._http import MockError
from ._issuer import Clock, FaultHandle, Issuer, Keys
from ._jwt import Jwt, decode
from ._mock import Mock, connect_mock
from ._start import start_mock
from ._types import (
    ClaimMatch,
    ClaimRule,
    Client,
    ClockSpec,
    ClockState,
    CustomResponse,
    Entry,
    Fault,
    FaultState,
    IssuerInfo,
    IssuerSpec,
    Key,
    Matcher,
    MockSpec,
    TrustCondition,
    TrustDocument,
    TrustRule,
    User,
)

__all__ = [
    "ClaimMatch",
    "ClaimRule",
    "Client",
    "Clock",
    "ClockSpec",
    "ClockState",
    "CustomResponse",
    "Entry",
    "Fault",
    "FaultHandle",
    "FaultState",
    "Issuer",
    "IssuerInfo",
    "IssuerSpec",
    "Jwt",
    "Key",
    "Keys",
    "Matcher",
    "Mock",
    "MockError",
    "MockSpec",
    "TrustCondition",
    "TrustDocument",
    "TrustRule",
    "User",
    "connect_mock",
    "decode",
    "start_mock",
]
