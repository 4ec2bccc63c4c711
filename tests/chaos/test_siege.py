"""Laws 2, 3 and 4 from outside: however often the reconciler dies, nothing starts twice.

A seed is printed, and RECONCILER_TEST_SEED repeats it. `make chaos` lays longer sieges.
"""

from pathlib import Path

import pytest

from tests.chaos.siege import besieging, seed_of


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_forty_deaths_start_nothing_twice(tmp_path: Path) -> None:
    seed = seed_of()
    print(f"seed {seed}")  # noqa: T201  # it repeats a failure
    with besieging(tmp_path, 40, seed) as siege:
        rounds = list(siege.lay())
        print(siege.summary())  # noqa: T201
        assert not siege.judge.faults, siege.evidence()
        assert len(rounds) > 1
