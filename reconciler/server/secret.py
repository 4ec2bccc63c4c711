"""The secret that webhooks are proven with: where it is, and reading it at each use.

It is in a file or in a variable of the environment, never in a configuration, so that it can be
replaced without a restart and appears in no listing of processes.
"""

import os
from pathlib import Path

from msgspec import Struct

from reconciler.server.listener import ServerError

_MOST_BYTES = 4096


class Secret(Struct, frozen=True):
    """Where a secret is: in `file`, else in the variable `env`."""

    file: Path | None = None
    env: str = ""

    def read(self) -> bytes:
        """Return it, white space around it left out.

        Raises:
            ServerError: when there is none, or it cannot be read.
        """
        found = self._from_file(self.file) if self.file else os.environb.get(self.env.encode())
        if not self.file and not self.env:
            raise ServerError("webhooks need a secret, and none is configured: name its file")
        if found is None or not found.strip():
            raise ServerError(f"webhooks need a secret, and {self} is empty")
        return found.strip()

    def __str__(self) -> str:
        """Return where it is."""
        return f"the file {self.file}" if self.file else f"the variable {self.env}"

    def _from_file(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                found = file.read(_MOST_BYTES + 1)
        except OSError as error:
            why = error.strerror
            raise ServerError(f"the webhooks' secret in {path} cannot be read: {why}") from error
        if len(found) > _MOST_BYTES:
            raise ServerError(f"the webhooks' secret in {path} is more than {_MOST_BYTES} bytes")
        return found
