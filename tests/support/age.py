"""Identities of age, and files that they open."""

from pathlib import Path

import pyrage
from msgspec import Struct


class Sealer(Struct, frozen=True):
    """An identity: its file, and what encrypts for it."""

    file: Path
    recipient: object

    def seal(self, content: bytes, *, armored: bool = False) -> bytes:
        """Return content encrypted."""
        sealed: bytes = pyrage.encrypt(content, [self.recipient], armored=armored)
        return sealed

    def put(self, folder: Path, path: str, value: str) -> None:
        """Put an encrypted file into a source, completely or not at all."""
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.draft")
        draft.write_bytes(self.seal(value.encode()))
        draft.replace(file)


def sealer(file: Path) -> Sealer:
    """Return a new identity, in a file as age-keygen writes it."""
    identity = pyrage.x25519.Identity.generate()
    file.write_text(f"# created: today\n# public key: {identity.to_public()}\n{identity}\n")
    return Sealer(file, identity.to_public())
