"""When an instance takes over what an equal one has come to, and when it runs all the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.controller.execution import Carry, as_if, carry_out
from reconciler.controller.happenings import Done, Finished
from reconciler.controller.requests import judge
from reconciler.engines.engine import Engine, EngineError, TransientError
from reconciler.model.action import Action, InstanceState, Verb
from reconciler.model.confidence import Origin, UsedSecret
from reconciler.model.data import Bucket, Input, Outputs, Resolved, Stored
from reconciler.model.desired import Dependency, DesiredTask, OnScale, Restart, Retry, Schedule
from reconciler.model.fact import ResultTakenOver, RunsForgotten, StartRequested
from reconciler.model.identity import LABEL_SECRETS, AttemptKey, InstanceKey
from reconciler.model.run import Attempt
from tests.support.desired import make_matrix, make_task
from tests.support.lab import Lab, MemoryRecord

OUTPUTS = Outputs(bucket="results", source="/job", prefix="${RUN}/${INSTANCE_ID}/")
DATA = Input(bucket="data", target="/in", prefix="pi/")


def task(name: str = "work", count: int = 1, **fields: Any) -> DesiredTask:  # noqa: ANN401  # its own
    return make_task(name, count, **({"cache": True} | fields))


def starts(done: list[Action]) -> int:
    return sum(action.verb is Verb.START for action in done)


def reuses(done: list[Action]) -> list[str]:
    return [str(action.key) for action in done if action.verb is Verb.REUSE]


def finish(lab: Lab, code: int = 0) -> None:
    for name in lab.live():
        lab.world.finish(name, code)
    lab.settle()


def completed(*tasks: DesiredTask, **fields: Any) -> Lab:  # noqa: ANN401  # a lab's own
    """Return a lab in which all that these tasks ask for has run."""
    lab = Lab(*tasks, buckets=[Bucket(name="data", url="file:///data")], **fields)
    lab.settle()
    finish(lab)
    return lab


def destroyed(lab: Lab, *tasks: DesiredTask) -> list[Action]:
    """Have everything forgotten but what is on record, and ask for tasks anew."""
    lab.core.note(judge("destroy", {}, lab.desired, lab.core.history, lab.now).facts)
    lab.settle()
    return lab.apply(*tasks)


def in_place_of_reuse(outcome: Done | EngineError) -> Carry:
    """Return what makes calls, and of a reuse something else."""

    def carry(engine: Engine, action: Action) -> Done:
        if action.verb is not Verb.REUSE:
            return as_if(engine, action)
        if isinstance(outcome, EngineError):
            raise outcome
        return outcome

    return carry


def fetching(resolved: Resolved) -> Carry:
    """Return what makes calls, and has all inputs come to the same."""

    def carry(engine: Engine, action: Action) -> Done:
        known = {action.fetching.description: resolved} if action.fetching else {}
        return as_if(engine, action, known)

    return carry


def record_of(lab: Lab) -> MemoryRecord:
    assert isinstance(lab.record, MemoryRecord)
    return lab.record


def last(lab: Lab, name: str = "work", instance: int = 0) -> Attempt:
    run = lab.core.history.tasks[name].latest()
    assert run is not None
    return run.attempts_of(instance)[-1]


def test_equal_work_of_another_task_is_taken_over_and_nothing_starts() -> None:
    lab = completed(task("first", 3))
    done = lab.apply(task("first", 3), task("second", 3))
    assert reuses(done) == ["second/0", "second/1", "second/2"]
    assert starts(done) == 0
    assert lab.settle() == []
    verdict = lab.verdict("second", 1)
    assert (verdict.state, verdict.settled) == (InstanceState.SUCCEEDED, True)
    assert verdict.reason == "taken over from first/1 (run 1, attempt 1)"


def test_what_was_taken_over_stays_so_in_another_life(tmp_path: Path) -> None:
    lab = completed(task("first", outputs=OUTPUTS), folder=tmp_path)
    lab.apply(task("first", outputs=OUTPUTS), task("second", outputs=OUTPUTS))
    before = last(lab, "second")
    lab.crash()
    assert lab.settle() == []
    assert last(lab, "second") == before
    assert before.origin == AttemptKey(InstanceKey("first", 0), 1, 1)


def test_dependents_go_on_at_once() -> None:
    after = task("after", spec={"command": ("x",)}, depends_on=(Dependency("second"),))
    lab = completed(task("first"))
    done = lab.apply(task("first"), task("second"), after)
    assert lab.live() == ["demo.after.1.0.1"]
    assert starts(done) == 1


def test_who_does_not_ask_for_it_runs() -> None:
    lab = completed(task("first"))
    assert reuses(lab.apply(task("first"), task("second", cache=False))) == []
    assert lab.live() == ["demo.second.1.0.1"]


def test_nothing_is_taken_from_who_does_not_offer_it() -> None:
    lab = completed(task("first", cache=False))
    assert reuses(lab.apply(task("first", cache=False), task("second"))) == []


@pytest.mark.parametrize(
    "other",
    [
        {"spec": {"command": ("other",)}},
        {"spec": {"env": (("A", "1"),)}},
        {"spec": {"constants": (("A", "1"),)}},
        {"spec": {"user": "1000"}},
        {"spec": {"inputs": (DATA,)}},
        {"outputs": OUTPUTS},
        {"instances": (1,)},
        {"instances": (0, 1)},
        {"combinations": ((("X", "1"),),)},
        {"gang": True},
    ],
    ids=str,
)
def test_other_work_runs(other: dict[str, Any]) -> None:
    lab = completed(task("first"))
    done = lab.apply(task("first"), task("second", **other))
    assert reuses(done) == []
    assert starts(done) == len(lab.live()) > 0


@pytest.mark.parametrize(
    "other",
    [
        {"job": "j"},
        {"labels": (("team", "x"),)},
        {"priority": 5},
        {"retry": Retry(per_instance=3)},
        {"timeout": 100.0},
        {"parallelism": 1},
        {"spec": {"hostname": "h"}},
        {"rerun": 3},
    ],
    ids=str,
)
def test_what_is_not_the_work_makes_no_difference(other: dict[str, Any]) -> None:
    lab = completed(task("first"))
    done = lab.apply(task("first"), task("second", **other))
    assert (reuses(done), starts(done)) == (["second/0"], 0)


def test_another_digest_of_the_same_tag_runs() -> None:
    lab = completed(task("first"))
    lab.world.images = {"busybox:stable": "busybox@sha256:" + "c" * 64}
    assert reuses(lab.apply(task("first"), task("second"))) == []
    assert lab.live() == ["demo.second.1.0.1"]


def test_the_same_digest_by_another_name_does_not_run() -> None:
    digest = "@sha256:" + "b" * 64
    lab = Lab(task("first"))
    lab.world.images = {"busybox:stable": f"busybox{digest}", "mirror/busybox:1": f"mirror{digest}"}
    lab.settle()
    finish(lab)
    other = task("second", spec={"image": "mirror/busybox:1"})
    assert reuses(lab.apply(task("first"), other)) == ["second/0"]


def test_inputs_count_by_what_they_have_come_to() -> None:
    said = {"inputs": (DATA,)}
    lab = completed(task("first", spec=said))
    elsewhere = {"inputs": (replace(DATA, prefix="copy/"),)}
    known = last_inputs(lab, "first")
    lab.carry = fetching(known)
    done = lab.apply(task("first", spec=said), task("second", spec=elsewhere))
    assert (reuses(done), starts(done)) == (["second/0"], 0)
    lab.carry = fetching(replace(known, key="other"))
    done = lab.apply(task("third", spec=said))
    assert (reuses(done), starts(done)) == ([], 1)


def last_inputs(lab: Lab, name: str) -> Resolved:
    run = lab.core.history.tasks[name].runs[1]
    return next(iter(run.inputs["local"].values())).resolved


def test_each_combination_has_its_own() -> None:
    first = make_matrix("first", {"X": ["1", "2"]}, cache=True)
    lab = completed(first)
    second = make_matrix("second", {"X": ["1", "3"]}, cache=True)
    done = lab.apply(first, second)
    assert (reuses(done), starts(done)) == (["second/0"], 1)


def test_failures_are_not_taken_over() -> None:
    lab = Lab(task("first"))
    lab.settle()
    finish(lab, 3)
    assert reuses(lab.apply(task("first"), task("second"))) == []


def test_each_firing_takes_over_what_the_last_one_came_to() -> None:
    scheduled = task(schedule=Schedule("* * * * *"))
    lab = Lab(scheduled)
    lab.settle()
    lab.wait(60)
    finish(lab)
    done = lab.wait(60)
    assert (reuses(done), starts(done)) == (["work/0"], 0)


def test_what_is_asked_to_run_again_runs() -> None:
    lab = completed(task())
    done = lab.apply(task(rerun=1))
    assert (reuses(done), starts(done)) == ([], 1)
    finish(lab)
    lab.core.note(judge("rerun", {"task": "work"}, lab.desired, lab.core.history, lab.now).facts)
    done = lab.settle()
    assert (reuses(done), starts(done)) == ([], 1)
    lab.crash()
    assert reuses(lab.settle()) == []


def test_after_everything_was_destroyed_results_are_taken_over() -> None:
    lab = completed(task())
    done = destroyed(lab, task())
    assert (reuses(done), starts(done)) == (["work/0"], 0)


def test_nothing_is_taken_over_where_nobody_wants_it_nor_later() -> None:
    lab = completed(task("first", 2))
    lab.core.afresh = True
    lab.commit(task("first", 2), task("second", 2, parallelism=1), task("third", 2))
    done = lab.settle()
    assert reuses(done) == []
    lab.crash()
    finish(lab)
    assert reuses(lab.settle()) == []
    assert lab.live() == ["demo.second.1.1.1"]


def test_what_is_left_of_an_earlier_run_runs_as_well_where_nobody_wants_it_taken_over() -> None:
    lab = completed(task("first", outputs=OUTPUTS))
    lab.carry = in_place_of_reuse(TransientError("bucket results is away"))
    lab.apply(task("second", outputs=OUTPUTS))
    lab.carry = as_if
    lab.core.afresh = True
    done = lab.wait(60)
    assert (reuses(done), starts(done)) == ([], 1)


def test_secrets_count_by_what_was_told_of_them() -> None:
    said = {"secrets": (UsedSecret(name="KEY", origin=Origin(env="KEY")),)}
    lab = Lab(task("first", spec=said))
    lab.core.board.secrets = {"first": "a", "second": "a", "third": "b"}
    while not lab.world.boxes:
        lab.driver.step()
    (box,) = lab.world.boxes.values()
    box.labels[LABEL_SECRETS] = "a"
    lab.settle()
    finish(lab)
    done = lab.apply(*(task(name, spec=said) for name in ("first", "second", "third", "fourth")))
    assert reuses(done) == ["second/0"]
    assert starts(done) == 2
    finish(lab)
    assert reuses(lab.apply(task("fifth", spec=said))) == [], "what they are is not known"


def test_what_runs_on_purpose_is_offered_to_others() -> None:
    lab = completed(task("first", spec={"command": ("x",)}))
    lab.core.afresh = True
    lab.apply(task("first", spec={"command": ("y",)}))
    finish(lab)
    lab.core.afresh = False
    lab.commit(task("second", spec={"command": ("y",)}))
    assert reuses(lab.settle()) == ["second/0"]


def test_an_instance_that_got_another_try_on_purpose_runs() -> None:
    lab = Lab(task("second"))
    lab.settle()
    finish(lab, 3)
    lab.apply(task("second"), task("first"))
    finish(lab)
    lab.core.note(judge("retry", {"task": "second"}, lab.desired, lab.core.history, lab.now).facts)
    done = lab.wait(60)
    assert (reuses(done), starts(done)) == ([], 1)


def test_a_retry_takes_over_what_another_one_has_come_to_meanwhile() -> None:
    lab = Lab(task("second", retry=Retry(per_instance=3)))
    lab.settle()
    finish(lab, 3)
    lab.apply(task("second", retry=Retry(per_instance=3)), task("first"))
    lab.world.finish("demo.first.1.0.1", 0)
    lab.settle()
    done = lab.wait(60)
    assert (reuses(done), starts(done)) == (["second/0"], 0)
    assert last(lab, "second").number == 2


def test_a_bound_on_what_runs_does_not_hold_it_up() -> None:
    busy = task("busy", 1, spec={"command": ("long",)})
    lab = completed(task("first", 4))
    done = lab.apply(task("first", 4), task("second", 4, parallelism=1), busy)
    assert len(reuses(done)) == 4
    assert lab.live() == ["demo.busy.1.0.1"]


def test_another_number_of_instances_is_other_work() -> None:
    lab = completed(task(count=2, on_scale=OnScale.RERUN))
    done = lab.apply(task(count=3, on_scale=OnScale.RERUN))
    assert (reuses(done), starts(done)) == ([], 3)


def test_services_take_nothing_over() -> None:
    lab = completed(task("first"))
    done = lab.apply(task("first"), task("second", restart=Restart.ALWAYS))
    assert (reuses(done), starts(done)) == ([], 1)


def test_results_are_stored_under_the_attempts_own_names() -> None:
    lab = completed(task("first", 2, outputs=OUTPUTS))
    done = lab.apply(task("first", 2, outputs=OUTPUTS), task("second", 2, outputs=OUTPUTS))
    action = next(a for a in done if a.verb is Verb.REUSE and a.key == InstanceKey("second", 1))
    assert action.upload is not None
    assert action.taking is not None
    assert action.taking.results is not None
    assert action.taking.results.manifest == "1/1/.reconciler/first.1.1.json"
    assert action.upload.manifest == "1/1/.reconciler/second.1.1.json"
    results = last(lab, "second", 1).results
    assert results is not None
    assert results.manifest == action.upload.manifest


def test_what_is_gone_is_asked_for_once_and_then_it_runs() -> None:
    lab = completed(task("first", outputs=OUTPUTS))
    lab.carry = in_place_of_reuse(Done(gone="a.csv is gone"))
    lab.commit(task("first", outputs=OUTPUTS), task("second", outputs=OUTPUTS))
    done = lab.settle()
    assert (reuses(done), starts(done)) == (["second/0"], 1)
    assert lab.live() == ["demo.second.1.0.1"]
    assert lab.core.deeds[Verb.REUSE] == 0, "nothing was taken over"
    said = [entry for entry in record_of(lab).entries if entry.kind == "results-gone"]
    assert "a.csv is gone" in said[0].message
    lab.crash()
    assert reuses(lab.apply(task("third", outputs=OUTPUTS))) == []


def test_a_bucket_that_is_away_is_asked_again() -> None:
    lab = completed(task("first", outputs=OUTPUTS))

    lab.carry = in_place_of_reuse(TransientError("bucket results is away"))
    done = lab.apply(task("first", outputs=OUTPUTS), task("second", outputs=OUTPUTS))
    assert starts(done) == 0
    verdict = lab.verdict("second")
    assert (verdict.state, verdict.blocked) == (InstanceState.PENDING, True)
    assert verdict.reason == "bucket results is away"
    lab.carry = as_if
    assert reuses(lab.wait(60)) == ["second/0"]
    assert lab.core.deeds[Verb.REUSE] == 1


def test_what_was_taken_over_is_taken_over_again_and_says_who_has_run() -> None:
    lab = completed(task("first"))
    lab.apply(task("second"))
    first = lab.core.history.tasks["first"]
    lab.core.note([RunsForgotten("first", tuple(first.runs), lab.now)])
    done = lab.apply(task("third"))
    assert reuses(done) == ["third/0"]
    assert lab.verdict("third").reason == "taken over from first/0 (run 1, attempt 1)"


def test_what_is_forgotten_is_not_offered() -> None:
    lab = completed(task("first"))
    first = lab.core.history.tasks["first"]
    lab.apply(task("other", spec={"command": ("x",)}))
    lab.core.note([RunsForgotten("first", tuple(first.runs), lab.now)])
    assert reuses(lab.apply(task("second"))) == []


def test_what_was_given_other_inputs_at_its_start_is_not_offered() -> None:
    said = {"inputs": (DATA,)}
    lab = Lab(task("first", spec=said), buckets=[Bucket(name="data", url="file:///data")])
    lab.driver.step()
    while not lab.world.boxes:
        lab.driver.step()
    run = lab.core.history.tasks["first"].runs[1]
    (there,) = run.inputs["local"].values()
    (description,) = run.inputs["local"]
    assert last(lab, "first").equal
    other = replace(there.resolved, key="other")
    run.inputs["local"][description] = replace(there, resolved=other)
    lab.world.hoard("demo", Stored("other", 0, 0), {})
    lab.settle()
    assert lab.live() == ["demo.first.1.0.1"]
    assert last(lab, "first").equal == ""


def test_a_call_that_comes_back_late_changes_nothing() -> None:
    lab = completed(task("first"))
    lab.commit(task("first"), task("second"))
    taken: list[ResultTakenOver] = []
    lab.driver.look()
    while not taken:
        for action in lab.core.turn():
            done = Finished(action, as_if(lab.driver.engines["local"], action), 0.0)
            if action.verb is Verb.REUSE:
                lab.core.finished(done)
                lab.core.finished(done)
                lab.core.flush()
                taken = [f for f in record_of(lab).facts if isinstance(f, ResultTakenOver)]
            else:
                lab.core.finished(carry_out(lab.driver.engines["local"], action))
    assert len(taken) == 1
    assert not [
        f
        for f in record_of(lab).facts
        if isinstance(f, StartRequested) and f.attempt.key.task != "first"
    ]


PINNED = "busybox@sha256:" + "b" * 64


ELSEWHERE = {"nodes": (("zone", "moon"),)}


def pinned(name: str, **fields: Any) -> DesiredTask:  # noqa: ANN401  # its own
    """Return a task that names its image by a digest, and that fits on no node."""
    return task(name, spec={"image": PINNED, **ELSEWHERE, **fields.pop("spec", {})}, **fields)


def completed_by_digest(**fields: Any) -> Lab:  # noqa: ANN401  # its own
    """Return a lab in which what names its image by a digest has run."""
    first = task("first", spec={"image": PINNED, **fields.pop("spec", {})}, **fields)
    lab = Lab(first, buckets=[Bucket(name="data", url="file:///data")])
    lab.world.images = {PINNED: PINNED}
    lab.settle()
    finish(lab)
    return lab


def test_who_says_which_image_waits_for_none_nor_for_room() -> None:
    lab = completed_by_digest()
    done = lab.apply(pinned("second"))
    assert [action.verb for action in done if action.task == "second"] == [Verb.REUSE]
    assert lab.verdict("second").state is InstanceState.SUCCEEDED


def test_who_has_no_digest_waits_for_its_image() -> None:
    lab = completed(task("first"))
    assert reuses(lab.apply(task("second", spec=ELSEWHERE))) == []
    assert lab.verdict("second").state is InstanceState.PENDING


def test_inputs_have_to_be_there_all_the_same() -> None:
    said = {"inputs": (DATA,)}
    lab = completed_by_digest(spec=said)
    assert reuses(lab.apply(pinned("second", spec=said))) == []
    assert reuses(lab.apply(task("second", spec={"image": PINNED, **said}))) == ["second/0"]


def test_the_manifest_tells_of_an_image_that_was_never_here() -> None:
    lab = completed_by_digest(outputs=OUTPUTS)
    done = lab.apply(pinned("second", outputs=OUTPUTS))
    (action,) = (action for action in done if action.task == "second")
    assert action.upload is not None
    assert json.loads(action.upload.about)["imageDigest"] == PINNED


def test_what_is_being_taken_over_is_said_with_how_far_it_is() -> None:
    lab = completed(task("first", outputs=OUTPUTS))
    lab.commit(task("first", outputs=OUTPUTS), task("second", outputs=OUTPUTS))
    seen = []

    def carry(engine: Engine, action: Action) -> Done:
        if action.verb is Verb.REUSE:
            verdict = lab.verdict("second")
            seen.append((verdict.reason, verdict.awaited))
        return as_if(engine, action)

    lab.carry = carry
    lab.settle()
    assert seen == [("taking over the results of first/0 (run 1, attempt 1)", "demo.second.1.0.1")]
