"""The access tokens of an OAuth 2.0 server, as an API takes or refuses them.

What OAuth names keeps its name, here as on the wire: ``client_id``, ``scope``, ``acr``.
"""

from ._claims import Claims
from ._errors import ResourceServerError
from ._introspection import Authentication, Introspection, client_secret, private_key_jwt
from ._proof import AsyncReplays, MemoryReplays, Replays
from ._resource_server import AsyncResourceServer, ResourceServer

__all__ = [
    "AsyncReplays",
    "AsyncResourceServer",
    "Authentication",
    "Claims",
    "Introspection",
    "MemoryReplays",
    "Replays",
    "ResourceServer",
    "ResourceServerError",
    "client_secret",
    "private_key_jwt",
]
