"""The pool: how many calls at once, in which order, and how it ends."""

import queue
import threading

import pytest

from reconciler.controller.happenings import Done, Finished
from reconciler.controller.workers import CARRIERS, Limit, Workers
from reconciler.engines.engine import TransientError
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.model.action import Action, Cause, Verb
from tests.support.process import eventually


def action(number: int, verb: Verb = Verb.REMOVE, priority: int = 0) -> Action:
    name = f"demo.work.1.{number}.1"
    return Action(
        verb=verb,
        node="local",
        subject=name,
        container=name,
        image=name,
        task="work",
        run=1,
        cause=Cause("test"),
        priority=priority,
    )


def climb(rate_at: dict[int, float], rounds: int) -> list[int]:
    """Let a limit see the throughput that an engine has at each number of calls at once."""
    limit, now, seen = Limit(), 0.0, []
    for _ in range(rounds):
        rate = rate_at[min(rate_at, key=lambda n: abs(n - limit.now))]
        for _ in range(Limit.ROUND):
            now += 1 / rate
            limit.finished(now, busy=True, failed=False)
        seen.append(limit.now)
    return seen


def test_the_limit_climbs_while_it_pays() -> None:
    assert max(climb({2: 2, 4: 4, 6: 6, 8: 8, 10: 10, 12: 12, 14: 14, 16: 16}, 12)) == Limit.HIGHEST


def test_the_limit_stays_where_more_brings_nothing() -> None:
    assert max(climb({2: 9, 6: 10, 8: 10, 16: 10}, 12)) <= Limit.FIRST + 2


def test_a_call_without_an_answer_halves_the_limit() -> None:
    limit = Limit()
    limit.finished(1.0, busy=True, failed=True)
    assert limit.now == Limit.FIRST // 2


def test_no_more_calls_at_once_than_the_limit() -> None:
    gate, most, inside = threading.Event(), [0], [0]
    lock = threading.Lock()
    world = World("local", lambda: 0.0)

    def slow(call: str, subject: str, when: str) -> None:
        del call, subject
        if when == "before":
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            gate.wait(5)
            with lock:
                inside[0] -= 1

    world.faults = slow
    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    workers = Workers(SimulatedEngine(world), done.put)
    for number in range(20):
        workers.submit(action(number))
    gate.set()
    for _ in range(20):
        done.get(timeout=5)
    workers.close()
    assert 1 <= most[0] <= Limit.FIRST


def order_of(*actions: Action) -> list[str]:
    """Return the subjects in the order of their calls, with one call at a time."""
    world = World("local", lambda: 0.0)
    hold, entered = threading.Event(), threading.Event()
    order: list[str] = []

    def wait(call: str, subject: str, when: str) -> None:
        del call
        if when == "before":
            order.append(subject)
            entered.set()
            hold.wait(5)

    world.faults = wait
    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    workers = Workers(SimulatedEngine(world), done.put)
    workers._limit.now = 1  # one at a time, so that the order shows
    workers.submit(action(0))
    entered.wait(5)
    for one in actions:
        workers.submit(one)
    hold.set()
    for _ in range(1 + len(actions)):
        done.get(timeout=5)
    workers.close()
    return list(dict.fromkeys(order))[1:]  # a pull looks before and after


def test_urgent_calls_go_first() -> None:
    remove, kill = action(1), action(2, Verb.KILL)
    assert order_of(remove, kill) == [kill.subject, remove.subject]


def test_the_higher_priority_begins_first() -> None:
    """Whatever the kind of call: starts of others are not waited for."""
    low, start = action(1, Verb.PULL, -1), action(2, Verb.START)
    high, kill = action(3, Verb.PULL, 7), action(4, Verb.KILL, -9)
    said = order_of(low, start, high, kill)
    assert said == [one.subject for one in (kill, high, start, low)]


def test_closing_begins_nothing_more() -> None:
    world = World("local", lambda: 0.0)
    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    workers = Workers(SimulatedEngine(world), done.put)
    workers.close()
    workers.submit(action(0))
    assert workers.begun() == set()
    assert done.empty()


def test_what_has_not_begun_is_dropped_and_named() -> None:
    gate = threading.Event()
    world = World("local", lambda: 0.0)

    def slow(call: str, subject: str, when: str) -> None:
        del call, subject
        if when == "before":
            gate.wait(30)

    world.faults = slow
    reports: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    workers = Workers(SimulatedEngine(world), reports.put)
    for number in range(Limit.FIRST + 2):
        workers.submit(action(number))
    eventually(lambda: len(workers.begun()) == Limit.FIRST, "as many to begin as may")
    dropped = workers.empty()
    assert len(dropped) == 2
    assert not dropped & workers.begun()
    assert workers.close() == set()
    gate.set()
    for _ in range(Limit.FIRST):
        reports.get(timeout=30)
    assert reports.empty()


def test_a_bug_in_a_call_is_told_and_goes_on_with_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", shown.append)
    world = World("local", lambda: 0.0)

    def bug(call: str, subject: str, when: str) -> None:
        if (call, subject, when) == ("remove", action(0).subject, "before"):
            raise KeyError("what")

    world.faults = bug
    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    workers = Workers(SimulatedEngine(world), done.put)
    for number in range(2):
        workers.submit(action(number))
    outcomes = {one.action.subject: one.outcome for one in (done.get(timeout=30) for _ in "ab")}
    workers.close()
    refused = outcomes[action(0).subject]
    assert isinstance(refused, TransientError)
    assert "KeyError" in str(refused)
    assert isinstance(outcomes[action(1).subject], Done)
    assert [one.exc_type for one in shown] == [KeyError]


def test_calls_that_carry_data_keep_no_other_waiting() -> None:
    """Ten of an hour each: a kill and a removal of the same node go through meanwhile."""
    gate = threading.Event()

    def slow(one: Action) -> Action:
        if one.verb is Verb.UPLOAD:
            gate.wait(30)
            raise TransientError("the bucket is away")
        return one

    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    workers = Workers(SimulatedEngine(World("local", lambda: 0.0)), done.put, slow)
    for number in range(10):
        workers.submit(action(number, Verb.UPLOAD))
    eventually(lambda: len(workers.begun()) == CARRIERS, "as many to begin as may")
    assert not workers.saturated()
    others = {action(10).subject, action(11).subject}
    workers.submit(action(10, Verb.KILL))
    workers.submit(action(11))
    assert {done.get(timeout=30).action.subject for _ in others} == others
    dropped = workers.empty()
    assert len(dropped) == 10 - CARRIERS
    assert not dropped & workers.begun()
    assert workers.close() == set()
    gate.set()
    for _ in range(CARRIERS):
        assert done.get(timeout=30).action.verb is Verb.UPLOAD
    assert done.empty()


def test_what_ends_an_instance_is_carried_before_a_snapshot() -> None:
    hold, entered = threading.Event(), threading.Event()
    order: list[str] = []

    def slow(one: Action) -> Action:
        order.append(one.subject)
        if len(order) == CARRIERS:
            entered.set()
        hold.wait(30)
        raise TransientError("enough")

    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    workers = Workers(SimulatedEngine(World("local", lambda: 0.0)), done.put, slow)
    for number in range(CARRIERS):
        workers.submit(action(number, Verb.UPLOAD))
    assert entered.wait(30)
    snapshot, upload = action(8, Verb.SNAPSHOT), action(9, Verb.UPLOAD)
    workers.submit(snapshot)
    workers.submit(upload)
    workers._carriers._bound.now = 1  # one at a time, so that the order shows
    hold.set()
    for _ in range(CARRIERS + 2):
        done.get(timeout=30)
    workers.close()
    assert order[CARRIERS:] == [upload.subject, snapshot.subject]
