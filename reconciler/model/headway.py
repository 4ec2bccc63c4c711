"""How far a program says that it is, and what is seen of a container while it runs."""

from msgspec import Struct

from reconciler.model.observed import Usage


class Headway(Struct, frozen=True):
    """The part that is done, from 0 to 1, and the words in which it was said."""

    done: float
    said: str


class Glimpse(Struct, frozen=True):
    """What was last seen of a running container: the most that it used, and how far it is."""

    usage: Usage = Usage()
    headway: Headway | None = None
