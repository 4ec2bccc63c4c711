"""A person's wish that nothing new is created: for what, until when, and why."""

from msgspec import Struct


class Suspension(Struct, frozen=True):
    """One wish. `until` is 0.0 where it has no end of its own."""

    at: float
    until: float = 0.0
    reason: str = ""
    stop: bool = False

    def over(self, now: float) -> bool:
        """Whether its time has passed."""
        return 0.0 < self.until <= now


def target_of(*, task: str = "", job: str = "") -> str:
    """Return the name under which a suspension is kept: empty for everything."""
    if task:
        return f"task/{task}"
    return f"job/{job}" if job else ""


def wording_of(target: str) -> str:
    """Return a target in words."""
    return target.replace("/", " ") or "everything"
