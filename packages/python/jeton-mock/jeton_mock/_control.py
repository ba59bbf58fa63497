"""How the operations of an issuer reach its mock."""

from __future__ import annotations

from typing import Any, Callable

#: Method, path, query and body of an operation of the control API; yields its answer.
Control = Callable[..., Any]


def given(**members: Any) -> dict[str, Any]:
    """The members that are not absent."""
    return {name: value for name, value in members.items() if value is not None}
