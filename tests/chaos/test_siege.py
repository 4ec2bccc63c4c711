"""Laws 2, 3 and 4 from outside: however often the reconciler dies, nothing starts twice.

A seed is printed, and RECONCILER_TEST_SEED repeats it. `make chaos` lays longer sieges.
"""

from pathlib import Path

import pytest

from tests.chaos.siege import besieging, seed_of

# A minute's worth, with those at points that are reached once.
KILLS = 12


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_however_often_it_dies_nothing_starts_twice(tmp_path: Path) -> None:
    seed = seed_of()
    print(f"seed {seed}")  # noqa: T201  # it repeats a failure
    with besieging(tmp_path, KILLS, seed) as siege:
        assert list(siege.lay())
        siege.raze()
        print(siege.summary())  # noqa: T201
        assert not siege.judge.faults, siege.evidence()
