"""Secrets of the operator: where each is kept, and its value at the moment of use.

A value is read anew each time, so that a changed one counts without a restart, and is kept
nowhere. Must not know what a secret is for.
"""

import os
from pathlib import Path
from typing import Final

from msgspec import Struct

MAX_BYTES: Final = 64 * 1024


class SecretError(Exception):
    """A secret that cannot be read. The message says where it should be, and never its value."""


class Secret(Struct, frozen=True):
    """The place of a secret: a variable of the environment, or a file."""

    env: str = ""
    file: str = ""

    def read(self) -> str:
        """Return the value, without the end of its last line.

        Raises:
            SecretError: when there is none.
        """
        value = self._of_variable() if self.env else self._of_file()
        text = value.rstrip("\r\n")
        if not text:
            raise SecretError(f"{self} is empty")
        return text

    def __str__(self) -> str:
        """Name the place."""
        return f"the variable {self.env}" if self.env else f"the file {self.file}"

    def _of_variable(self) -> str:
        value = os.environ.get(self.env)
        if value is None:
            raise SecretError(f"{self}, which a secret is read from, is not set")
        return value

    def _of_file(self) -> str:
        try:
            with Path(self.file).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise SecretError(f"{self} cannot be read: {error.strerror}") from error
        if len(data) > MAX_BYTES:
            raise SecretError(f"{self} is larger than 64 KiB: that is no secret")
        try:
            return data.decode()
        except UnicodeDecodeError:
            # Not chained: that error carries the bytes.
            raise SecretError(f"{self} holds something that is not UTF-8") from None
