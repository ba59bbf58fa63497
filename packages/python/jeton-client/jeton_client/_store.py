"""Where sessions are kept, and how they are sealed."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Callable, Optional, Protocol, Union

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ._errors import ClientError

_NONCE = 12
#: Of the key that is given, in bytes.
SHORTEST_KEY = 16


class Store(Protocol):
    """Records by their names. A record has another version each time it is written.

    `set` writes only if the version that stands is the one expected (None: nothing stands), says
    whether it did, and decides that among all who share the store.
    """

    def get(self, name: str) -> Optional[tuple[bytes, str]]: ...

    def set(self, name: str, value: Optional[bytes], expected: Optional[str]) -> bool: ...


class AsyncStore(Protocol):
    """The same for asyncio; an `AsyncClient` takes either."""

    def get(self, name: str) -> Awaitable[Optional[tuple[bytes, str]]]: ...

    def set(
        self, name: str, value: Optional[bytes], expected: Optional[str]
    ) -> Awaitable[bool]: ...


AnyStore = Union[Store, AsyncStore]


class MemoryStore:
    """Gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, tuple[bytes, str]] = {}

    def get(self, name: str) -> Optional[tuple[bytes, str]]:
        with self._lock:
            return self._records.get(name)

    def set(self, name: str, value: Optional[bytes], expected: Optional[str]) -> bool:
        with self._lock:
            standing = self._records.get(name)
            if (standing[1] if standing else None) != expected:
                return False
            if value is None:
                self._records.pop(name, None)
            else:
                self._records[name] = (value, secrets.token_hex(16))
            return True


class FolderStore:
    """A folder that the processes of one machine share, for its owner alone.

    A record is a file: its version, which no two writes share, and the value. Writers take turns by
    a lock on a file beside it, which the system gives back when a process dies; a record is replaced
    by a rename, so that readers need no lock.
    """

    def __init__(self, folder: Union[str, os.PathLike[str]]) -> None:
        self._folder = Path(folder)

    def get(self, name: str) -> Optional[tuple[bytes, str]]:
        try:
            version, _, value = self._path(name).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        return value, version.decode("ascii", "replace")

    def set(self, name: str, value: Optional[bytes], expected: Optional[str]) -> bool:
        path = self._path(name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path.with_suffix(".lock")):
            standing = self.get(name)
            if (standing[1] if standing else None) != expected:
                return False
            if value is None:
                path.unlink(missing_ok=True)
            else:
                _replace(path, secrets.token_hex(16).encode() + b"\n" + value)
            return True

    def _path(self, name: str) -> Path:
        # Any name fits, and none leads elsewhere.
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.session"


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, also when the power fails."""
    written = path.with_suffix(".new")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(written, path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with open(descriptor, "r+b") as file:
        unlock = _lock(file)
        try:
            yield
        finally:
            unlock()


def _lock(file: IO[bytes]) -> Callable[[], None]:
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(file)
    # Of the open file, so that it holds among threads as well.
    fcntl.flock(file, fcntl.LOCK_EX)
    return lambda: fcntl.flock(file, fcntl.LOCK_UN)


def _lock_on_windows(file: IO[bytes]) -> Callable[[], None]:
    import msvcrt  # type: ignore[import-not-found, unused-ignore]

    module: Any = msvcrt
    while True:
        file.seek(0)
        try:
            # Tries for ten seconds, and then says so.
            module.locking(file.fileno(), module.LK_LOCK, 1)
        except OSError:
            continue
        break

    def unlock() -> None:
        file.seek(0)
        module.locking(file.fileno(), module.LK_UNLCK, 1)

    return unlock


class Seal:
    """AES-256-GCM under a key derived from the one given, for one name."""

    def __init__(self, key: Union[str, bytes], random: Callable[[int], bytes]) -> None:
        given = key.encode() if isinstance(key, str) else key
        if len(given) < SHORTEST_KEY:
            raise ClientError(
                "invalid_configuration", f"the session's key has less than {SHORTEST_KEY} bytes"
            )
        derived = HKDF(SHA256(), 32, salt=None, info=b"jeton-client session").derive(given)
        self._cipher = AESGCM(derived)
        self._random = random

    def close(self, name: str, value: bytes) -> bytes:
        nonce = self._random(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, name.encode())

    def open(self, name: str, sealed: bytes) -> Optional[bytes]:
        """None for another key, another name, or a damaged value."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode())
        except (InvalidTag, ValueError):
            return None
