"""Which pushes a git source cares about: those to its ref, in its repository.

Decides by the names in a webhook and the address that the operator configured. What is not told,
and what cannot be compared, may concern it: a look too many costs little.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec import Struct


class Followed(Struct, frozen=True):
    """A git source as webhooks see it, `Hinted`.

    `ref` is the full name of what it follows, `refs/heads/main`, empty for the remote's own
    branch. `look` has it polled.
    """

    name: str
    address: str
    ref: str
    look: Callable[[], None]

    def concerns(self, ref: str, repository: str) -> bool:
        """Whether a push may be news."""
        if ref and self.ref and ref != self.ref:
            return False
        path = _path_on_host(self.address)
        return not repository or not path or f"/{path}".endswith(f"/{_plain(repository)}")

    def nudge(self) -> None:
        """Look for news now."""
        self.look()


def _path_on_host(address: str) -> str:
    """Return a repository's path on its host, empty where the address names no host."""
    if "://" in address:
        parts = urlsplit(address)
        return "" if parts.scheme == "file" else _plain(parts.path)
    host, colon, path = address.partition(":")  # user@host:path, as ssh has it
    return _plain(path) if colon and "/" not in host else ""


def _plain(path: str) -> str:
    # Forges ignore capitals in names, and both ends of an address may be left out.
    return path.lower().strip("/").removesuffix(".git")
