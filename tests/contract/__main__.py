"""`python -m tests.contract PROGRAMS [TESTS]`: what an engine matters to, on one of other programs.

PROGRAMS is a folder with usr/bin and usr/sbin, in which dockerd, containerd and its shims are. One
engine of them is run for the length of the suite, in the place of this machine's, and the suite in
its network; what tests start for themselves is of them as well.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.private_engine import PrivateEngine

# What depends on how an engine answers: all its calls, and stories in which it is not well.
SUITE = (
    "tests/contract",
    "tests/engines",
    "tests/e2e/test_container.py",
    "tests/e2e/test_data_on_nodes.py",
    "tests/e2e/test_engine_restart.py",
    "tests/e2e/test_hardening.py",
    "tests/e2e/test_mpi.py",
    "tests/e2e/test_nodes.py",
    "tests/e2e/test_ssh.py",
    "tests/e2e/test_wedged_engine.py",
    "tests/e2e/test_wedged_node.py",
)


def main() -> None:
    """Run the suite, or these tests; the exit code is pytest's."""
    programs, *asked = sys.argv[1:]
    places = [str(Path(programs).resolve() / "usr" / kind) for kind in ("sbin", "bin")]
    os.environ["PATH"] = os.pathsep.join([*places, os.environ["PATH"]])
    engine = PrivateEngine()
    try:
        engine.start()
        print(f"Docker Engine {engine.version}", flush=True)
        command = (*engine.inside, sys.executable, "-m", "pytest", *(asked or SUITE))
        env = {**os.environ, "RECONCILER_TEST_ENGINE": engine.url}
        code = subprocess.run(command, env=env, check=False).returncode
    finally:
        engine.close()
    sys.exit(code)


if __name__ == "__main__":
    main()
