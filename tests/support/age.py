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


def sealer(file: Path) -> Sealer:
    """Return a new identity, in a file as age-keygen writes it."""
    identity = pyrage.x25519.Identity.generate()
    file.write_text(f"# created: today\n# public key: {identity.to_public()}\n{identity}\n")
    return Sealer(file, identity.to_public())
