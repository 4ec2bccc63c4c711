"""Four nodes, of which one at a time is killed or cut off while the reconciler dies as well.

A seed is printed, and RECONCILER_TEST_SEED repeats it. `make chaos NODES=4` lays longer sieges.
"""

from pathlib import Path

import pytest

from tests.chaos.siege import besieging, seed_of
from tests.support.nodes import POSSIBLE

KILLS = 6


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd")
def test_whichever_node_fails_nothing_starts_twice_and_nothing_is_lost(tmp_path: Path) -> None:
    seed = seed_of()
    print(f"seed {seed}")  # noqa: T201  # it repeats a failure
    with besieging(tmp_path, KILLS, seed, several=True) as siege:
        assert list(siege.lay())
        siege.raze()
        print(siege.summary())  # noqa: T201
        assert not siege.judge.faults, siege.evidence()
