"""`python -m tests.chaos [--kills N] [--seed S]`: kill the reconciler many times under real work.

The exit code is 1 if anything started twice, was lost or ran again, or if a reconciler that was
started again took longer than 2 s to look at its engine.
"""

import argparse
import random
import secrets
import sys
import tempfile
from pathlib import Path

from tests.chaos.siege import RESUME, Siege
from tests.e2e.project import Project
from tests.support.proxy import Proxy


def main() -> None:
    """Lay a siege, tell how it goes, and judge it."""
    asked = _arguments()
    print(f"seed {asked.seed}, {asked.kills} kills", flush=True)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        project = Project(Path(folder))
        proxy = Proxy(Path(folder) / "engine.sock")
        proxy.start()
        try:
            siege = Siege(project, proxy, asked.kills, random.Random(asked.seed))
            siege.prepare()
            for name in siege.lay():
                print(f"{name}: {sum(siege.deaths.values())} deaths", flush=True)
            print(siege.summary())
            print(siege.evidence() if siege.faults else "nothing started twice, nothing was lost")
        finally:
            proxy.stop()
            project.engine.close()
    slow = max(siege.resumed) > RESUME
    sys.exit(bool(siege.faults) or slow)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    return parser.parse_args()


if __name__ == "__main__":
    main()
