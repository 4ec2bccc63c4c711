"""What happened to nodes, and what people asked of them."""

from typing import Literal

from msgspec import Struct

Order = Literal["", "cordon", "drain"]


class NodeDeclared(Struct, frozen=True):
    """A revision asks for a node, and how it is reached: a `NodeSpec` as JSON.

    On record so that it is still reached when a later revision does not mention it any more.
    """

    node: str
    spec: str
    at: float


class NodeForgotten(Struct, frozen=True):
    """Nothing is on record of the node any more: no revision asks for it, and nothing is there."""

    node: str
    at: float


class NodeLost(Struct, frozen=True):
    """The node did not answer, for the first time since it last did."""

    node: str
    reason: str
    at: float


class NodeFound(Struct, frozen=True):
    """A lost node answers again."""

    node: str
    at: float


class NodeOrdered(Struct, frozen=True):
    """A person wants the node to take nothing new, or to be emptied; empty: neither.

    `grace` is how long batch instances may run on in a node that is emptied, in seconds; None is
    to their end.
    """

    node: str
    order: Order
    at: float
    grace: float | None = None


class NodeDraining(Struct, frozen=True):
    """The node is to be emptied since `at`, or, with 0.0, not any more."""

    node: str
    at: float


class NodeDrained(Struct, frozen=True):
    """Nothing of the project runs any more on a node that was to be emptied."""

    node: str
    at: float


NodeFact = (
    NodeDeclared
    | NodeForgotten
    | NodeLost
    | NodeFound
    | NodeOrdered
    | NodeDraining
    | NodeDrained
)  # fmt: skip
