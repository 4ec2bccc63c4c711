"""What is measured of planning, of the ledger and of short lives, at the least size: it works."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import finishing, planning, recording
from tests.benchmarks.bench import QUICK, Bench, connect


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    client = connect()
    sizes = replace(QUICK, rounds=1, crowd=4, planned=50, recorded=200)
    yield Bench(str(Path(sys.executable).with_name("reconciler")), client, tmp_path, sizes)
    client.close()


def test_planning(bench: Bench) -> None:
    names = [figure.name for figure in planning.measure(bench).figures]
    assert "plan: one dirty of 50 tasks" in names


def test_the_ledger(bench: Bench) -> None:
    item = recording.measure(bench)
    assert all(value > 0 for figure in item.figures for value in figure.values)


@pytest.mark.docker
@pytest.mark.slow
def test_short_lives(bench: Bench) -> None:
    item = finishing.measure(bench)
    assert {"inside", "apply --wait"} <= {figure.name for figure in item.figures}
    assert all(value > 0 for figure in item.figures for value in figure.values)
