"""What was last seen of a loop: taken in the loop's thread, read in any other.

A sight is replaced as a whole and never changed, so nobody waits for anybody. It is cheap to
take, for it shares what the core itself replaces rather than changes; counting is left to
whoever asks.
"""

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field

from reconciler.controller.core import Core
from reconciler.model.action import Verdict
from reconciler.model.desired import DesiredTask
from reconciler.planning.status import task_state


class NodeSight(Struct, frozen=True):
    """One node: whether it is known now, why not, and whether it has ever had its say."""

    name: str
    known: bool
    asked: bool
    reason: str


class Sight(Struct, frozen=True, kw_only=True):
    """One project's loop at one moment."""

    begun: bool = False
    revision: str = ""
    read: bool = False
    ledger_error: str = ""
    holds: int = 0
    nodes: tuple[NodeSight, ...] = ()
    verdicts: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)
    wanted: Mapping[str, DesiredTask] = field(default_factory=dict)

    def instances(self) -> Counter[str]:
        """Count instances by state."""
        return Counter(v.state.value for group in self.verdicts.values() for v in group)

    def tasks(self) -> Counter[str]:
        """Count tasks by state."""
        return Counter(
            task_state(group, self.wanted.get(name))[0].value
            for name, group in self.verdicts.items()
        )

    def missing(self) -> list[dict[str, str]]:
        """Return what keeps the project from being ready, and why."""
        if not self.begun:
            return [{"what": "loop", "reason": "it has not turned yet"}]
        found = [{"what": "ledger", "reason": self.ledger_error}] if self.ledger_error else []
        if not self.read:
            found.append({"what": "source", "reason": "it has not been read yet"})
        elif not self.revision:
            found.append({"what": "source", "reason": "no valid revision has been in force yet"})
        unasked = (node for node in self.nodes if not node.asked)
        return found + [{"what": f"node {node.name}", "reason": node.reason} for node in unasked]


def look_at(core: Core, before: Sight, *, read: bool) -> Sight:
    """Return what there is to see, given what was seen before."""
    asked = {node.name for node in before.nodes if node.asked}
    nodes = tuple(
        NodeSight(node.name, node.known, node.asked or node.name in asked, node.reason)
        for node in core.board.nodes.values()
    )
    return Sight(
        begun=True,
        revision=core.desired.revision,
        read=read,
        ledger_error=core.scribe.error,
        holds=len(core.holds),
        nodes=nodes,
        verdicts=core.verdicts,
        wanted=core.desired.tasks,
    )
