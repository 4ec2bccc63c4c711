"""`python -m tests.benchmarks [ITEM ...] [--rounds N] [--quick]`: measure, show, and keep.

Each rival is measured in the same run, in turns with ours. Nothing here is a test: a missed
target is shown, and the exit code stays 0.
"""

import argparse
import compileall
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from tests.benchmarks import (
    beginning,
    carrying,
    clustering,
    committing,
    editing,
    finishing,
    healing,
    hooking,
    looking,
    placing,
    planning,
    pushing,
    recording,
    scaling,
    sending,
    spreading,
    starting,
    steady,
    tending,
    validating,
    warming,
)
from tests.benchmarks.bench import QUICK, Bench, Sizes, connect
from tests.benchmarks.table import Item, as_json, render

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "build" / "bench.json"
ITEMS: dict[str, Callable[[Bench], Item]] = {
    "a": scaling.measure,
    "b": steady.measure,
    "c": healing.measure,
    "d": editing.measure,
    "e": starting.measure,
    "f": validating.measure,
    "g": hooking.measure,
    "h": pushing.measure,
    "i": committing.measure,
    "j": finishing.measure,
    "k": recording.measure,
    "l": planning.measure,
    "m": spreading.measure,
    "n": warming.measure,
    "o": placing.measure,
    "p": tending.measure,
    "q": clustering.measure,
    "r": carrying.measure,
    "s": sending.measure,
    "t": beginning.measure,
    "u": looking.measure,
}


def main() -> None:
    """Measure what the arguments name."""
    given = _arguments()
    _as_installed()
    subprocess.run([ROOT / ".dev" / "rivals"], check=False)
    sizes = QUICK if given.quick else Sizes()
    if given.rounds:
        sizes = replace(sizes, rounds=given.rounds)
    machine = _machine(given.command)
    print(f"{machine}\n{sizes}\n", flush=True)
    items: list[Item] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        bench = Bench(given.command, connect(), Path(scratch), sizes)
        for key in given.items or ITEMS:
            items.append(ITEMS[key](bench))
            print(render(items[-1:]), end="\n\n", flush=True)
            # After each, for the whole takes long and the engine may fail on the way.
            _keep({"machine": machine, "sizes": asdict(sizes), "items": as_json(items)})
    print(f"all values: {RESULT.relative_to(ROOT)}")


def _keep(result: dict[str, object]) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("items", nargs="*", type=_key, metavar="ITEM", help="some of a ... u; all")
    parser.add_argument("--rounds", type=int, default=0, help="how often each is measured")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work?")
    beside = Path(sys.executable).with_name("reconciler")
    parser.add_argument("--command", default=str(beside), help="the reconciler to measure")
    return parser.parse_args()


def _as_installed() -> None:
    """Have the reconciler compiled, as an installed one is, whatever this shell says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(ROOT / "reconciler", quiet=1)


def _key(text: str) -> str:
    """Check an item's name: `choices` would refuse to have none given at all."""
    if text not in ITEMS:
        message = f"there is no item {text}; there are {' '.join(ITEMS)}"
        raise argparse.ArgumentTypeError(message)
    return text


def _machine(command: str) -> dict[str, object]:
    """Return what the numbers depend on besides the code."""
    client = connect()
    info = client.info()
    client.close()
    load, *_ = os.getloadavg()
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "engine": info["ServerVersion"],
        "cpus": info["NCPU"],
        "memory": info["MemTotal"],
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(load, 2),
        "command": Path(command).name,
    }


if __name__ == "__main__":
    main()
