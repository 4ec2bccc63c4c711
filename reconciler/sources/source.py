"""What a source of manifests is: something to read whole, and to watch for changes.

Decides the shape of a reading and how content is named. Knows neither manifests nor where the
bytes come from, and judges none of them.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol, runtime_checkable

from msgspec import Struct

from reconciler.sources.contents import Contents

SOURCE_FILE: Final = "reconciler.yaml"
_NAME_LENGTH: Final = 40
_DIGEST_LENGTH: Final = 12


class CommitInfo(Struct, frozen=True, kw_only=True):
    """The commit that a reading is of: foreign text, for whoever shows it to escape.

    `signer` is whose signature counted, empty where none was asked for.
    """

    id: str
    author: str
    subject: str
    authored_at: float
    signer: str = ""


class Snapshot(Struct, frozen=True, kw_only=True):
    """One reading of a source.

    `files` maps paths relative to the source, with forward slashes, to their bytes. Where the
    reading is not `complete`, `problem` says in a sentence what is missing, and nothing may be
    torn down for being absent from it. `contents` are the other files of this very revision, None
    where nobody has them any more. `by_content`: what else is used of it names the revision, too.
    """

    root: str
    project: str
    revision: str
    files: Mapping[str, bytes]
    complete: bool = True
    problem: str = ""
    commit: CommitInfo | None = None
    contents: Contents | None = None
    by_content: bool = False


class Watch(Protocol):
    """A source being watched, until it is stopped."""

    @property
    def quiet_since(self) -> float:
        """The monotonic time of the last sign of change; the start of watching before any."""

    def stop(self) -> None:
        """Stop, and wait for a callback under way."""


class Source(Protocol):
    """Where manifests come from."""

    @property
    def name(self) -> str:
        """What people call it: a folder or an address."""

    def read(self) -> Snapshot:
        """Return the whole content as it is now. Never raises for what it finds."""

    def watch(self, callback: Callable[[], None]) -> Watch:
        """Call back, from another thread, soon after something may have changed."""


@runtime_checkable
class Supplying(Protocol):
    """A source that has more than manifests."""

    def contents(self, revision: str) -> Contents:
        """Return the files of a revision; of one that is gone, what has taken its place."""


@runtime_checkable
class Polled(Protocol):
    """A source that looks for news from time to time only, and may hold some back."""

    def held(self) -> str:
        """Return the revision that waits to be allowed, empty where none does."""

    def nudge(self) -> None:
        """Look at once, and call back if there is something new."""

    def allow(self, revision: str) -> bool:
        """Let the revision that is held pass, that one only; return whether it is what waits."""


def revision_of(files: Mapping[str, bytes], prefix: str = "f-") -> str:
    """Return the name of some content: equal for equal paths and bytes, whatever their order."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        for part in (path.encode("utf-8", "surrogateescape"), content):
            # Lengths keep a path and a content from being read as another pair.
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return prefix + digest.hexdigest()[:_DIGEST_LENGTH]


def project_name(label: str) -> str:
    """Return a valid project name that resembles a folder's."""
    valid = re.sub(r"[^a-z0-9]+", "-", label.lower())[: _NAME_LENGTH + 1].strip("-")
    return valid[:_NAME_LENGTH].rstrip("-") or "project"
