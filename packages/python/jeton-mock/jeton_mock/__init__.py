"""The mock of Jeton from a test: a process, its issuers, and what they are told to do.

What OAuth names keeps its name, here as on the wire: ``client_id``, ``redirect_uri``, ``grant_type``.
"""

from ._clock import Clock
from ._http import MockError
from ._issuer import FaultHandle, Issuer
from ._jwt import Jwt, decode
from ._keys import Keys
from ._mock import Mock, connect_mock
from ._start import start_mock
from ._types import (
    Api,
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
    KeptClaimRule,
    Key,
    Matcher,
    MockSpec,
    Profile,
    TrustCondition,
    TrustDocument,
    TrustRule,
    User,
)

__all__ = [
    "Api",
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
    "KeptClaimRule",
    "Key",
    "Keys",
    "Matcher",
    "Mock",
    "MockError",
    "MockSpec",
    "Profile",
    "TrustCondition",
    "TrustDocument",
    "TrustRule",
    "User",
    "connect_mock",
    "decode",
    "start_mock",
]
