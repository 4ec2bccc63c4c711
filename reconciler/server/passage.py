"""How long a revision takes: from its commit, and from when it was seen, to containers.

Decides when the first engine call of a revision was made and when it has converged: nothing more
is to be done, nothing is refused, nothing waits for a person. Times are told to it: lengths by a
clock that nobody sets, and for commits, which know no other, what the calendar says.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from reconciler.controller.core import Core

Milestone = Literal["call", "converged"]
Since = Literal["commit", "seen"]
Reached = Callable[[Milestone, Since, float], None]


class Passage(Struct):
    """One revision on its way, seen at a time of the machine's own count of seconds.

    A commit's time is in epoch seconds, 0.0 where there is none.
    """

    revision: str
    seen_at: float
    committed_at: float
    reached: Reached
    called: bool = False
    over: bool = False

    def turned(self, core: Core, now: float, wall: float) -> None:
        """Look at where a turn has left the revision; one that is not in force yet waits."""
        if self.over or core.desired.revision != self.revision:
            return
        if core.latest and not self.called:
            self.called = True
            self._tell("call", now, wall)
        if not core.latest and core.at_rest() and not core.holds and not core.history.troubles:
            self.over = True
            self._tell("converged", now, wall)

    def _tell(self, milestone: Milestone, now: float, wall: float) -> None:
        self.reached(milestone, "seen", max(0.0, now - self.seen_at))
        if self.committed_at:
            self.reached(milestone, "commit", max(0.0, wall - self.committed_at))
