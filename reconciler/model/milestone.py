"""How far a task has come, as those see it that look at other tasks: what they wait for."""

from enum import StrEnum

from msgspec import Struct


class Milestone(StrEnum):
    """What a task's run has come to. READY is a service whose instances all serve."""

    READY = "ready"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Reached(Struct, frozen=True):
    """What a task's present run has come to, and why."""

    milestone: Milestone
    reason: str
