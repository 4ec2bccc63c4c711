"""`python -m tests.laws [--steps N] [--seed S] [--batch B]`: hold all laws against fate.

It stops at the first counterexample, tells it as short as it could be made within some minutes,
and what repeats it; the exit code is then 1.
"""

import argparse
import secrets
import sys
import time
import traceback
from collections.abc import Iterator
from itertools import count

from tests.laws.living import STEPS, live, to_repeat
from tests.laws.machine import Laws


def main() -> None:
    """Take as many steps as the arguments say, and tell what came of it."""
    asked = _arguments()
    print(f"seed {asked.seed}, {asked.steps} steps in lives of {STEPS}", flush=True)
    began = time.perf_counter()
    for batch in _batches(asked):
        try:
            live(asked.seed, batch, shrink=False)
        except Exception as error:  # noqa: BLE001  # a broken law may show as anything
            _sum_up(time.perf_counter() - began)
            _tell(error, asked, batch)
            sys.exit(1)
        _progress(asked.steps, time.perf_counter() - began)
    _sum_up(time.perf_counter() - began)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.laws", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--batch", type=int, help="only this batch of the seed's")
    parser.add_argument("--as-found", action="store_true", help="tell it in all its length")
    return parser.parse_args()


def _batches(asked: argparse.Namespace) -> Iterator[int]:
    if asked.batch is not None:
        yield asked.batch
        return
    for batch in count():
        if Laws.checked["steps"] >= asked.steps:
            return
        yield batch


def _tell(error: Exception, asked: argparse.Namespace, batch: int) -> None:
    print(f"{error}\n{to_repeat(asked.seed, batch)}", flush=True)
    if not asked.as_found:
        print("it is being cut down to what it takes, for five minutes at most", flush=True)
        try:
            live(asked.seed, batch, shrink=True)
        except Exception as shorter:  # noqa: BLE001  # as above
            error = shorter
    traceback.print_exception(error)


def _progress(asked: int, seconds: float) -> None:
    steps = Laws.checked["steps"]
    faults = sum(Laws.faults.values())
    print(f"{steps} of {asked} steps, {steps / seconds:.0f} a second, {faults} faults", flush=True)


def _sum_up(seconds: float) -> None:
    print(f"{Laws.checked['steps']} steps in {seconds:.0f} s")
    for title, tally in (("faults", Laws.faults), ("judged", Laws.checked)):
        print(f"{title}: {', '.join(f'{n} {kind}' for kind, n in sorted(tally.items()))}")


if __name__ == "__main__":
    main()
