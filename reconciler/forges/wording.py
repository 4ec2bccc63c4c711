"""What becomes of a revision → what its commit's status says.

Decides state and sentence, the most telling part first, for forges cut what is long. Pure; must
not know which forge hears it.
"""

from msgspec import Struct

from reconciler.forges.forge import Said, State
from reconciler.model.plain import one_line
from reconciler.model.problem import Problem, Severity
from reconciler.model.quantities import format_duration


class Seen(Struct, frozen=True):
    """A new revision has been found."""


class Invalid(Struct, frozen=True):
    """Its manifests have errors."""

    problems: tuple[Problem, ...]


class Refused(Struct, frozen=True):
    """It is not applied, whatever its manifests say: unsigned, rewritten, not to be read whole."""

    why: str


class Held(Struct, frozen=True):
    """It waits for a person."""

    why: str


class Applying(Struct, frozen=True):
    """It is in force, and being made so; with nothing to do, services are not ready yet."""

    actions: int


class Converged(Struct, frozen=True):
    """What it asks for is so, since some seconds after it was seen."""

    instances: int
    seconds: float


class Broken(Struct, frozen=True):
    """It is in force, and some of its instances fail or do not become healthy."""

    failed: int
    instances: int
    first: str


Stage = Seen | Invalid | Refused | Held | Applying | Converged | Broken


def said_of(stage: Stage) -> Said:
    """Return what is said of a revision at a stage."""
    match stage:
        case Converged(instances, seconds):
            wanted = f"{_count(instances, 'instance')} as wanted"
            return Said(State.SUCCESS, f"{wanted}, in {_length(seconds)}")
        case Seen() | Held() | Applying():
            return Said(State.PENDING, _of_waiting(stage))
        case Invalid() | Refused() | Broken():
            return Said(State.FAILURE, _of_failure(stage))


def _of_waiting(stage: Seen | Held | Applying) -> str:
    match stage:
        case Seen():
            return "checking"
        case Held(why):
            return one_line(why)
        case Applying(actions):
            return _count(actions, "action") if actions else "services are getting ready"


def _of_failure(stage: Invalid | Refused | Broken) -> str:
    match stage:
        case Invalid(problems):
            return _of_problems(problems)
        case Refused(why):
            return one_line(why)
        case Broken(failed, instances, first):
            return f"{failed} of {_count(instances, 'instance')} failed: {one_line(first)}"


def _of_problems(problems: tuple[Problem, ...]) -> str:
    """Return the first error with its line, after how many there are."""
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if not errors:
        return "not valid"
    first = errors[0]
    shown = one_line(f"{first.at.path}:{first.at.line}: {first.message}")
    return shown if len(errors) == 1 else f"{len(errors)} errors: {shown}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


def _length(seconds: float) -> str:
    return format_duration(round(max(0.0, seconds), 1 if seconds < 1 else None))
