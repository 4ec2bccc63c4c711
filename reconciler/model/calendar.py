"""What the calendar says at one moment: the time of the wall clock, and who fires when.

Epoch seconds throughout. This is the one time that people set clocks by; lengths of time are
measured by another one, which nobody can set.
"""

from collections.abc import Mapping

from msgspec import Struct, field


class Firing(Struct, frozen=True):
    """When a schedule fired last, at this moment at the latest, and when it fires next.

    0.0 where that is never, or not known.
    """

    last: float = 0.0
    next: float = 0.0


class Ruling(Struct, frozen=True):
    """Which of a pool's scaling policies applies, empty for none, and until when, 0.0 for ever."""

    policy: str = ""
    until: float = 0.0


class Calendar(Struct, frozen=True):
    """One moment by the wall clock, around it the firings of tasks, and what applies to pools."""

    wall: float
    firings: Mapping[str, Firing] = field(default_factory=dict)
    rulings: Mapping[str, Ruling] = field(default_factory=dict)

    def of(self, task: str) -> Firing:
        """Return a task's firings; those of one that nobody looked up are not known."""
        return self.firings.get(task) or Firing()

    def ruling(self, pool: str) -> Ruling:
        """Return what applies to a pool; of one that nobody looked up nothing does."""
        return self.rulings.get(pool) or Ruling()
