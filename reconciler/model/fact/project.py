"""What happened to the project: its revisions, and what people asked for."""

from msgspec import Struct


class Approved(Struct, frozen=True):
    """A person allowed what this revision's hold keeps back."""

    revision: str
    at: float


class Destroyed(Struct, frozen=True):
    """A person asked for everything of this revision to be gone; an empty one undoes that."""

    revision: str
    at: float


class Relearned(Struct, frozen=True):
    """Whether what Docker shows has been taken over after the ledger was lost."""

    confirmed: bool
    at: float


class RevisionSeen(Struct, frozen=True):
    """The source showed a revision; where it is not valid, `problem` is the first one."""

    revision: str
    at: float
    valid: bool = True
    problem: str = ""
    author: str = ""
    subject: str = ""


class RevisionWorked(Struct, frozen=True):
    """How many instances have been created, replaced and torn down for a revision, once more."""

    revision: str
    created: int
    replaced: int
    torn_down: int


class RevisionConverged(Struct, frozen=True):
    """Everything is as the revision asks for it, for the first time."""

    revision: str
    at: float


class Pinned(Struct, frozen=True):
    """A person put this revision in force, whatever the source says; an empty one undoes that."""

    revision: str
    at: float


class Suspended(Struct, frozen=True):
    """A person wants nothing new created for a target; `until` 0.0 is until further notice.

    `target` is empty for everything, else `task/NAME` or `job/NAME`. `stop`: running batch
    instances are stopped as well.
    """

    target: str
    at: float
    until: float = 0.0
    reason: str = ""
    stop: bool = False


class Resumed(Struct, frozen=True):
    """A suspension is over, by request or by its own time, as `reason` says."""

    target: str
    at: float
    reason: str = ""
