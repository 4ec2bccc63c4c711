"""How far a program or a transfer is, and what is seen of a container while it runs."""

from msgspec import Struct

from reconciler.model.observed import Usage


class Headway(Struct, frozen=True):
    """The part that is done, from 0 to 1, and the words in which it was said."""

    done: float
    said: str


class Transfer(Struct, frozen=True):
    """How many bytes of how many are there, and how many more of them in a second."""

    done: int
    total: int
    rate: float


class Glimpse(Struct, frozen=True):
    """What was last seen of a running container: the most that it used, and how far it is.

    Of a transfer of data it is only how far that is.
    """

    usage: Usage = Usage()
    headway: Headway | None = None
    transfer: Transfer | None = None
