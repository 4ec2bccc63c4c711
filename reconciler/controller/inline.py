"""Drives a core without threads: one action after the other, on engines in memory.

What `plan` previews with, and what the laws are tested on. Time is whatever the caller says.
"""

from collections.abc import Mapping

from reconciler.controller.core import Core
from reconciler.controller.execution import Carry, as_if, carry_out
from reconciler.controller.happenings import Listed, NodeLost
from reconciler.engines.engine import Engine, EngineError
from reconciler.model.action import Action


class Inline:
    """A core, its engines by node, and the actions carried out so far."""

    def __init__(self, core: Core, engines: Mapping[str, Engine], carry: Carry = as_if) -> None:
        """Begin with a look at every node. `carry` makes the calls that carry data."""
        self._carry = carry
        self.core = core
        self.engines = engines
        self.look()

    def look(self) -> None:
        """List every node, as a resync does."""
        for name, engine in self.engines.items():
            began = self.core.board.step
            try:
                seen = engine.list(self.core.desired.project)
                networks = engine.networks(self.core.desired.project)
                era, info = engine.era(), engine.info()
                others = engine.others(self.core.desired.project)
            except EngineError as error:
                self.core.lost(NodeLost(name, str(error)))
            else:
                told = (info.amounts, others, networks, info.fabric)
                self.core.listed(Listed(name, began, seen, era, *told))

    def step(self) -> list[Action]:
        """Take one turn and carry out what it asks for; return that."""
        actions = self.core.turn()
        for action in actions:
            finished = carry_out(self.engines[action.node], action, carry=self._carry)
            if self.core.finished(finished):
                self.core.lost(NodeLost(action.node, str(finished.outcome)))
        if actions:
            self.look()
        return actions

    def settle(self, most: int = 1_000) -> list[Action]:
        """Take turns until nothing more is to be done now; return all that was done.

        Raises:
            RuntimeError: when `most` turns were not enough, which is a planner that circles.
        """
        done: list[Action] = []
        for _ in range(most):
            actions = self.step()
            if not actions and not self.core.more_to_plan():
                return done
            done += actions
        last = f": {done[-1].subject} {done[-1].cause.reason}" if done else ""
        message = f"no rest after {most} turns{last}"
        raise RuntimeError(message)
