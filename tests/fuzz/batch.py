"""A batch of cases: what one worker tries at a time.

Decides which batches are Hypothesis', which makes failures small and takes its time. The seed and
the number of a batch say all of it.
"""

import resource
import traceback
from collections import Counter
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from msgspec import Struct, field

from tests.fuzz.cases import Case, case
from tests.fuzz.judging import Judge, Verdict

SIZE = 1000
EVERY = 10  # of so many batches one is Hypothesis'
RESULT = Path(__file__).parents[2] / "build" / "fuzz"


class Tally(Struct):
    """What came of some cases."""

    cases: int = 0
    valid: int = 0
    quick: int = 0
    slowest: float = 0.0
    memory: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def count(self, verdict: Verdict) -> None:
        """Add a case."""
        self.cases += 1
        self.valid += verdict.valid
        self.quick += verdict.quick
        self.slowest = max(self.slowest, verdict.seconds)
        self.codes.update(verdict.codes)

    def add(self, other: "Tally") -> None:
        """Add other cases."""
        self.cases += other.cases
        self.valid += other.valid
        self.quick += other.quick
        self.slowest = max(self.slowest, other.slowest)
        self.memory = max(self.memory, other.memory)
        self.codes.update(other.codes)
        self.failures += other.failures


def run(start: int, batch: int) -> Tally:
    """Try a batch of cases."""
    tally, judge = Tally(), Judge()
    if batch % EVERY == EVERY - 1:
        _by_hypothesis(start, batch, judge, tally)
    else:
        for number in range(SIZE):
            _try(
                case(Random(f"{start}/{batch}/{number}")), judge, tally, f"{start}-{batch}-{number}"
            )
    tally.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return tally


def _try(tried: Case, judge: Judge, tally: Tally, name: str) -> None:
    try:
        tally.count(judge.judge(tried))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what was looked for
        tally.failures.append(_failure(tried, error, name))


def _by_hypothesis(start: int, batch: int, judge: Judge, tally: Tally) -> None:
    last: list[Case] = []

    @seed(f"{start}/{batch}")
    @settings(
        max_examples=SIZE,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(st.randoms(use_true_random=False))
    def look(chance: Random) -> None:
        last[:] = [case(chance)]
        tally.count(judge.judge(last[0]))

    try:
        look()
    except Exception as error:  # noqa: BLE001  # as above
        tally.failures.append(_failure(last[0], error, f"{start}-{batch}"))


def _failure(tried: Case, error: Exception, name: str) -> str:
    """Keep the files of a failure, and return what to say of it."""
    folder = RESULT / name
    for path, data in tried.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    start, batch = name.split("-")[:2]
    told = "".join(traceback.format_exception(error)[-6:])
    return (
        f"{told}\n{tried.origin}: {tried.path} in {folder}\n"
        f"again: make fuzz SEED={start} BATCH={batch}\n"
    )
