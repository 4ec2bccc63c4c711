"""Whom the lookout asks, what it makes of the answers, and that it asks no more than it may."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.controller import glimpses, lookout
from reconciler.controller.lookout import Lookout
from reconciler.engines.engine import TransientError
from reconciler.engines.simulated import SimulatedEngine
from reconciler.ledger import Holder
from reconciler.model.headway import Glimpse, Headway
from reconciler.model.observed import Usage
from tests.support.engines import make_request, simulated_engine
from tests.support.process import eventually


class Site:
    """An engine with programs that run, and a lookout over them."""

    def __init__(self) -> None:
        self.engine: SimulatedEngine = simulated_engine()
        self.world = self.engine.world
        self.asked: list[tuple[float, str]] = []
        self.expressions: dict[str, list[str]] = {}
        self.world.faults = self._count
        self.lookout = Lookout(self.engine, lambda task: self.expressions.get(task, ()))

    def _count(self, call: str, subject: str, when: str) -> None:
        if call in {"usage", "logs"} and when == "before":
            self.asked.append((time.monotonic(), f"{call} {subject}"))

    def run(self, task: str, instance: int = 0) -> tuple[str, str]:
        """Start a program and return its container's id and name."""
        request = make_request("demo", task, instance)
        made = self.engine.create(request)
        self.engine.start(made)
        self.lookout.started(made, task)
        return made, request.name


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name, seconds in (("_FIRST", 0.01), ("_APART", 0.01), ("_LOG_EVERY", 0.05),
                          ("_SHORTEST", 0.05), ("_LONGEST", 0.05), ("_SILENCE", 0.1)):  # fmt: skip
        monkeypatch.setattr(lookout, name, seconds)
    made = Site()
    yield made
    made.lookout.close()


def test_the_most_that_was_seen_is_kept(site: Site) -> None:
    made, name = site.run("work")
    site.world.use(name, Usage(2.0, 900))
    eventually(lambda: site.lookout.seen().get(made) == Glimpse(Usage(2.0, 900)), "the first")
    site.world.use(name, Usage(3.0, 500))
    eventually(lambda: site.lookout.seen()[made].usage.cpu_seconds == 3.0, "the second")
    assert site.lookout.ended(made) == Usage(3.0, 900)
    assert site.lookout.ended(made) == Usage(), "it is told once"
    assert made not in site.lookout.seen()


def test_progress_is_looked_for_where_a_task_says_how(site: Site) -> None:
    site.expressions["work"] = [r"epoch (\d+)/(\d+)"]
    work, name = site.run("work")
    other, other_name = site.run("other")
    site.world.say(name, b"epoch 1/4\n")
    site.world.say(other_name, b"epoch 1/4\n")
    first = Headway(0.25, "epoch 1/4")
    eventually(lambda: site.lookout.seen().get(work, Glimpse()).headway == first, "a quarter")
    site.world.say(name, b"loss 0.3\n" * 10_000)
    site.world.say(name, b"epoch 3/4\n")
    eventually(lambda: (h := site.lookout.seen()[work].headway) and h.done == 0.75, "three")
    eventually(lambda: other in site.lookout.seen(), "the other to be seen")
    assert site.lookout.seen()[other].headway is None
    assert f"logs {other}" not in {call for _, call in site.asked}


def test_what_has_been_said_long_ago_still_counts(site: Site) -> None:
    site.expressions["work"] = [r"(\d+)%"]
    made, name = site.run("work")
    site.world.say(name, b"5%\n")
    eventually(lambda: site.lookout.seen().get(made, Glimpse()).headway, "a beginning")
    site.world.say(name, b"x" * 20_000)
    count = len(site.asked)
    eventually(lambda: len(site.asked) > count + 3, "more questions")
    assert site.lookout.seen()[made].headway == Headway(0.05, "5%")


def test_nobody_asks_for_what_does_not_run(site: Site) -> None:
    made, name = site.run("work")
    eventually(lambda: made in site.lookout.seen(), "it to be seen")
    site.world.finish(name, 0)
    site.lookout.listed({made}, {})
    assert site.lookout.seen() == {}
    assert site.lookout.ended(made).memory > 0, "kept until its outcome is read"
    other, _ = site.run("other")
    eventually(lambda: other in site.lookout.seen(), "the other to be seen")
    count = sum(call == f"usage {made}" for _, call in site.asked)
    eventually(lambda: len(site.asked) > count + 5, "more questions")
    assert sum(call == f"usage {made}" for _, call in site.asked) <= count + 1


def test_a_list_tells_of_what_was_started_by_others(site: Site) -> None:
    request = make_request("demo", "work")
    made = site.engine.create(request)
    site.engine.start(made)
    site.lookout.listed({made}, {made: "work"})
    eventually(lambda: made in site.lookout.seen(), "it to be seen")
    site.lookout.listed(set(), {})
    assert site.lookout.ended(made) == Usage()


def test_an_engine_that_does_not_answer_is_asked_again(site: Site) -> None:
    refusals = iter([TransientError("busy")] * 3)
    site.world.faults = lambda call, _, when: (
        next(refusals, None) if (call, when) == ("usage", "before") else None
    )
    made, _ = site.run("work")
    eventually(lambda: made in site.lookout.seen(), "an answer")


def test_however_many_run_a_node_is_asked_within_its_budget(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "_APART", 0.05)
    began = time.monotonic()
    for number in range(40):
        site.run("work", number)
    eventually(lambda: len({call for _, call in site.asked}) == 40, "each to be asked for")
    spent = time.monotonic() - began
    assert len(site.asked) <= spent / 0.05 + 1
    names = [t.name for t in threading.enumerate() if t.name.startswith("lookout-")]
    assert len(names) <= 5


def test_readers_see_what_the_writer_sees(tmp_path: Path) -> None:
    publisher = glimpses.Publisher(tmp_path)
    writer = Holder(os.getpid(), "run", "here", 1.0)
    assert publisher.due()
    assert not publisher.due(), "a second has not passed"
    said = {"c0ffee": Glimpse(Usage(1.5, 10), Headway(0.5, "half \x1b"))}
    assert glimpses.read(tmp_path, writer) == {}
    publisher.publish(said)
    assert glimpses.read(tmp_path, writer) == said
    assert glimpses.read(tmp_path, None) == {}
    assert glimpses.read(tmp_path, Holder(os.getpid() + 1, "run", "here", 1.0)) == {}
    (tmp_path / "live.json").write_text("{")
    assert glimpses.read(tmp_path, writer) == {}
    publisher.close()
    assert [*tmp_path.iterdir()] == []
