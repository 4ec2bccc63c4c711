"""What every engine owes us about its own death: that it can be told, and what it says of what ran.

The real one is an engine of the tests' own.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from reconciler.engines.docker import open_engine
from reconciler.engines.engine import Engine, UnreachableError
from reconciler.engines.simulated.world import Manner
from reconciler.model.action import CreateRequest
from reconciler.model.observed import ContainerDetail, Phase
from tests.support.engines import SimulatedRig, Watch, make_request, new_project, watching
from tests.support.private_engine import POSSIBLE, PrivateEngine

MANNERS: list[Manner] = ["crash", "kill", "stop"]
# Ends well when it is told to, as many a program does.
OBEDIENT = "trap 'exit 0' TERM; while true; do sleep 0.05; done"


class Mortal(Protocol):
    """An engine under test that can die."""

    engine: Engine

    def restart(self, manner: Manner) -> None: ...
    def close(self) -> None: ...


class SimulatedMortal:
    def __init__(self) -> None:
        self._rig = SimulatedRig()
        self.engine: Engine = self._rig.engine

    def restart(self, manner: Manner) -> None:
        self._rig.world.restart(255 if manner == "crash" else 0, manner)

    def close(self) -> None:
        self._rig.close()


class DockerMortal:
    def __init__(self) -> None:
        self._process = PrivateEngine()
        self._process.start()
        self.engine: Engine = open_engine("local", self._process.url)

    def restart(self, manner: Manner) -> None:
        self._process.restart(manner)

    def close(self) -> None:
        self.engine.close()
        self._process.close()


MADE: dict[str, Callable[[], Mortal]] = {"simulated": SimulatedMortal, "docker": DockerMortal}


@pytest.fixture(
    scope="module",
    params=[
        "simulated",
        pytest.param("docker", marks=[
            pytest.mark.docker, pytest.mark.slow,
            pytest.mark.skipif(not POSSIBLE, reason="it needs root and dockerd"),
        ]),
    ],
)  # fmt: skip
def mortal(request: pytest.FixtureRequest) -> Iterator[Mortal]:
    made = MADE[request.param]()
    try:
        yield made
    finally:
        made.close()


def run(mortal: Mortal, project: str, script: str, instance: int = 0) -> CreateRequest:
    request = make_request(
        project, "task", instance, command=("sh", "-c", script), init=False, network="none"
    )
    mortal.engine.start(mortal.engine.create(request))
    return request


def looked_at(mortal: Mortal, request: CreateRequest) -> ContainerDetail:
    detail = mortal.engine.inspect(request.name)
    assert detail is not None
    return detail


def told_of_end(watch: Watch) -> list[tuple[str, int | None]]:
    """Return what was told of an end: signals and the exit, in order."""
    found = [event for event in watch.seen if event.action in {"kill", "die"}]
    return [(e.action, e.signal if e.action == "kill" else e.exit_code) for e in found]


def test_an_engine_that_lives_is_the_same(mortal: Mortal) -> None:
    project = new_project()
    era = mortal.engine.era()
    assert era
    run(mortal, project, "exit 0")
    assert mortal.engine.era() == era


@pytest.mark.parametrize("manner", MANNERS)
def test_one_that_came_back_is_another_and_has_ended_what_ran(
    mortal: Mortal, manner: Manner
) -> None:
    project = new_project()
    before = mortal.engine.era()
    with watching(mortal.engine, project) as watch:
        done = run(mortal, project, "exit 7", 1)
        watch.until("die", done.name)
    running = run(mortal, project, OBEDIENT)
    mortal.restart(manner)
    assert mortal.engine.era() not in {before, ""}
    assert looked_at(mortal, done).container.exit_code == 7
    ended = looked_at(mortal, running).container
    assert ended.phase is Phase.EXITED
    assert ended.exit_code == (255 if manner == "crash" else 0), "which nobody may take for success"


@pytest.mark.parametrize("manner", MANNERS)
def test_its_stream_breaks_after_what_it_did_on_its_way_out(mortal: Mortal, manner: Manner) -> None:
    project = new_project()
    with watching(mortal.engine, project) as watch:
        running = run(mortal, project, OBEDIENT)
        watch.until("start", running.name)
        mortal.restart(manner)
        with pytest.raises(UnreachableError):
            watch.until("no such thing")
    assert told_of_end(watch) == ([("kill", 15), ("die", 0)] if manner == "stop" else [])


def test_what_people_do_to_a_program_is_told_before_its_end(mortal: Mortal) -> None:
    project = new_project()
    with watching(mortal.engine, project) as watch:
        running = run(mortal, project, "trap '' TERM; while true; do sleep 0.05; done")
        for signal in ("SIGTERM", "SIGKILL"):
            mortal.engine.signal(running.name, signal)
        watch.until("die", running.name)
    assert told_of_end(watch) == [("kill", 15), ("kill", 9), ("die", 137)]
