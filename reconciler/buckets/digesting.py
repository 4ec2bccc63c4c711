"""SHA-256 of content as it goes by."""

import hashlib
from collections.abc import Iterable, Iterator


class Digesting:
    """Content that is read once, and whose size and SHA-256 are known when it is at its end."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content = content
        self._hash = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces as they are."""
        for piece in self._content:
            self._hash.update(piece)
            self.size += len(piece)
            yield piece

    @property
    def sha256(self) -> str:
        """The digest of what has gone by, in hexadecimal digits."""
        return self._hash.hexdigest()
