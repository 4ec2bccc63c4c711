"""What notices are about: something fails, or has recovered."""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a target may want to hear of."""

    FAILURE = "failure"
    RECOVERY = "recovery"


class Failure(Struct, frozen=True):
    """Something is not as it should be.

    `subject` says what, and is by what a recovery is found: "task web", "node big-1", "the
    source". `cause` tells apart failures of one subject that are to be heard of anew, such as an
    invalid commit after another one; what changes at each look (a count, a time) is none.
    """

    subject: str
    sentence: str
    cause: str = ""


class Recovery(Struct, frozen=True):
    """It is as it should be again."""

    subject: str
    sentence: str


Happening = Failure | Recovery


def kind_of(happening: Happening) -> Kind:
    """Return which kind a happening is of."""
    return Kind.FAILURE if isinstance(happening, Failure) else Kind.RECOVERY
