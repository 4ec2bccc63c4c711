"""How far a program or a transfer is, and what is seen of a container while it runs."""

from msgspec import Struct

from reconciler.model.observed import Usage


class Headway(Struct, frozen=True):
    """The part that is done, from 0 to 1, and the words in which it was said."""

    done: float
    said: str


class Transfer(Struct, frozen=True):
    """How many bytes of how many are there, and how many more of them in a second.

    A `total` of 0 is one that is not known.
    """

    done: int
    total: int
    rate: float


class Glimpse(Struct, frozen=True):
    """What was last seen of a container: the most that it used, and how far it is.

    `transfer` is what of its files is being stored, or of data being fetched, None where none are.
    """

    usage: Usage = Usage()
    headway: Headway | None = None
    transfer: Transfer | None = None
