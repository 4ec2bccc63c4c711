"""Laws 2, 3 and 4 from outside: however often the reconciler dies, nothing starts twice.

A seed is printed, and RECONCILER_TEST_SEED repeats it. `make chaos` lays longer sieges.
"""

import os
import random

import pytest

from tests.chaos.siege import Siege
from tests.e2e.project import Project
from tests.support.proxy import Proxy


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_forty_deaths_start_nothing_twice(project: Project) -> None:
    seed = int(os.environ.get("RECONCILER_TEST_SEED") or random.randrange(1_000_000))
    print(f"seed {seed}")  # noqa: T201  # it repeats a failure
    proxy = Proxy(project.home / "engine.sock")
    proxy.start()
    try:
        siege = Siege(project, proxy, kills=40, rng=random.Random(seed))
        siege.prepare()
        rounds = list(siege.lay())
        print(siege.summary())  # noqa: T201
        assert not siege.faults, siege.evidence()
        assert len(rounds) > 1
    finally:
        proxy.stop()
