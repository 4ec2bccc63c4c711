"""`python -m tests.chaos [--kills N] [--seed S] [--nodes 4]`: kill the reconciler under real work.

With four nodes, engines are killed and links are cut besides, one at a time.

The exit code is 1 if anything started twice, was lost or ran again, or if a reconciler that was
started again took longer than 2 s to look at its engine. Where the engine wedges itself it is
restarted and counted; what it was doing is kept in build/chaos.
"""

import argparse
import io
import shutil
import signal
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

from tests.chaos.siege import Siege, besieging, seed_of
from tests.support.process import ROOT


def main() -> None:
    """Lay a siege, tell how it goes, and judge it."""
    asked = _arguments()
    # An engine and containers are to be ended with it, whoever ends it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    several = asked.nodes > 1
    _tell(f"seed {asked.seed}, {asked.kills} kills, {asked.nodes} engine{'s' * several}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        home = Path(folder)
        # What each reconciler said is printed at the end, and is much.
        laid = besieging(home, asked.kills, asked.seed, several=several)
        with redirect_stdout(io.StringIO()), laid as siege:
            try:
                for name in siege.lay():
                    _tell(f"{name}: {sum(siege.deaths.values())} deaths")
                siege.raze()
            finally:
                _conclude(siege, home, time.monotonic() - began)
    sys.exit(bool(siege.judge.faults) or siege.judge.slow(siege.resumed))


def _conclude(siege: Siege, home: Path, seconds: float) -> None:
    _tell(siege.summary())
    _tell(f"{seconds / 60:.1f} minutes")
    _tell(siege.evidence() if siege.judge.faults else "nothing started twice, nothing was lost")
    for dump in home.glob("wedge-*.txt"):
        kept = ROOT / "build" / "chaos"
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy(dump, kept)
        _tell(f"what a wedged engine was doing: {kept / dump.name}")


def _tell(said: str) -> None:
    print(said, file=sys.__stdout__, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--nodes", type=int, choices=(1, 4), default=1)
    parser.add_argument("--seed", type=int, default=seed_of())
    return parser.parse_args()


if __name__ == "__main__":
    main()
