"""What is measured of repositories, at the least size: that it works, not how long it takes."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import committing, pushing
from tests.benchmarks.bench import QUICK, Bench, connect

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    client = connect()
    sizes = replace(QUICK, rounds=1, pushes=2, fleet=20)
    yield Bench(str(Path(sys.executable).with_name("reconciler")), client, tmp_path, sizes)
    client.close()


def test_pushes_lead_to_calls_and_looks_without_news_to_none(bench: Bench) -> None:
    item = pushing.measure(bench)
    assert [len(figure.values) for figure in item.figures] == [2]
    *_, calls = item.claims
    assert (calls.unit, calls.value) == ("calls", 0)


def test_commits_are_measured_against_the_first_load(bench: Bench) -> None:
    item = committing.measure(bench)
    counts = {figure.name: len(figure.values) for figure in item.figures}
    assert counts["first load, 20 files"] == 1
    assert counts["commit, 20 files"] == counts["commit, 2 files"] == 5
    assert len(item.claims) == 4
