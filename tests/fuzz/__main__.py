"""`python -m tests.fuzz [--cases N] [--seed S] [--batch B]`: try many cases on all processors.

A failure is told with what repeats it. The exit code is 1 if there was one.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.fuzz.batch import SIZE, Tally, run
from tests.fuzz.judging import check_corpus

MOST_MEMORY = 300  # MB


def main() -> None:
    """Try what the arguments say, and tell what came of it."""
    asked = _arguments()
    batches = range(-(-asked.cases // SIZE)) if asked.batch is None else [asked.batch]
    print(f"seed {asked.seed}, {len(batches)} batches of {SIZE} cases", flush=True)
    check_corpus()
    began, total = time.perf_counter(), Tally()
    for tally in _spread(asked.seed, list(batches)):
        total.add(tally)
        for failure in tally.failures:
            print(f"\r{failure}", flush=True)
        _progress(total, len(batches) * SIZE)
    _sum_up(total, time.perf_counter() - began)
    sys.exit(bool(total.failures) or total.memory > MOST_MEMORY)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--batch", type=int, help="only this batch of the seed's")
    return parser.parse_args()


def _spread(start: int, batches: list[int]) -> Iterator[Tally]:
    # New processes rather than copies of this one, whose memory is then their own.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        waiting = [pool.submit(run, start, batch) for batch in batches]
        yield from (done.result() for done in as_completed(waiting))


def _progress(total: Tally, asked: int) -> None:
    if sys.stdout.isatty():
        print(f"\r{total.cases} of {asked}, {len(total.failures)} failures", end="", flush=True)


def _sum_up(total: Tally, seconds: float) -> None:
    cases = max(1, total.cases)
    print(
        f"\r{total.cases} cases in {seconds:.0f} s, {len(total.failures)} failures; "
        f"the slowest took {total.slowest:.2f} s, the most memory was {total.memory} MB; "
        f"{total.valid / cases:.0%} were valid, the quick reader took {total.quick / cases:.0%}; "
        f"{len(total.codes)} codes were seen"
    )


if __name__ == "__main__":
    main()
