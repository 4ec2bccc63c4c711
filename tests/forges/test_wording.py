import pytest

from reconciler.forges import Said, State, said_of, wording
from reconciler.forges.wording import Stage
from reconciler.model.position import Position
from reconciler.model.problem import Problem, Severity


def problem(message: str, line: int = 4, severity: Severity = Severity.ERROR) -> Problem:
    return Problem("x", severity, Position("fleet/web.yaml", line, 3), "", message)


WARNING = problem("odd", 1, Severity.WARNING)
ONE = (WARNING, problem("unknown field 'imge'"))
CONTROLS = (problem("a\x1b[2J\nb"),)


@pytest.mark.parametrize(
    ("stage", "state", "description"),
    [
        (wording.Seen(), State.PENDING, "checking"),
        (wording.Invalid(ONE), State.FAILURE, "fleet/web.yaml:4: unknown field 'imge'"),
        (
            wording.Invalid((*ONE, problem("bad"))),
            State.FAILURE,
            "2 errors: fleet/web.yaml:4: unknown field 'imge'",
        ),
        (wording.Invalid(CONTROLS), State.FAILURE, "fleet/web.yaml:4: a\\x1b[2J ↵ b"),
        (wording.Invalid(()), State.FAILURE, "not valid"),
        (wording.Held("held: 9 of 10\x07"), State.PENDING, "held: 9 of 10\\x07"),
        (wording.Refused("it is not signed"), State.FAILURE, "it is not signed"),
        (wording.Applying(0), State.PENDING, "services are getting ready"),
        (wording.Applying(1), State.PENDING, "1 action"),
        (wording.Applying(12), State.PENDING, "12 actions"),
        (wording.Converged(12, 4.3), State.SUCCESS, "12 instances as wanted, in 4s"),
        (wording.Converged(1, 0.25), State.SUCCESS, "1 instance as wanted, in 200ms"),
        (wording.Converged(1, -3), State.SUCCESS, "1 instance as wanted, in 0s"),
        (
            wording.Broken(2, 12, "web/0: exit 1\nboom"),
            State.FAILURE,
            "2 of 12 instances failed: web/0: exit 1 ↵ boom",
        ),
    ],
)
def test_what_is_said(stage: Stage, state: State, description: str) -> None:
    assert said_of(stage) == Said(state, description)
