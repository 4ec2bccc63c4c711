"""The core: what it records before it acts, and what it does when it cannot."""

from collections.abc import Sequence

import pytest

from reconciler.controller import requests
from reconciler.controller.execution import carry_out
from reconciler.controller.happenings import Hinted, NodeLost
from reconciler.controller.writing import nothing_wanted
from reconciler.engines.engine import EngineEvent, PermanentError, UnreachableError
from reconciler.ledger import LedgerFull, LogEntry
from reconciler.model.action import CreateRequest, InstanceState, Verb
from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.model.fact import (
    AttemptEnded,
    AttemptReserved,
    Fact,
    Relearned,
    RevisionSeen,
    StartRequested,
)
from reconciler.model.observed import Phase
from tests.support.desired import make_task
from tests.support.lab import Lab, MemoryRecord


def service(count: int = 1) -> DesiredTask:
    return make_task("web", count, restart=Restart.ALWAYS, retry=Retry(None))


def ask(lab: Lab, verb: str, **arguments: object) -> requests.Judged:
    judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    return judged


def test_facts_are_on_record_before_an_action_is_handed_out() -> None:
    lab = Lab(make_task(count=2))
    lab.settle()
    record = lab.record
    assert isinstance(record, MemoryRecord)
    reserved = [type(f) for f in record.facts if isinstance(f, AttemptReserved | StartRequested)]
    assert reserved.count(AttemptReserved) == reserved.count(StartRequested) == 2


def test_a_ledger_that_refuses_stops_every_action(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(make_task())

    def full(facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        del facts, events
        raise LedgerFull("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(lab.record, "record", full)
        assert lab.settle() == []
        assert lab.core.scribe.error == "no space left"
        assert not lab.world.journal.calls
    lab.now += 1
    assert Verb.START in {action.verb for action in lab.settle()}
    assert lab.core.scribe.error == ""


def test_an_outcome_survives_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(make_task())
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.driver.look()
    (collect,) = lab.core.turn()

    def full(facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        del facts, events
        raise LedgerFull("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(lab.record, "record", full)
        lab.core.finished(carry_out(lab.driver.engines["local"], collect))
        assert lab.core.turn() == []
    lab.wait(2)
    record = lab.record
    assert isinstance(record, MemoryRecord)
    assert any(isinstance(fact, AttemptEnded) for fact in record.facts)


def test_an_unknown_node_gets_no_action_and_no_verdict_of_absence() -> None:
    lab = Lab(make_task(count=2))
    lab.settle()
    lab.core.lost(NodeLost("local", "no answer"))
    assert lab.driver.settle() == []
    assert lab.verdict("work").state is InstanceState.UNKNOWN
    assert lab.verdict("work").reason == "no answer"


def test_a_lost_answer_to_a_start_starts_once() -> None:
    lab = Lab(make_task())
    lab.world.autoexit = lambda _: 0
    lost = iter([UnreachableError("lost")])
    lab.world.faults = lambda call, _, when: (
        next(lost, None) if (call, when) == ("start", "after") else None
    )
    lab.settle()
    lab.settle()
    assert lab.world.journal.starts == ["demo.work.1.0.1"]
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_an_outcome_being_read_takes_no_place_under_parallelism() -> None:
    lab = Lab(make_task(count=3, parallelism=1))
    engine = lab.driver.engines["local"]
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.driver.look()
    collect, create = lab.core.turn()
    assert (collect.verb, create.verb) == (Verb.COLLECT, Verb.CREATE)
    lab.core.finished(carry_out(engine, create))
    (start,) = lab.core.turn()
    assert (start.verb, start.subject) == (Verb.START, "demo.work.1.1.1")
    lab.core.finished(carry_out(engine, start))
    lab.core.finished(carry_out(engine, collect))
    assert lab.core.turn() == []
    assert lab.live() == ["demo.work.1.1.1"]


def test_events_of_our_own_calls_ask_for_no_list() -> None:
    lab = Lab(make_task())
    actions = lab.core.turn()
    lab.core.underway |= {"demo.work.1.0.1": actions[0]}
    created = EngineEvent("container", "create", "id", "demo.work.1.0.1", lab.now)
    assert not lab.core.hinted(Hinted("local", created))


def test_stop_cancels_for_this_run_and_a_changed_work_runs_again() -> None:
    lab = Lab(make_task(count=2), service())
    lab.settle()
    assert ask(lab, "stop", task="work", instance=1).ok
    lab.settle()
    assert lab.verdict("work", 1).state is InstanceState.CANCELLED
    assert lab.live() == ["demo.web.1.0.1", "demo.work.1.0.1"]
    assert ask(lab, "stop", task="web").ok
    lab.settle()
    assert lab.live() == ["demo.work.1.0.1"]
    lab.apply(make_task(count=2, spec={"command": ("true",)}), service())
    assert lab.live() == ["demo.work.2.0.1", "demo.work.2.1.1"]


def test_stop_of_an_unknown_task_names_the_nearest() -> None:
    lab = Lab(make_task())
    lab.settle()
    judged = ask(lab, "stop", task="wrok")
    assert not judged.ok
    assert "did you mean work?" in judged.message


def test_as_long_as_nothing_is_in_force_nothing_is_torn_down() -> None:
    lab = Lab(service(7))
    lab.settle()
    lab.core.set_desired(nothing_wanted("demo"))
    assert lab.settle() == []
    assert len(lab.live()) == 7


def test_destroy_needs_a_revision_to_be_destroyed() -> None:
    lab = Lab(service())
    lab.desired = nothing_wanted("demo")
    assert "no revision is in force" in ask(lab, "destroy").message


def test_destroy_lasts_until_another_revision() -> None:
    lab = Lab(make_task(), service())
    lab.settle()
    assert ask(lab, "destroy").ok
    lab.settle()
    assert not lab.world.boxes
    lab.crash()
    assert lab.settle() == []
    lab.apply(make_task(), service())
    assert lab.live() == ["demo.web.2.0.1", "demo.work.2.0.1"], "destroy closes the runs"


def test_a_hold_counts_only_what_is_large_and_most() -> None:
    lab = Lab(make_task("big", 6), make_task("small", 1))
    lab.settle()
    lab.apply(make_task("small", 1))
    assert [hold.kind for hold in lab.core.holds] == ["teardown"]
    assert len(lab.live()) == 7
    lab.apply(make_task("big", 6), make_task("small", 1))
    assert not lab.core.holds, "a later revision cancels the wait"


def test_a_mass_rerun_is_held_until_approved() -> None:
    lab = Lab(make_task("big", 6))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    again = make_task("big", 6, spec={"command": ("false",)})
    lab.apply(again)
    assert [hold.kind for hold in lab.core.holds] == ["rerun"]
    assert len(lab.world.journal.starts) == 6
    assert ask(lab, "approve").ok
    lab.settle()
    assert len(lab.world.journal.starts) == 12


def test_after_a_lost_ledger_batch_waits_and_services_do_not() -> None:
    lab = Lab(make_task(count=2), service())
    lab.core.note([Relearned(confirmed=False, at=lab.now)])
    lab.settle()
    assert lab.live() == ["demo.web.1.0.1"]
    assert "relearn" in lab.verdict("work").reason
    assert ask(lab, "relearn").ok
    lab.settle()
    assert len(lab.live()) == 3


def test_containers_that_the_ledger_never_heard_of_are_learned() -> None:
    lab = Lab(make_task(count=2))
    lab.settle()
    lab.record = MemoryRecord()
    lab.crash()
    lab.settle()
    assert lab.world.journal.starts == ["demo.work.1.0.1", "demo.work.1.1.1"]
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_a_missing_image_waits_and_goes_on_when_it_is_there() -> None:
    lab = Lab(make_task(spec={"image": "nowhere:1"}))
    lab.world.in_registry = lambda _: False
    lab.settle()
    verdict = lab.verdict("work")
    assert verdict.blocked
    assert "nowhere:1" in verdict.reason
    lab.world.images["nowhere:1"] = "sha256:1"
    lab.wait(60)
    assert lab.live() == ["demo.work.1.0.1"]


def test_an_image_that_vanishes_is_resolved_anew() -> None:
    lab = Lab(make_task(count=1))
    lab.settle()
    lab.world.images.clear()
    lab.world.images["busybox:stable"] = "sha256:b1"
    lab.apply(make_task(count=2))
    lab.wait(5)
    assert len(lab.live()) == 2


def test_a_foreign_container_with_our_name_survives_and_costs_no_retry() -> None:
    lab = Lab(make_task())
    lab.world.run_by_hand("demo.work.1.0.1")
    lab.settle()
    lab.wait(2)
    assert [b.name for b in lab.world.boxes.values() if b.phase is Phase.RUNNING] == [
        "demo.work.1.0.1",
        "demo.work.1.0.2",
    ]


def test_nothing_is_done_twice_for_an_end_that_is_seen_twice() -> None:
    lab = Lab(make_task(retry=Retry(3)))
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    lab.settle()
    lab.core.hinted(Hinted("local", EngineEvent("container", "die", "x", "demo.work.1.0.1", 1, 1)))
    lab.settle()
    record = lab.record
    assert isinstance(record, MemoryRecord)
    assert sum(isinstance(fact, AttemptEnded) for fact in record.facts) == 1


def test_a_new_revision_tries_at_once_what_was_refused() -> None:
    lab = Lab(make_task(spec={"image": "nowhere:1"}))
    lab.world.in_registry = lambda _: False
    lab.settle()
    lab.wait(120)
    assert lab.verdict("work").blocked
    lab.world.images["nowhere:1"] = "sha256:1"
    lab.apply(make_task(spec={"image": "nowhere:1"}))
    assert lab.live() == ["demo.work.1.0.1"]


def test_a_start_that_lands_after_a_crash_is_not_repeated() -> None:
    """The killed process's request is still on its way while its successor looks."""
    lab = Lab(make_task())
    lab.world.autoexit = lambda _: 0
    engine = lab.driver.engines["local"]
    for _ in range(2):  # the pull, the create
        for action in lab.core.turn():
            lab.core.finished(carry_out(engine, action))
    (late,) = lab.core.turn()
    assert late.verb is Verb.START
    lab.crash()
    carry_out(engine, late)
    for action in lab.core.turn():
        lab.core.finished(carry_out(engine, action))
    lab.settle()
    assert lab.world.journal.starts == ["demo.work.1.0.1"]
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_a_program_that_cannot_start_uses_up_its_retries() -> None:
    lab = Lab(make_task(retry=Retry(1)))

    def missing(request: CreateRequest) -> int | None:
        raise PermanentError(f"{request.name}: no such program", exit_code=127)

    lab.world.autoexit = missing
    lab.settle()
    for _ in range(5):
        lab.wait(10)
    record = lab.record
    assert isinstance(record, MemoryRecord)
    ended = [fact for fact in record.facts if isinstance(fact, AttemptEnded)]
    assert [fact.exit_code for fact in ended] == [127, 127]
    assert lab.verdict("work").state is InstanceState.FAILED
    assert not lab.world.boxes, "what never ran leaves nothing behind"


def test_a_revision_has_only_what_differs_planned() -> None:
    lab = Lab(make_task("a"), make_task("b"))
    lab.settle()
    before = lab.core.verdicts["a"], lab.core.verdicts["b"]
    lab.apply(make_task("a"), make_task("b", 2))
    assert lab.core.verdicts["a"] is before[0]
    assert lab.core.verdicts["b"] is not before[1]


@pytest.mark.parametrize("call", ["resolve", "create", "start"])
def test_a_revision_has_what_was_refused_tried_again(call: str) -> None:
    lab = Lab()
    lab.world.faults = lambda what, *_: PermanentError("no room") if what == call else None
    lab.apply(make_task("a"), make_task("b", 0))
    assert lab.verdict("a").blocked
    lab.world.faults = lambda *_: None
    assert lab.settle() == []
    lab.apply(make_task("a"), make_task("b"))
    assert lab.live() == ["demo.a.1.0.1", "demo.b.1.0.1"]


def test_that_all_is_at_rest_is_put_on_record_for_each_revision() -> None:
    lab = Lab(make_task("a"), service())
    for number in (1, 2):
        lab.commit(make_task("a"), service(number))
        lab.core.note([RevisionSeen(lab.desired.revision, lab.now)])
        lab.settle()
        known = lab.core.history.revision(lab.desired.revision)
        assert known is not None
        assert known.converged_at
