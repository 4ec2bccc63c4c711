"""How a source stands to its remote: whether what is read is what the remote has, and why not."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class Standing(StrEnum):
    """How a source stands to its remote."""

    NEW = "new"  # nothing is known of the remote yet
    CURRENT = "current"  # what is read is what the remote has
    HELD = "held"  # a rewritten history waits to be allowed
    REFUSED = "refused"  # a rewritten history is not followed
    UNTRUSTED = "untrusted"  # the newest revision's signature does not count
    VANISHED = "vanished"  # the remote has no such branch or tag
    UNREACHABLE = "unreachable"  # the remote could not be asked, or the mirror not be used


class Stands(NamedTuple):
    """A standing, a sentence on it, and the commit that it is about."""

    kind: Standing = Standing.NEW
    sentence: str = ""
    commit: str = ""


Told = Callable[[Standing, str], None]


def nobody(kind: Standing, sentence: str) -> None:  # the shape of a Told
    """Tell nobody."""
