from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any, Optional

from ._control import Control, given
from ._types import Key, read


class Keys:
    """The keys of an issuer. Without an algorithm, each of them; every method yields the keys there are then."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def list(self) -> builtins.list[Key]:
        return self._read(self._control("GET", "/keys", {}))

    def publish(self, alg: Optional[str] = None) -> builtins.list[Key]:
        """A next key is in JWKS, and does not sign yet."""
        return self._change("publish", alg)

    def switch(self, alg: Optional[str] = None) -> builtins.list[Key]:
        """The published next key signs."""
        return self._change("switch", alg)

    def rotate(self, alg: Optional[str] = None) -> builtins.list[Key]:
        """A new key is in JWKS and signs."""
        return self._change("rotate", alg)

    def switch_unpublished(self, alg: Optional[str] = None) -> builtins.list[Key]:
        """A new key signs that JWKS does not show."""
        return self._change("switch-unpublished", alg)

    def retire(self, alg: Optional[str] = None) -> builtins.list[Key]:
        """Keys that do not sign leave JWKS."""
        return self._change("retire", alg)

    def _change(self, action: str, alg: Optional[str]) -> builtins.list[Key]:
        return self._read(self._control("POST", "/keys", {}, given(action=action, alg=alg)))

    @staticmethod
    def _read(answer: Mapping[str, Any]) -> builtins.list[Key]:
        return [read(Key, key) for key in answer["keys"]]
