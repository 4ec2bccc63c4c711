"""What is forgotten of the past, what never is, and that nothing of what is planned hangs on it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.controller import requests
from reconciler.model.desired import Backoff, DesiredTask, Restart, Retry, Schedule
from reconciler.model.fact import RunOpened
from reconciler.model.run import Run
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord
from tests.support.limits import keeping

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
EVERY_MINUTE = Schedule("* * * * *", "UTC")


def service(count: int = 1) -> DesiredTask:
    retry = Retry(None, Backoff(initial=1.0, factor=1.1, max=1_000.0, jitter=0.0))
    return make_task(count=count, restart=Restart.ALWAYS, retry=retry)


def runs(lab: Lab) -> dict[int, Run]:
    return lab.core.history.tasks["work"].runs


def attempts(lab: Lab, run: int = 1) -> list[int]:
    return [attempt.number for attempt in runs(lab)[run].attempts_of(0)]


def minutes(lab: Lab, count: int) -> None:
    for _ in range(count):
        lab.wait(MINUTE)


def nominals(lab: Lab) -> list[float]:
    assert isinstance(lab.record, MemoryRecord)
    return [fact.nominal for fact in lab.record.facts if isinstance(fact, RunOpened)]


def ask(lab: Lab, verb: str) -> None:
    judged = requests.judge(verb, {"task": "work"}, lab.desired, lab.core.history, lab.now)
    assert judged.ok, judged.message
    lab.core.note(judged.facts)
    lab.settle()


def lab_of(task: DesiredTask, ends: int) -> Lab:
    lab = Lab(task, now=NOON + 1)
    lab.world.autoexit = lambda _: ends
    lab.settle()
    return lab


# --- attempts --------------------------------------------------------------------------------


def test_what_crashes_for_ever_leaves_no_more_than_its_newest_attempts() -> None:
    lab = lab_of(service(), 1)
    for _ in range(200):
        lab.wait(1_000)
    assert len(attempts(lab)) <= 22
    assert len(lab.record.load().tasks["work"].runs[1].attempts_of(0)) == len(attempts(lab))
    starts = lab.world.journal.starts
    assert len(starts) == len(set(starts)) == 201, "no number is used again"
    assert len(lab.world.boxes) <= 2, "only the last one is left to be looked at"


@pytest.mark.parametrize("retry", [Retry(12, Backoff(0.0)), Retry(None, Backoff(0.0), total=12)])
def test_a_bound_on_retries_counts_what_is_forgotten(retry: Retry) -> None:
    with keeping(runs=100, attempts=2):
        lab = lab_of(make_task(retry=retry, restart=Restart.ON_FAILURE), 1)
        for _ in range(30):
            lab.wait(MINUTE)
            lab.crash()
        assert len(lab.world.journal.starts) == 13
        assert len(attempts(lab)) <= 4
        ask(lab, "retry")
        for _ in range(30):
            lab.wait(MINUTE)
        assert len(lab.world.journal.starts) == 26, "all anew once a person has asked"


def test_what_a_person_asked_to_try_again_counts_from_then_on() -> None:
    with keeping(runs=100, attempts=2):
        lab = lab_of(make_task(retry=Retry(3, Backoff(0.0))), 1)
        for _ in range(5):
            minutes(lab, 8)
            ask(lab, "retry")
        minutes(lab, 8)
        assert len(lab.world.journal.starts) == 6 * 4


def test_what_may_still_be_there_is_kept() -> None:
    with keeping(runs=100, attempts=2):
        lab = lab_of(service(), 1)
        lab.world.faults = lambda call, *_: ValueError() if call == "remove" else None
        minutes(lab, 0)
        shown = {box.name for box in lab.world.boxes.values()}
        assert {f"demo.work.1.0.{number}" for number in attempts(lab)} >= shown


# --- runs ------------------------------------------------------------------------------------


def test_a_schedule_keeps_its_newest_runs() -> None:
    lab = lab_of(make_task(schedule=EVERY_MINUTE), 0)
    minutes(lab, 300)
    known = runs(lab)
    assert sorted(known) == list(range(200, 301))
    assert lab.record.load().tasks["work"].runs.keys() == known.keys()
    assert lab.core.history.tasks["work"].fired_before == ((NOON + MINUTE, NOON + 199 * MINUTE),)


def test_a_clock_that_is_put_back_fires_nothing_twice_of_what_is_forgotten() -> None:
    with keeping(runs=2, attempts=2):
        lab = lab_of(make_task(schedule=EVERY_MINUTE), 0)
        minutes(lab, 90)
        lab.ahead = -HOUR
        minutes(lab, 61)
        lab.crash()
        minutes(lab, 9)
    fired = nominals(lab)
    assert fired == [NOON + minute * MINUTE for minute in range(1, 101)]


def test_a_clock_that_was_ahead_for_a_while_stops_no_schedule() -> None:
    with keeping(runs=2, attempts=2):
        lab = lab_of(make_task(schedule=EVERY_MINUTE), 0)
        minutes(lab, 10)
        lab.ahead = 30 * DAY
        minutes(lab, 10)
        lab.ahead = 0.0
        minutes(lab, 10)
        assert len(lab.core.history.tasks["work"].fired_before) == 3
    assert nominals(lab)[-10:] == [NOON + minute * MINUTE for minute in range(21, 31)]


def test_spans_of_firings_are_few() -> None:
    with keeping(runs=1, attempts=2):
        lab = lab_of(make_task(schedule=EVERY_MINUTE), 0)
        for _ in range(150):
            lab.wait(5 * MINUTE)
        spans = lab.core.history.tasks["work"].fired_before
    assert len(spans) == 100
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert spans[0][0] == nominals(lab)[0]


def test_a_rerun_that_was_answered_is_answered_for_good() -> None:
    with keeping(runs=2, attempts=2):
        lab = lab_of(make_task(schedule=EVERY_MINUTE), 0)
        lab.apply(make_task(schedule=EVERY_MINUTE, rerun=5))
        assert nominals(lab) == [0.0]
        lab.apply(make_task(schedule=EVERY_MINUTE))
        minutes(lab, 20)
        lab.apply(make_task(schedule=EVERY_MINUTE, rerun=3))
        assert nominals(lab).count(0.0) == 1, "a higher number has run out of turn before"


def test_earlier_work_is_resumed_however_often_other_work_has_run_again() -> None:
    earlier, other = (make_task(spec={"command": (word,)}) for word in ("true", "false"))
    with keeping(runs=2, attempts=2):
        lab = lab_of(earlier, 0)
        lab.apply(other)
        for _ in range(10):
            ask(lab, "rerun")
        assert 1 in runs(lab)
        assert len(runs(lab)) <= 5
        starts = len(lab.world.journal.starts)
        lab.apply(earlier)
        assert len(lab.world.journal.starts) == starts


@pytest.mark.parametrize(
    "firings",
    [600, pytest.param(43_200, marks=[pytest.mark.slow, pytest.mark.timeout(3_600)])],
)
def test_a_month_of_minutes_grows_neither_memory_nor_ledger(firings: int, tmp_path: Path) -> None:
    lab = Lab(make_task(schedule=EVERY_MINUTE), folder=tmp_path, now=NOON + 1, entries=300)
    lab.world.autoexit = lambda _: 0
    lab.settle()
    sizes = []
    for _ in range(2):
        minutes(lab, firings // 2)
        sizes.append((tmp_path / "ledger.db").stat().st_size)
        lab.world.journal.calls.clear()
    assert len(set(lab.world.journal.starts)) == len(lab.world.journal.starts) == firings
    assert len(runs(lab)) == len(lab.record.load().tasks["work"].runs) == 101
    assert sizes[1] <= 1.1 * sizes[0], "pages that are free are used again"
    assert len(lab.world.boxes) == 1


def test_many_instances_leave_fewer_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.planning.forgetting.INSTANCES_KEPT", 50)
    lab = lab_of(make_task(count=10, schedule=EVERY_MINUTE), 0)
    minutes(lab, 20)
    assert len(runs(lab)) == 6


def test_runs_that_were_destroyed_go_like_any_other() -> None:
    with keeping(runs=2, attempts=2):
        lab = lab_of(make_task(), 0)
        for _ in range(10):
            ask(lab, "destroy")
            lab.apply(make_task())
        assert len(runs(lab)) <= 4
        assert max(runs(lab)) == 11


def test_a_long_life_begins_a_row_anew_though_it_was_long_ago() -> None:
    twins = Twins(service())
    for what, number in [("fail", 1), ("wait", 2), ("end", 1), ("fail", 4), ("end", 1)]:
        twins.step(what, number)


# --- the law ---------------------------------------------------------------------------------


class Twins:
    """Two labs that the same befalls, of which one forgets what it can."""

    def __init__(self, task: DesiredTask) -> None:
        self.labs = (Lab(task, now=NOON + 1), Lab(task, now=NOON + 1))

    @contextmanager
    def each(self) -> Iterator[Iterator[Lab]]:
        with ExitStack() as stack:
            yield self._in_turn(stack)

    def _in_turn(self, stack: ExitStack) -> Iterator[Lab]:
        whole, forgetful = self.labs
        yield whole
        stack.enter_context(keeping(runs=2, attempts=1))
        yield forgetful

    def step(self, what: str, number: int) -> None:
        said = []
        with self.each() as labs:
            for lab in labs:
                self._do(lab, what, number)
                done = lab.settle()
                wakes = lab.core.assessment.wakes
                verdicts = [(v.state, v.reason, v.attempt) for v in lab.core.all_verdicts()]
                said.append(([(a.verb, a.subject, a.cause.reason) for a in done], wakes, verdicts))
        assert said[0] == said[1]

    def _do(self, lab: Lab, what: str, number: int) -> None:
        if what == "wait":
            lab.now += 7.0**number
        elif what == "end" and lab.live():
            lab.world.finish(lab.live()[0], number % 3)
        elif what == "fail":
            for _ in range(2 * number):
                lab.settle()
                for name in lab.live():
                    lab.world.finish(name, 1)
                lab.wait(HOUR)
        elif what == "crash":
            lab.crash()
        elif what == "retry":
            judged = requests.judge(
                "retry", {"task": "work"}, lab.desired, lab.core.history, lab.now
            )
            lab.core.note(judged.facts)


deeds = st.tuples(
    st.sampled_from(["wait", "end", "end", "fail", "crash", "retry"]), st.integers(0, 4)
)
tasks = st.sampled_from(
    [
        service(count=2),
        make_task(count=2, retry=Retry(7, Backoff(factor=1.2, jitter=0.0), total=9)),
        make_task(count=2, schedule=EVERY_MINUTE, retry=Retry(2, Backoff(jitter=0.0))),
    ]
)


@settings(max_examples=60)
@given(tasks, st.lists(deeds, max_size=30))
def test_forgetting_changes_nothing_of_what_is_planned(
    task: DesiredTask, befalls: list[tuple[str, int]]
) -> None:
    twins = Twins(task)
    for what, number in befalls:
        twins.step(what, number)
