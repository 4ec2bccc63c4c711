"""Scheduled tasks: a run for each firing, whatever the clock and the reconciler do."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.controller import requests
from reconciler.controller.writing import complete
from reconciler.model.action import InstanceState
from reconciler.model.desired import Dependency, DesiredTask, OnChange, Overlap, Retry, Schedule
from reconciler.model.fact import (
    FiringPassed,
    Relearned,
    Resumed,
    RoomAwaited,
    RunCancelled,
    RunOpened,
    Suspended,
)
from tests.support.desired import make_desired, make_task
from tests.support.lab import Lab, MemoryRecord
from tests.support.limits import keeping

T = TypeVar("T")
MINUTE, HOUR = 60.0, 3600.0
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def hourly(
    name: str = "work", count: int = 1, overlap: Overlap = Overlap.FORBID, **fields: object
) -> DesiredTask:
    return make_task(name, count, schedule=Schedule("0 * * * *", "UTC", overlap), **fields)


def lab_of(*tasks: DesiredTask, ends: int | None = 0, now: float = NOON + MINUTE) -> Lab:
    """Return a settled lab in which programs end at once with a code, or None, go on."""
    lab = Lab(*tasks, now=now)
    lab.world.autoexit = lambda _: ends
    lab.settle()
    return lab


def facts(lab: Lab, kind: type[T]) -> list[T]:
    assert isinstance(lab.record, MemoryRecord)
    return [fact for fact in lab.record.facts if isinstance(fact, kind)]


def fired(lab: Lab) -> list[str]:
    """Return the nominal times of the runs there are, empty for one out of turn."""
    opened = facts(lab, RunOpened)
    return [time(run.nominal) if run.nominal else "" for run in opened]


def told(lab: Lab) -> list[str]:
    """Return what is in the event log of the task."""
    assert isinstance(lab.record, MemoryRecord)
    return [entry.message for entry in lab.record.entries if entry.task == "work"]


def time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d. %H:%M")


def until(lab: Lab, hour: float) -> None:
    """Let time pass to so many hours after noon, and a moment."""
    lab.wait(NOON + hour * HOUR + 1 - lab.now - lab.ahead)


def ask(lab: Lab, verb: str, **arguments: object) -> requests.Judged:
    judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    return judged


# --- firings ---------------------------------------------------------------------------------


def test_nothing_runs_at_declaration_and_all_at_each_firing() -> None:
    lab = lab_of(hourly(count=2))
    assert lab.world.journal.starts == []
    verdict = lab.verdict("work", 1)
    assert (verdict.state, verdict.run) == (InstanceState.PENDING, 0)
    assert verdict.reason == "waits for its next firing at 2026-11-22 13:00 UTC"
    until(lab, 1)
    until(lab, 2)
    assert lab.world.journal.starts == [
        "demo.work.1.0.1", "demo.work.1.1.1", "demo.work.2.0.1", "demo.work.2.1.1",
    ]  # fmt: skip
    assert fired(lab) == ["22. 13:00", "22. 14:00"]
    assert lab.verdict("work", 1).state is InstanceState.SUCCEEDED
    assert facts(lab, RunOpened)[1].reason == "fired at 2026-11-22 14:00 UTC"


def test_it_wakes_for_the_next_firing_and_is_at_rest_before() -> None:
    lab = lab_of(hourly())
    assert lab.core.wake_at() == NOON + HOUR
    assert lab.core.at_rest()
    assert complete(lab.core), "nothing more is to be waited for"
    until(lab, 1)
    assert lab.core.wake_at() == NOON + 2 * HOUR
    assert complete(lab.core)


def test_a_firing_is_incomplete_while_its_run_goes_on() -> None:
    lab = lab_of(hourly(), ends=None)
    until(lab, 1)
    assert not complete(lab.core)
    lab.world.finish("demo.work.1.0.1", 3)
    lab.settle()
    assert complete(lab.core)
    assert lab.verdict("work").state is InstanceState.FAILED


def test_at_rest_between_firings_whatever_is_restarted() -> None:
    lab = lab_of(hourly(count=2))
    until(lab, 1)
    for _ in range(3):
        assert lab.settle() == []
        lab.crash()
    assert fired(lab) == ["22. 13:00"]


@pytest.mark.parametrize("ends", [0, 1])
def test_containers_of_the_run_before_go_when_the_next_one_runs(ends: int) -> None:
    lab = lab_of(hourly(), ends=ends)
    for hour in range(1, 5):
        until(lab, hour)
    lab.settle()
    assert list(lab.world.boxes) == ["demo.work.4.0.1"]


def test_attempts_are_fresh_in_each_run() -> None:
    lab = lab_of(hourly(retry=Retry(1)), ends=1)
    for hour in range(1, 3):
        until(lab, hour)
        lab.wait(10)
        lab.wait(10)
    assert lab.world.journal.starts == [
        "demo.work.1.0.1", "demo.work.1.0.2", "demo.work.2.0.1", "demo.work.2.0.2",
    ]  # fmt: skip


def test_more_instances_between_firings_wait_for_the_next_one() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    assert lab.apply(hourly(count=2)) == []
    assert lab.verdict("work", 1).state is InstanceState.PENDING
    assert complete(lab.core)
    until(lab, 2)
    assert lab.world.journal.starts[1:] == ["demo.work.2.0.1", "demo.work.2.1.1"]


def test_a_task_without_instances_fires_into_the_void() -> None:
    lab = lab_of(hourly(count=0))
    until(lab, 3)
    assert fired(lab) == ["22. 15:00"]
    assert lab.settle() == []


# --- what was missed -------------------------------------------------------------------------


def test_what_was_missed_is_caught_up_with_once() -> None:
    lab = lab_of(hourly())
    lab.now += 5 * HOUR
    lab.crash()
    lab.settle()
    assert fired(lab) == ["22. 17:00"]
    assert facts(lab, RunOpened)[0].reason == "fired at 2026-11-22 17:00 UTC"
    lab.wait(4.5 * HOUR)
    assert fired(lab) == ["22. 17:00", "22. 21:00"]
    assert facts(lab, RunOpened)[1].reason.endswith(", caught up with later")


def test_what_is_suspended_misses_and_catches_up_once() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    lab.core.note([Suspended("", lab.now)])
    for hour in range(2, 6):
        until(lab, hour)
    assert fired(lab) == ["22. 13:00"]
    verdict = lab.verdict("work")
    assert (verdict.suspended, verdict.state) == (True, InstanceState.SUCCEEDED)
    lab.core.note([Resumed("", lab.now)])
    lab.settle()
    assert fired(lab) == ["22. 13:00", "22. 17:00"]


def test_before_a_schedule_was_seen_nothing_was_missed() -> None:
    lab = lab_of(make_task(), now=NOON + 1.5 * HOUR)
    lab.apply(hourly())
    lab.apply(make_task(schedule=Schedule("*/10 * * * *")))
    assert len(lab.world.journal.starts) == 1, "it ran at once while it had none"
    lab.wait(10 * MINUTE)
    assert fired(lab) == ["", "22. 13:40"]


def test_what_has_no_manifest_or_no_schedule_for_a_while_misses_nothing() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    lab.apply(make_task("other"))
    lab.wait(2 * HOUR)
    lab.apply(hourly())
    assert fired(lab).count("22. 13:00") == 1
    assert len(facts(lab, RunOpened)) == 2
    until(lab, 4)
    assert fired(lab)[-1] == "22. 16:00"


def test_without_its_schedule_it_is_as_its_last_run_was() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    assert lab.apply(make_task()) == []
    assert lab.verdict("work").state is InstanceState.SUCCEEDED
    lab.apply(make_task(count=2))
    assert lab.world.journal.starts[-1] == "demo.work.1.1.1", "within its last run"


def test_what_was_given_up_before_there_was_a_schedule_stays_so() -> None:
    lab = Lab(make_task(), now=NOON)
    lab.settle()
    lab.world.autoexit = lambda _: 0
    lab.apply(make_task(rerun=1))
    assert lab.apply(hourly(rerun=1)) == []
    assert lab.world.journal.starts == ["demo.work.1.0.1", "demo.work.2.0.1"]
    assert complete(lab.core)


def test_what_runs_goes_on_when_it_gets_a_schedule() -> None:
    lab = Lab(make_task(count=2, parallelism=1), now=NOON)
    lab.settle()
    lab.apply(hourly(count=2, parallelism=1))
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.live() == ["demo.work.1.1.1"]


def test_after_a_lost_ledger_nothing_fires_before_it_is_confirmed() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    lab.record = MemoryRecord()
    lab.record.facts.append(Relearned(confirmed=False, at=lab.now))
    lab.crash()
    until(lab, 3)
    assert fired(lab) == [""], "learned again"
    lab.core.note([Relearned(confirmed=True, at=lab.now)])
    lab.settle()
    until(lab, 4)
    assert fired(lab) == ["", "22. 16:00"]
    assert lab.world.journal.starts == ["demo.work.1.0.1", "demo.work.2.0.1"]


# --- overlap ---------------------------------------------------------------------------------


def test_forbid_leaves_a_firing_out_and_says_so() -> None:
    lab = lab_of(hourly(), ends=None)
    until(lab, 1)
    until(lab, 2)
    (passed,) = facts(lab, FiringPassed)
    assert time(passed.nominal) == "22. 14:00"
    assert passed.reason == "left out: run 1 has not ended, and overlap is forbid"
    assert lab.live() == ["demo.work.1.0.1"]
    assert f"firing at 2026-11-22 14:00 UTC {passed.reason}" in told(lab)
    assert lab.settle() == []
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.live() == [], "what was left out is not caught up with"
    until(lab, 3)
    assert lab.live() == ["demo.work.2.0.1"]


def test_allow_has_several_runs_at_once_each_by_its_own_bounds() -> None:
    task = hourly(count=2, overlap=Overlap.ALLOW, parallelism=1)
    lab = lab_of(task, ends=None)
    for hour in range(1, 4):
        until(lab, hour)
    assert lab.live() == ["demo.work.1.0.1", "demo.work.2.0.1", "demo.work.3.0.1"]
    lab.crash()
    assert lab.settle() == []
    lab.world.finish("demo.work.2.0.1", 0)
    lab.settle()
    assert lab.live() == ["demo.work.1.0.1", "demo.work.2.1.1", "demo.work.3.0.1"]
    lab.world.finish("demo.work.2.1.1", 0)
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    assert lab.live() == ["demo.work.1.1.1", "demo.work.3.0.1"]
    assert lab.settle() == []


def test_replace_stops_the_earlier_run_first() -> None:
    lab = lab_of(hourly(overlap=Overlap.REPLACE), ends=None)
    until(lab, 1)
    lab.world.stubborn.add("demo.work.1.0.1")
    until(lab, 2)
    (cancelled,) = facts(lab, RunCancelled)
    assert cancelled.run == 1
    assert cancelled.reason == "replaced by the firing at 2026-11-22 14:00 UTC"
    assert lab.live() == ["demo.work.1.0.1"]
    assert any(v.reason == "waits for run 1 to end" for v in lab.core.verdicts["work"])
    lab.wait(30)
    lab.settle()
    assert lab.live() == ["demo.work.2.0.1"]
    stopped = lab.core.history.tasks["work"].runs[1].attempts_of(0)[-1]
    assert stopped.reason == "replaced by the firing at 2026-11-22 14:00 UTC"


def test_replace_waits_for_nothing_where_nothing_runs() -> None:
    lab = lab_of(hourly(overlap=Overlap.REPLACE), ends=None)
    until(lab, 1)
    lab.core.note([Suspended("", lab.now, stop=True)])
    lab.settle()
    assert lab.live() == []
    lab.now += HOUR
    lab.core.note([Resumed("", lab.now)])
    lab.settle()
    assert lab.live() == ["demo.work.2.0.1"]


# --- other work, other runs ------------------------------------------------------------------


def other(count: int = 1, **fields: object) -> DesiredTask:
    return hourly("work", count, Overlap.FORBID, spec={"command": ("true",)}, **fields)


def test_changed_work_is_for_the_next_firing() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    assert lab.apply(other()) == []
    until(lab, 2)
    opened = facts(lab, RunOpened)
    assert [run.work for run in opened] == [hourly().work.hash, other().work.hash]


def test_changed_work_replaces_what_runs() -> None:
    lab = lab_of(hourly(), ends=None)
    until(lab, 1)
    lab.apply(other())
    assert lab.live() == ["demo.work.2.0.1"]
    assert fired(lab) == ["22. 13:00", ""]
    assert facts(lab, RunOpened)[1].reason == "command changed"
    assert lab.settle() == []


def test_changed_work_lets_what_runs_finish() -> None:
    lab = lab_of(hourly(count=2, parallelism=1, on_change=OnChange.FINISH), ends=None)
    until(lab, 1)
    changed = other(count=2, parallelism=1, on_change=OnChange.FINISH)
    assert lab.apply(changed) == []
    assert lab.live() == ["demo.work.1.0.1"]
    until(lab, 2)
    assert fired(lab) == ["22. 13:00"], "left out"
    lab.world.finish("demo.work.1.0.1", 1)
    assert lab.settle() != []
    assert lab.live() == []
    until(lab, 3)
    assert lab.live() == ["demo.work.2.0.1"]


def test_a_raised_rerun_is_a_run_out_of_turn() -> None:
    lab = lab_of(hourly(rerun=3))
    assert fired(lab) == [], "it is no reason to run at declaration"
    lab.apply(hourly(rerun=4))
    assert fired(lab) == [""]
    assert lab.apply(hourly(rerun=2)) == []
    until(lab, 1)
    lab.apply(hourly(rerun=5))
    assert fired(lab) == ["", "22. 13:00", ""]
    assert lab.world.journal.starts == [f"demo.work.{n}.0.1" for n in (1, 2, 3)]


def test_a_run_out_of_turn_waits_where_runs_do_not_overlap() -> None:
    lab = lab_of(hourly(), ends=None)
    until(lab, 1)
    lab.apply(hourly(rerun=1))
    assert lab.live() == ["demo.work.1.0.1"]
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.live() == ["demo.work.2.0.1"]


def test_stop_ends_the_run_and_no_firing_to_come() -> None:
    lab = lab_of(hourly(), ends=None)
    refused = ask(lab, "stop", task="work")
    assert not refused.ok
    until(lab, 1)
    assert ask(lab, "stop", task="work").ok
    assert lab.live() == []
    assert lab.verdict("work").state is InstanceState.CANCELLED
    until(lab, 2)
    assert lab.live() == ["demo.work.2.0.1"]


def test_rerun_and_retry_by_request() -> None:
    lab = lab_of(hourly(), ends=1)
    assert not ask(lab, "retry", task="work").ok
    assert ask(lab, "rerun", task="work").ok
    assert lab.world.journal.starts == ["demo.work.1.0.1"]
    until(lab, 1)
    assert lab.verdict("work").state is InstanceState.FAILED
    lab.world.autoexit = lambda _: 0
    assert ask(lab, "retry", task="work").message == "work/0 goes on in run 2"
    assert lab.verdict("work").state is InstanceState.SUCCEEDED
    assert lab.world.journal.starts[1:] == ["demo.work.2.0.1", "demo.work.2.0.2"]
    assert complete(lab.core)
    lab.apply(other())
    assert not ask(lab, "retry", task="work").ok, "its work is another one"


def test_each_firing_comes_after_what_it_depends_on() -> None:
    prepare = make_task("prepare")
    report = make_task("report", depends_on=(Dependency("work"),))
    lab = lab_of(prepare, hourly(depends_on=(Dependency("prepare"),)), report, ends=None)
    until(lab, 1)
    assert lab.live() == ["demo.prepare.1.0.1"]
    assert lab.verdict("work").reason.startswith("waits for task prepare to succeed")
    lab.world.finish("demo.prepare.1.0.1", 0)
    lab.settle()
    assert lab.live() == ["demo.work.1.0.1"]
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.live() == ["demo.report.1.0.1"]
    until(lab, 2)
    assert lab.live() == ["demo.report.1.0.1", "demo.work.2.0.1"]


def test_a_firing_that_waits_in_vain_is_cancelled_and_the_next_one_is_not() -> None:
    prepare = make_task("prepare")
    work = hourly(depends_on=(Dependency("prepare"),))
    lab = lab_of(prepare, work, ends=1)
    until(lab, 1)
    assert lab.verdict("work").state is InstanceState.CANCELLED
    assert complete(lab.core)
    lab.world.autoexit = lambda _: 0
    assert ask(lab, "retry", task="prepare").ok
    until(lab, 2)
    assert lab.world.journal.starts[-1] == "demo.work.2.0.1"
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_runs_that_overlap_wait_for_room_each_for_itself() -> None:
    nowhere = {"nodes": (("zone", "x"),)}
    lab = lab_of(hourly("work", 1, Overlap.ALLOW, spec=nowhere, queue_timeout=1.5 * HOUR))
    until(lab, 1)
    until(lab, 2)
    waits = facts(lab, RoomAwaited)
    assert [(wait.run, time(wait.at)) for wait in waits] == [(1, "22. 13:00"), (2, "22. 14:00")]
    until(lab, 2.6)
    assert [cancel.run for cancel in facts(lab, RunCancelled)] == [1]
    assert [v.state for v in lab.core.verdicts["work"]] == [InstanceState.PENDING], "the second"


def test_a_gang_that_fails_gives_way_to_the_next_firing() -> None:
    lab = lab_of(hourly(count=3, gang=True), ends=None)
    until(lab, 1)
    lab.world.finish("demo.work.1.1.1", 1)
    lab.settle()
    assert lab.live() == []
    assert complete(lab.core)
    until(lab, 2)
    assert len(lab.live()) == 3
    assert fired(lab) == ["22. 13:00", "22. 14:00"]


def test_destroy_ends_it_and_begins_anew_with_the_next_apply() -> None:
    lab = lab_of(hourly(), ends=None)
    until(lab, 1)
    assert ask(lab, "destroy").ok
    assert lab.live() == []
    until(lab, 3)
    lab.apply(hourly())
    assert lab.live() == []
    until(lab, 4)
    assert fired(lab) == ["22. 13:00", "22. 16:00"]


def test_a_mass_of_completed_firings_is_never_held() -> None:
    lab = lab_of(hourly(count=8))
    until(lab, 1)
    lab.apply(other(count=8))
    until(lab, 2)
    assert lab.core.holds == ()
    assert len(lab.world.journal.starts) == 16


# --- clocks ----------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_fires_nothing_twice() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    until(lab, 2)
    lab.ahead -= 1.5 * HOUR
    lab.settle()
    lab.wait(HOUR)
    lab.wait(HOUR)
    assert fired(lab) == ["22. 13:00", "22. 14:00"]
    lab.wait(HOUR)
    assert fired(lab) == ["22. 13:00", "22. 14:00", "22. 15:00"]


def test_a_clock_that_was_years_ahead_for_a_while_stops_no_schedule() -> None:
    lab = lab_of(hourly())
    until(lab, 1)
    lab.ahead += 20_000 * HOUR
    lab.settle()
    assert len(fired(lab)) == 2
    lab.ahead = 0.0
    lab.wait(MINUTE)
    until(lab, 2)
    assert fired(lab)[2:] == ["22. 14:00"]


def test_a_schedule_seen_by_a_clock_that_was_ahead_fires_once_that_is_mended() -> None:
    lab = Lab(hourly(), now=NOON + MINUTE)
    lab.ahead = 20_000 * HOUR
    lab.settle()
    lab.ahead = 0.0
    lab.settle()
    until(lab, 1)
    assert fired(lab) == ["22. 13:00"]


@pytest.mark.parametrize(
    ("day", "minutes"),
    [
        ("2026-03-29", 1380),
        ("2026-10-25", 1500),
        pytest.param("2026-11-22", 1440, marks=pytest.mark.slow),
    ],
)
def test_a_day_of_minutes_runs_each_once(day: str, minutes: int) -> None:
    """In Berlin, where clocks are put forward and back; restarted now and then."""
    schedule = Schedule("* * * * *", "Europe/Berlin")
    midnight = datetime.fromisoformat(f"{day}T00:00").timestamp() - _offset(day) * HOUR
    lab = lab_of(make_task(schedule=schedule), now=midnight - MINUTE / 2)
    for minute in range(minutes):
        lab.wait(MINUTE / 2 if minute == 0 else MINUTE)
        if minute % 97 == 0:
            lab.crash()
    nominal = [run.nominal for run in facts(lab, RunOpened)]
    assert nominal == [midnight + minute * MINUTE for minute in range(minutes)]
    assert len(set(lab.world.journal.starts)) == len(lab.world.journal.starts) == minutes


def _offset(day: str) -> int:
    return {"2026-10-25": 2}.get(day, 1)


class Play:
    """A task with a schedule, and all that may befall it."""

    def __init__(self, overlap: Overlap, on_change: OnChange) -> None:
        self.schedule = Schedule("*/20 * * * *", "UTC", overlap)
        self.fields: dict[str, object] = {"on_change": on_change}
        self.count, self.rerun, self.command = 2, 0, "a"
        self.lab = lab_of(self.task(), ends=None)

    def task(self) -> DesiredTask:
        spec = {"command": (self.command,)}
        fields = {**self.fields, "spec": spec, "rerun": self.rerun, "schedule": self.schedule}
        return make_task("work", self.count, **fields)

    def step(self, what: str, number: float) -> None:
        lab, small = self.lab, int(abs(number)) % 3
        deeds: dict[str, Callable[[], object]] = {
            "crash": lab.crash,
            "turn": self.half_a_turn,
            "set the clock": lambda: setattr(lab, "ahead", lab.ahead + number),
            "end": lambda: self.end(small),
            "wait": lambda: setattr(lab, "now", lab.now + abs(number)),
            "suspend": lambda: lab.core.note([Suspended("", lab.now, stop=bool(small))]),
            "resume": lambda: lab.core.note([Resumed("", lab.now)]),
            "stop": lambda: ask(lab, "stop", task="work"),
            "commit": lambda: self.commit(small),
        }
        deeds[what]()

    def end(self, code: int) -> None:
        for name in self.lab.live()[:1]:
            self.lab.world.finish(name, code)

    def half_a_turn(self) -> None:
        self.lab.core.turn()
        self.lab.crash()

    def commit(self, number: int) -> None:
        self.count, self.command = number, "abc"[number]
        self.rerun += number == 1
        self.lab.commit(self.task())

    def check(self) -> None:
        live = Counter(name.rpartition(".")[0] for name in self.lab.live())
        assert all(count == 1 for count in live.values()), live
        runs = {name.split(".")[2] for name in live}
        assert len(runs) <= 1 or self.schedule.overlap is Overlap.ALLOW, "one after the other"
        nominal = [run.nominal for run in facts(self.lab, RunOpened) if run.nominal]
        assert len(nominal) == len(set(nominal)), "no firing twice"
        starts = Counter(self.lab.world.journal.starts)
        assert all(count == 1 for count in starts.values())

    def calm(self) -> None:
        """Law 7 and 17: it comes to rest, and goes on with the next firing."""
        lab = self.lab
        lab.core.note([Resumed("", lab.now)])
        lab.world.autoexit = lambda _: 0
        for name in lab.live():
            lab.world.finish(name, 0)
        for _ in range(6):
            lab.wait(5.0)
        lab.crash()
        assert lab.settle() == []
        assert complete(lab.core)
        before = len(facts(lab, RunOpened))
        lab.wait(100 * HOUR)
        assert len(facts(lab, RunOpened)) > before, "later than the clock has ever shown"


deeds = st.sampled_from(
    ["crash", "turn", "set the clock", "end", "wait", "wait", "suspend", "resume", "stop", "commit"]
)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(Overlap),
    st.sampled_from(OnChange),
    st.lists(st.tuples(deeds, st.floats(-7_000.0, 7_000.0)), max_size=40),
    st.sampled_from([1, 100]),
)
def test_no_firing_is_run_twice(
    overlap: Overlap, on_change: OnChange, deeds: list[tuple[str, float]], kept: int
) -> None:
    """Law 14, and law 1 within each run, whatever clock, programs and people do."""
    play = Play(overlap, on_change)
    with keeping(runs=kept, attempts=kept):
        for what, number in deeds:
            play.step(what, number)
            if what != "turn":
                play.lab.settle()
            play.check()
        play.calm()
        play.check()


def test_two_of_a_kind_do_not_mind_each_other() -> None:
    lab = lab_of(hourly("a"), make_task("b", schedule=Schedule("30 * * * *")))
    until(lab, 0.6)
    until(lab, 1)
    assert lab.world.journal.starts == ["demo.b.1.0.1", "demo.a.1.0.1"]
    assert set(make_desired(hourly("a")).tasks) == {"a"}


def test_what_still_runs_of_a_destroyed_schedule_ends_for_a_reason_that_is_said() -> None:
    lab = lab_of(hourly(), ends=None)
    until(lab, 1)
    destroyed = requests.judge("destroy", {}, lab.desired, lab.core.history, lab.now)
    lab.core.note(destroyed.facts)
    lab.commit(hourly())
    actions = lab.driver.step()
    assert [(a.verb.value, a.cause.reason) for a in actions] == [("stop", "its run is over")]
