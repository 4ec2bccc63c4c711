"""`python -m tests.soak [--polls N] [--commits N]`: keep a `run` busy for long, and look at it.

A promise that is not kept is told in a sentence, and the exit code is 1.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from msgspec import to_builtins

from tests.benchmarks.table import render
from tests.soak.judging import Course, judge, misses
from tests.soak.running import StuckError, soaking

RESULT = Path(__file__).parents[2] / "build" / "soak.json"
_PARTS = 40


def main() -> None:
    """Soak as the arguments say, and tell what came of it."""
    asked = _arguments()
    progress = Progress(asked.polls)
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as home,
        soaking(Path(home), asked.polls, asked.commits) as soak,
    ):
        try:
            course = soak.run(progress.tell)
        except StuckError as stuck:
            sys.exit(str(stuck))
    item = judge(course)
    print(render([item]))
    _keep(course)
    missed = misses(item)
    for sentence in missed:
        print(f"missed: {sentence}")
    sys.exit(bool(missed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--polls", type=int, default=10_000)
    parser.add_argument("--commits", type=int, default=1_000)
    return parser.parse_args()


class Progress:
    """A line now and then."""

    def __init__(self, polls: int) -> None:
        self._each = max(1, polls // _PARTS)
        self._told = 0
        self._began = time.monotonic()

    def tell(self, course: Course) -> None:
        """Say how far it is, at each part of it."""
        if course.polls < self._told + self._each:
            return
        self._told = course.polls
        at = course.samples[-1].vitals
        print(
            f"{time.monotonic() - self._began:6.0f} s  {course.polls:6} polls  "
            f"{course.commits:5} commits  {at.memory:7} kB  {at.files} files  "
            f"{at.threads} threads  {at.zombies} zombies",
            flush=True,
        )


def _keep(course: Course) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps([to_builtins(sample) for sample in course.samples]) + "\n")


if __name__ == "__main__":
    main()
