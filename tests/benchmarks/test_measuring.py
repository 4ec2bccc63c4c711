"""What is measured of planning, records, short lives, nodes, slots and data, at the least size."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks import (
    carrying,
    finishing,
    placing,
    planning,
    recording,
    sending,
    spreading,
    tending,
    warming,
)
from tests.benchmarks.bench import QUICK, Bench, connect
from tests.support import nodes, registry


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    client = connect()
    sizes = replace(QUICK, rounds=1, crowd=4, planned=200, recorded=200, spread=4,
                    pulls=1, image=1, pools=4, objects=9, megabytes=9)  # fmt: skip
    yield Bench(str(Path(sys.executable).with_name("reconciler")), client, tmp_path, sizes)
    client.close()


def test_planning(bench: Bench) -> None:
    names = [figure.name for figure in planning.measure(bench).figures]
    assert "plan: one dirty of 200 tasks" in names


def test_the_ledger(bench: Bench) -> None:
    item = recording.measure(bench)
    assert all(value > 0 for figure in item.figures for value in figure.values)


@pytest.mark.docker
@pytest.mark.slow
def test_short_lives(bench: Bench) -> None:
    item = finishing.measure(bench)
    assert {"inside", "apply --wait"} <= {figure.name for figure in item.figures}
    assert all(value > 0 for figure in item.figures for value in figure.values)


def test_placement(bench: Bench) -> None:
    item = placing.measure(bench)
    assert {"one task: place, 200", "1 a task: memory, 2000"} <= {f.name for f in item.figures}
    assert all(value >= 0 for figure in item.figures for value in figure.values)


def test_slots(bench: Bench) -> None:
    names = [figure.name for figure in tending.measure(bench).figures]
    assert names == ["one dirty task, in pools", "one dirty task, no pools"]


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.skipif(not nodes.POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd")
def test_four_engines(bench: Bench) -> None:
    item = spreading.measure(bench)
    assert {"inside", "apply, over TLS and ssh"} <= {figure.name for figure in item.figures}
    assert len(item.claims) == 3


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.skipif(not registry.POSSIBLE, reason="it needs docker-registry")
def test_prepared_slots(bench: Bench) -> None:
    slot, pull = warming.measure(bench).figures
    assert len(slot.values) == len(pull.values) == 1
    assert min(slot.values + pull.values) > 0


def test_carrying(bench: Bench) -> None:
    item = carrying.measure(bench)
    assert len(item.figures) == 8
    assert all(value > 0 for figure in item.figures for value in figure.values)


@pytest.mark.docker
@pytest.mark.slow
def test_sending(bench: Bench) -> None:
    item = sending.measure(bench)
    bound = [claim for claim in item.claims if claim.target is not None]
    told = [claim for claim in item.claims if claim.target is None]
    assert 2 * len(bound) == 16
    assert len(told) == 2  # out to a folder, made sure of
    assert len(item.figures) == 16 + len(told)
    assert all(value > 0 for figure in item.figures for value in figure.values)
