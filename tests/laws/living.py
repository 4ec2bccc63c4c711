"""Lives of the machine, in batches that a seed and a number repeat."""

from typing import Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.laws.machine import Laws

STEPS: Final = 50  # of a life
LIVES: Final = 40  # of a batch


def live(start: int, batch: int, *, shrink: bool) -> None:
    """Live a batch; whatever breaks a law is raised, cut down to what it takes if `shrink`."""
    # A class of its own for each batch, for hypothesis keeps the seed in it.
    machine: type[Laws] = seed(f"{start}/{batch}")(type("Life", (Laws,), {}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def to_repeat(start: int, batch: int) -> str:
    """Return what makes the same happen again."""
    return f"`make prove SEED={start} BATCH={batch}` repeats it"
