"""Secrets in variables and in files: where each is kept, and its value at the moment of use.

Decides how a value is read: anew each time, so that a changed one counts without a restart, and
no more of it than a secret can be. It is kept nowhere. Must not know what a secret is for.
"""

import os
from pathlib import Path
from typing import Final, Self

from msgspec import Struct

from reconciler.model.operator import SecretPlace
from reconciler.secrets.errors import SecretError

MAX_BYTES: Final = 64 * 1024
# No server takes a longer word in a header.
MAX_WORD_BYTES: Final = 8 * 1024
# What is handed on as a file may be larger: a keystore, for one.
MAX_FILE_BYTES: Final = 1024 * 1024


class Secret(Struct, frozen=True):
    """The place of a secret: a variable of the environment, or a file."""

    env: str = ""
    file: str = ""

    @classmethod
    def at(cls, place: SecretPlace) -> Self:
        """Return the secret that is where the operator says."""
        return cls(env=place.env, file=place.file)

    def read(self) -> str:
        """Return the value whole, without the end of its last line: a password, a private key.

        Raises:
            SecretError: when there is none.
        """
        return text_of(self._bytes(MAX_BYTES), str(self)).rstrip("\r\n")

    def word(self) -> str:
        """Return the value without the white space around it: a token, an address, what is agreed.

        Raises:
            SecretError: when there is none.
        """
        return text_of(self._bytes(MAX_WORD_BYTES), str(self)).strip()

    def raw(self) -> bytes:
        """Return the value as it is, which need not be text: what becomes a file elsewhere.

        Raises:
            SecretError: when there is none.
        """
        data = self._bytes(MAX_FILE_BYTES)
        if not data:
            raise SecretError(f"{self} is empty, and should hold a secret")
        return data

    def __str__(self) -> str:
        """Name the place."""
        return f"the variable {self.env}" if self.env else f"the file {self.file}"

    def _bytes(self, most: int) -> bytes:
        data = self._of_variable() if self.env else self._of_file(most + 1)
        if len(data) > most:
            raise SecretError(f"{self} holds more than {most // 1024} KiB: that is no such secret")
        return data

    def _of_variable(self) -> bytes:
        value = os.environb.get(os.fsencode(self.env))
        if value is None:
            raise SecretError(f"{self} is not set, and should hold a secret")
        return value

    def _of_file(self, most: int) -> bytes:
        try:
            with Path(self.file).open("rb") as file:
                return file.read(most)
        except OSError as error:
            raise SecretError(f"{self} cannot be read: {error.strerror}") from error


def text_of(data: bytes, place: str) -> str:
    """Return a secret as text.

    Raises:
        SecretError: it is none, or empty.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        # Not chained: that error carries the bytes.
        raise SecretError(f"{place} is not UTF-8, so it holds no secret") from None
    if not text.strip():
        raise SecretError(f"{place} is empty, and should hold a secret")
    return text
