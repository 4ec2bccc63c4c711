"""What is asked of a node for an instance, by all who ask for the same."""

from msgspec import Struct

from reconciler.model.claim import Claim, claim_of
from reconciler.model.desired import EVENLY, DesiredTask
from reconciler.model.spec import Pairs


class Wish(Struct, frozen=True):
    """What an instance takes, the labels that its node has, and how its task is spread.

    `pool` is the one in whose slots it is to be, empty for anywhere. `within` are the nodes on
    which it may be, empty for all.
    """

    claim: Claim
    labels: Pairs = ()
    spread: str = EVENLY
    pool: str = ""
    within: frozenset[str] = frozenset()


def wish_of(task: DesiredTask) -> Wish:
    """Return what each instance of a task asks for."""
    return Wish(claim_of(task.spec), task.spec.nodes, task.spread, task.spec.pool)
