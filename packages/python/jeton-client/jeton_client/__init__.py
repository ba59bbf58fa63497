"""Access tokens for an application: its own, and a person's, from any OAuth 2.0 server.

What OAuth names keeps its name, here as on the wire: ``client_id``, ``scope``, ``expires_at``.
"""

from ._authentication import (
    Authentication,
    client_secret,
    none,
    platform_token,
    private_key_jwt,
)
from ._client import AsyncClient, Client
from ._errors import ClientError
from ._grant import AccessToken
from ._jose import DpopKey, dpop_key
from ._session import LoggedOut, LoginStarted
from ._sessions import AsyncDevice, AsyncSession, Device, Session
from ._sources import Source, aws, file, github_actions
from ._store import AsyncStore, FolderStore, MemoryStore, Store

__all__ = [
    "AccessToken",
    "AsyncClient",
    "AsyncDevice",
    "AsyncSession",
    "AsyncStore",
    "Authentication",
    "Client",
    "ClientError",
    "Device",
    "DpopKey",
    "FolderStore",
    "LoggedOut",
    "LoginStarted",
    "MemoryStore",
    "Session",
    "Source",
    "Store",
    "aws",
    "client_secret",
    "dpop_key",
    "file",
    "github_actions",
    "none",
    "platform_token",
    "private_key_jwt",
]
