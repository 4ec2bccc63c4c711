"""The secret of a state folder, from which others are derived, each for a purpose of its own.

It is made with the first one that is asked for, and never leaves the folder. Must not know what
is made of it.

Derived by HMAC-SHA256 (RFC 2104).
"""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from reconciler.engines.engine import PermanentError, TransientError

_FILE: Final = "shell.key"
_BYTES: Final = 32
_PRIVATE: Final = 0o600


class Seed:
    """What derives secrets of 32 bytes."""

    def __init__(self, folder: Path | None = None) -> None:
        """Keep the secret in a folder that is private to this user, or in memory alone."""
        self._folder = folder
        self._secret = b""

    @property
    def made(self) -> bool:
        """Whether there is a secret already, so that asking makes none."""
        return bool(self._secret) or (self._folder is not None and (self._folder / _FILE).exists())

    def derive(self, purpose: str) -> bytes:
        """Return the secret of a purpose, always the same.

        Raises:
            EngineError: the folder's secret can neither be read nor made.
        """
        self._secret = self._secret or _secret_in(self._folder)
        return hmac.digest(self._secret, purpose.encode(), "sha256")


def _secret_in(folder: Path | None) -> bytes:
    """Return the secret of a folder; where there is none it is made, wholly or not at all."""
    if folder is None:
        return secrets.token_bytes(_BYTES)
    file = folder / _FILE
    try:
        if not file.exists():
            _make(file)
        found = file.read_bytes()
    except OSError as error:
        raise TransientError(f"keys cannot be made from {file}: {error.strerror}") from None
    if len(found) != _BYTES:
        message = f"{file} does not hold the {_BYTES} bytes that keys are made from; remove it"
        raise PermanentError(message)
    return found


def _make(file: Path) -> None:
    """Make the secret, unless another one does so first."""
    draft = file.with_name(f"{_FILE}.{secrets.token_hex(8)}")
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    try:
        with os.fdopen(opened, "wb") as new:
            new.write(secrets.token_bytes(_BYTES))
            new.flush()
            os.fsync(new.fileno())
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
