"""How far a program says that it is, and what is seen of a container while it runs."""

from msgspec import Struct

from reconciler.model.observed import Usage


class Headway(Struct, frozen=True):
    """The part that is done, from 0 to 1, and the words in which it was said."""

    done: float
    said: str


class Transfer(Struct, frozen=True):
    """Data on their way: files and bytes so far, and bytes a second."""

    files: int = 0
    bytes: int = 0
    rate: float = 0.0


class Glimpse(Struct, frozen=True):
    """What was last seen of a container: the most that it used, and how far it is.

    `transfer` is what of its files is being stored, None where none are.
    """

    usage: Usage = Usage()
    headway: Headway | None = None
    transfer: Transfer | None = None
