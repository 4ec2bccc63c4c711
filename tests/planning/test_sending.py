"""What is stored of instances, when, and what waits for it."""

import json
from typing import Any

import pytest

from reconciler.controller.execution import as_if
from reconciler.controller.happenings import Done
from reconciler.controller.requests import Judged, judge
from reconciler.controller.writing import complete
from reconciler.engines.engine import Engine, EngineError, TransientError
from reconciler.engines.simulated.world import When
from reconciler.manifests.patterns import chosen
from reconciler.model.action import Action, InstanceState, Verb
from reconciler.model.confidence import Origin, UsedSecret
from reconciler.model.data import Input, Outputs, Results
from reconciler.model.desired import Dependency, DesiredTask, Restart, Retry
from reconciler.model.fact import Result, RunCancelled, SnapshotAsked
from reconciler.model.run import Attempt
from tests.support.desired import make_matrix, make_task
from tests.support.lab import Lab

NAME = "demo.work.1.0.1"
AWAY = "bucket results is away"


def outputs(**fields: Any) -> Outputs:  # noqa: ANN401  # its own fields
    return Outputs(
        **({"bucket": "results", "source": "/job", "prefix": "out/${INSTANCE_ID}/"} | fields)
    )


def task(count: int = 1, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own
    return make_task("work", count, **({"outputs": outputs()} | fields))


def attempt(lab: Lab, instance: int = 0, name: str = "work") -> Attempt:
    return lab.core.history.tasks[name].runs[1].attempts_of(instance)[-1]


def verbs(done: list[Action]) -> list[Verb]:
    return [action.verb for action in done]


def run_to_end(lab: Lab, code: int = 0, name: str = NAME) -> list[Action]:
    lab.settle()
    lab.world.finish(name, code)
    return lab.settle()


def away(call: str, subject: str, when: When) -> EngineError | None:
    del subject
    return TransientError(AWAY) if (call, when) == ("read_folder", "before") else None


def cancel(lab: Lab) -> None:
    lab.core.note([RunCancelled("work", 1, None, "stopped by request", lab.now, asked="work")])


def test_what_an_instance_has_left_is_stored_before_it_counts() -> None:
    lab = Lab(task())
    done = run_to_end(lab)
    assert verbs(done) == [Verb.UPLOAD, Verb.COLLECT]
    upload = done[0].upload
    assert upload is not None
    assert (upload.bucket.url, upload.prefix) == ("file:///srv/results", "out/0/")
    assert upload.manifest == "out/0/.reconciler/work.1.0.json"
    kept = attempt(lab)
    assert kept.result is Result.SUCCEEDED
    assert kept.results is not None
    assert kept.results.manifest == upload.manifest


def test_what_the_manifest_of_results_tells_is_all_that_it_takes_to_do_them_again() -> None:
    spec = {"command": ("sim", "$ALPHA"), "env": (("A", "1"),), "constants": (("N", "7"),)}
    made = make_matrix("work", {"ALPHA": ["1", "2"]}, outputs=outputs(), spec=spec)
    lab = Lab(made)
    done = run_to_end(lab, name="demo.work.1.1.1")
    upload = next(a.upload for a in done if a.upload)
    assert json.loads(upload.about) == {
        "project": "demo", "task": "work", "job": "", "instance": 1, "run": 1, "attempt": 1,
        "revision": "f-1", "instanceCount": 2, "values": {"ALPHA": "2"},
        "image": "busybox:stable", "imageDigest": "sha256:b0", "workHash": made.work.hash,
        "work": {"command": ["sim", "$ALPHA"], "env": {"A": "1"}, "constants": {"N": "7"}},
        "inputs": [],
    }  # fmt: skip


def test_the_manifest_of_results_tells_which_content_the_inputs_had() -> None:
    spec = {"inputs": (Input(bucket="results", target="/in", prefix="of/${INSTANCE_ID}/"),)}
    lab = Lab(make_task("work", 2, outputs=outputs(), spec=spec))
    done = run_to_end(lab, name="demo.work.1.1.1")
    upload = next(a.upload for a in done if a.upload)
    ((_, kept),) = [
        one
        for one in lab.core.history.tasks["work"].runs[1].inputs["local"].items()
        if one[1].resolved.key in upload.about
    ]
    assert json.loads(upload.about)["inputs"] == [
        {"target": "/in", "content": kept.resolved.key, "files": 0, "bytes": 0}
    ]


@pytest.mark.parametrize(
    ("source", "left_out"),
    [("/", "run/reconciler/**"), ("/run", "reconciler/**"), ("/run/reconciler/ssh", "**"),
     ("/run/reconcilers", None), ("/job", None)],
)  # fmt: skip
def test_what_is_put_in_for_the_program_alone_is_nobodys_results(
    source: str, left_out: str | None
) -> None:
    done = run_to_end(Lab(task(outputs=outputs(source=source))))
    upload = next(a.upload for a in done if a.upload)
    assert upload.exclude == ("**/.reconciler/", *((left_out,) if left_out else ()))


def test_nobody_tells_of_results_in_place_of_the_reconciler() -> None:
    done = run_to_end(Lab(task(outputs=outputs())))
    upload = next(a.upload for a in done if a.upload)
    wanted = chosen(upload.include, upload.exclude)
    forged = (".reconciler/work.1.0.json", "sub/.reconciler/deep/a")
    assert [path for path in (*forged, ".reconcilers/a", "a.reconciler/b") if wanted(path)] == [
        ".reconcilers/a", "a.reconciler/b",
    ]  # fmt: skip
    assert not upload.among_inputs


def test_secrets_are_told_from_results_as_inputs_are() -> None:
    spec = {
        "secrets": (UsedSecret(name="TOKEN", origin=Origin(env="MY_TOKEN"), target="/job/token"),)
    }
    done = run_to_end(Lab(task(spec=spec)))
    assert next(a.upload for a in done if a.upload).among_inputs


@pytest.mark.parametrize(
    ("setting", "code", "stored"),
    [("upload", 3, True), ("discard", 3, False), ("discard", 0, True)],
)
def test_a_failure_is_stored_by_setting(setting: str, code: int, stored: bool) -> None:
    lab = Lab(task(outputs=outputs(on_failure=setting)))
    done = run_to_end(lab, code)
    assert (Verb.UPLOAD in verbs(done)) is stored
    assert attempt(lab).ended


@pytest.mark.parametrize(("setting", "stored"), [("upload", True), ("discard", False)])
def test_a_stopped_one_is_stored_by_setting(setting: str, stored: bool) -> None:
    lab = Lab(task(outputs=outputs(on_cancel=setting, on_failure="discard")))
    lab.settle()
    cancel(lab)
    done = verbs(lab.settle())
    assert (Verb.UPLOAD in done) is stored
    assert done[0] is Verb.STOP
    assert done[-1] is Verb.REMOVE
    assert attempt(lab).result is Result.CANCELLED


def test_an_instance_whose_results_cannot_be_stored_is_collecting_and_says_why() -> None:
    lab = Lab(task())
    lab.world.faults = away
    run_to_end(lab)
    for _ in range(20):
        lab.wait(60)
    seen = lab.verdict("work")
    assert (seen.state, seen.reason, seen.blocked) == (InstanceState.COLLECTING, AWAY, True)
    assert not attempt(lab).ended
    assert NAME in lab.world.boxes
    lab.world.faults = lambda *_: None
    assert verbs(lab.wait(60)) == [Verb.UPLOAD, Verb.COLLECT]
    assert complete(lab.core)
    assert not lab.core.history.troubles


def test_who_waits_for_it_begins_when_its_results_are_stored() -> None:
    after = make_task("after", depends_on=(Dependency("work"),))
    lab = Lab(task(), after)
    lab.world.faults = away
    run_to_end(lab)
    lab.wait(60)
    assert lab.live() == []
    lab.world.faults = lambda *_: None
    lab.wait(60)
    assert lab.live() == ["demo.after.1.0.1"]


def test_a_retry_waits_until_what_failed_is_stored() -> None:
    lab = Lab(task(restart=Restart.ON_FAILURE, retry=Retry(per_instance=1)))
    lab.world.faults = away
    run_to_end(lab, 1)
    assert lab.live() == []
    lab.world.faults = lambda *_: None
    lab.wait(60)
    lab.wait(60)
    assert lab.live() == ["demo.work.1.0.2"]


def test_where_results_go_is_no_work_and_a_commit_mends_it() -> None:
    lab = Lab(task())
    lab.world.faults = away
    run_to_end(lab)
    lab.world.faults = lambda *_: None
    done = lab.apply(task(outputs=outputs(bucket="other", prefix="new/")))
    assert verbs(done) == [Verb.UPLOAD, Verb.COLLECT]
    kept = attempt(lab).results
    assert kept is not None
    assert (kept.bucket, kept.prefix) == ("other", "new/")
    assert lab.core.history.tasks["work"].runs.keys() == {1}


def test_a_commit_that_wants_no_results_lets_it_end_without() -> None:
    lab = Lab(task())
    lab.world.faults = away
    run_to_end(lab)
    assert verbs(lab.apply(make_task("work"))) == [Verb.COLLECT]
    assert attempt(lab).result is Result.SUCCEEDED


def test_of_a_task_that_is_gone_results_go_where_they_were_to_go() -> None:
    lab = Lab(
        task(2, outputs=outputs(prefix="${TASK_NAME}-${INSTANCE_COUNT}/${REVISION}/${ALPHA}"))
    )
    lab.world.faults = away
    run_to_end(lab)
    lab.world.faults = lambda *_: None
    done = lab.apply(make_task("other"))
    upload = next(
        a.upload for a in done if a.upload and a.attempt and a.key and a.key.instance == 0
    )
    assert upload.prefix == "work-2/f-1/${ALPHA}"
    assert upload.bucket.url == "file:///srv/results"
    assert NAME not in lab.world.boxes
    assert attempt(lab).results is not None


def test_a_stop_gives_up_what_is_not_to_be_kept_of_the_stopped() -> None:
    lab = Lab(task(outputs=outputs(on_cancel="discard")))
    lab.world.faults = away
    run_to_end(lab)
    cancel(lab)
    assert verbs(lab.settle()) == [Verb.COLLECT, Verb.REMOVE]
    kept = attempt(lab)
    assert kept.result is Result.CANCELLED
    assert kept.reason == "stopped by request; its results are given up"


def discard(lab: Lab, **target: Any) -> Judged:  # noqa: ANN401  # as requests name it
    arguments = {"task": "work"} | target | {"discard": True}
    judged = judge("stop", arguments, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    return judged


@pytest.mark.parametrize(
    ("code", "result", "reason"),
    [
        (0, Result.CANCELLED, "stopped by request; its results are given up by request"),
        (3, Result.FAILED, "exit code 3"),
    ],
)
def test_a_stop_gives_up_what_cannot_be_stored_where_it_is_told_to(
    code: int, result: Result, reason: str
) -> None:
    lab = Lab(task(outputs=outputs(on_cancel="upload"), retry=Retry(5)))
    lab.world.faults = away
    run_to_end(lab, code)
    cancel(lab)
    lab.wait(600)
    assert lab.verdict("work").state is InstanceState.COLLECTING, "for ever"
    judged = discard(lab)
    assert judged.message.endswith("results that are not stored are given up of work/0")
    lab.core.flush()
    lab.crash()
    lab.settle()
    kept = attempt(lab)
    assert (kept.result, kept.reason, kept.results) == (result, reason, None)
    assert lab.verdict("work").state is InstanceState.CANCELLED
    assert lab.wait(600) == [], "nothing follows"
    refused = discard(lab)
    assert refused.ok, "it may be stopped once more, as ever"
    assert "given up" not in refused.message, "and nothing is left to give up"


def test_what_runs_is_stopped_and_sends_nothing_more_where_that_is_given_up() -> None:
    lab = Lab(task(2, outputs=outputs(on_cancel="upload", snapshot_every=30.0)))
    lab.settle()
    discard(lab, instance=1)
    done = lab.settle() + lab.wait(100)
    sent = [a for a in done if a.verb in {Verb.UPLOAD, Verb.SNAPSHOT}]
    assert {a.key.instance for a in sent if a.key} == {0}
    assert lab.verdict("work", 1).state is InstanceState.CANCELLED
    assert lab.live() == [NAME]


def test_what_is_torn_down_goes_without_its_results_where_they_are_given_up() -> None:
    lab = Lab(task(2))
    lab.world.faults = away
    run_to_end(lab)
    lab.apply(make_task("other"))
    lab.wait(600)
    assert NAME in lab.world.boxes, "its bucket is waited for"
    assert not judge("stop", {"task": "work"}, lab.desired, lab.core.history, lab.now).ok
    assert discard(lab, instance=0).message == (
        "results that are not stored are given up of work/0"
    )
    lab.settle()
    assert NAME not in lab.world.boxes
    kept = attempt(lab)
    assert (kept.result, kept.reason) == (
        Result.CANCELLED,
        "its results are given up by request",
    )
    refused = discard(lab, instance=0)
    assert (refused.ok, refused.message) == (False, "task work is not asked for any more")


def test_another_try_stores_its_results_again() -> None:
    lab = Lab(task())
    lab.world.faults = away
    run_to_end(lab)
    discard(lab)
    lab.settle()
    lab.world.faults = lambda *_: None
    judged = judge("retry", {"task": "work"}, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    run_to_end(lab, name="demo.work.1.0.2")
    assert attempt(lab).result is Result.SUCCEEDED
    assert attempt(lab).results is not None


def test_a_container_that_is_gone_before_its_results_are_stored_has_not_succeeded() -> None:
    lab = Lab(task())
    lab.settle()
    lab.world.faults = away
    stream = lab.driver.engines["local"].events("demo")
    lab.world.finish(NAME, 0)
    lab.settle()
    lab.world.remove_by_hand(NAME)
    from reconciler.controller.happenings import Hinted  # noqa: PLC0415

    for event in stream.pending():  # type: ignore[attr-defined]
        lab.core.hinted(Hinted("local", event, lab.driver.engines["local"].era()))
    lab.wait(120)
    assert attempt(lab).result is Result.LOST


def test_a_restart_of_the_reconciler_stores_what_was_not_yet() -> None:
    lab = Lab(task())
    lab.world.faults = away
    run_to_end(lab)
    lab.crash()
    lab.world.faults = lambda *_: None
    assert verbs(lab.wait(60)) == [Verb.UPLOAD, Verb.COLLECT]


def test_snapshots_are_taken_at_intervals_while_it_runs() -> None:
    lab = Lab(task(outputs=outputs(snapshot_every=30.0)))
    lab.settle()
    assert verbs(lab.wait(29)) == []
    assert lab.core.wake_at() == pytest.approx(lab.now + 1)
    (taken,) = lab.wait(1)
    assert taken.verb is Verb.SNAPSHOT
    assert taken.upload is not None
    assert (taken.upload.prefix, taken.upload.manifest) == ("out/0/", "")
    assert verbs(lab.wait(29)) == []
    assert verbs(lab.wait(5)) == [Verb.SNAPSHOT]
    assert lab.verdict("work").state is InstanceState.RUNNING
    lab.world.finish(NAME, 0)
    assert verbs(lab.wait(60)) == [Verb.UPLOAD, Verb.COLLECT]


def test_a_slow_snapshot_is_not_overlapped_and_keeps_no_stop_waiting() -> None:
    lab = Lab(task(outputs=outputs(snapshot_every=30.0)))
    lab.settle()
    lab.now += 30
    (snapshot,) = lab.core.turn()
    assert snapshot.verb is Verb.SNAPSHOT
    lab.now += 300
    assert lab.core.turn() == []
    assert lab.verdict("work").state is InstanceState.RUNNING
    cancel(lab)
    assert verbs(lab.core.turn()) == [Verb.STOP]


def test_what_is_left_is_stored_once_a_snapshot_under_way_is_over() -> None:
    lab = Lab(task(outputs=outputs(snapshot_every=30.0)))
    lab.settle()
    lab.now += 30
    (snapshot,) = lab.core.turn()
    lab.world.finish(NAME, 0)
    assert lab.settle() == []
    assert lab.verdict("work").state is InstanceState.COLLECTING
    from reconciler.controller.execution import carry_out  # noqa: PLC0415

    lab.core.finished(carry_out(lab.driver.engines["local"], snapshot))
    assert verbs(lab.settle()) == [Verb.UPLOAD, Verb.COLLECT]


def test_a_snapshot_that_fails_is_tried_again_and_hinders_nothing() -> None:
    lab = Lab(task(outputs=outputs(snapshot_every=30.0)))
    lab.settle()
    lab.world.faults = away
    assert verbs(lab.wait(30)) == [Verb.SNAPSHOT]
    assert verbs(lab.wait(0.5)) == []
    assert verbs(lab.wait(1)) == [Verb.SNAPSHOT]
    lab.world.faults = lambda *_: None
    lab.world.finish(NAME, 0)
    assert verbs(lab.settle()) == [Verb.UPLOAD, Verb.COLLECT]
    assert not lab.core.history.troubles


def test_a_snapshot_is_taken_when_it_is_asked_for() -> None:
    lab = Lab(task(2))
    lab.settle()
    judged = judge(
        "snapshot", {"task": "work", "instance": 1}, lab.desired, lab.core.history, lab.now, []
    )
    assert judged.ok
    assert [type(fact) for fact in judged.facts] == [SnapshotAsked]
    lab.core.note(judged.facts)
    assert [(a.verb, a.key and a.key.instance) for a in lab.settle()] == [(Verb.SNAPSHOT, 1)]
    kept = attempt(lab, 1).snapshot
    assert kept is not None
    assert kept.at >= kept.asked_at > 0
    assert lab.settle() == []


@pytest.mark.parametrize(
    ("made", "arguments", "why"),
    [
        (make_task("work"), {"task": "work"}, "task work keeps no files: it has no outputs"),
        (task(), {"task": "work"}, "nothing of work runs"),
        (task(), {"task": "wrk"}, "there is no task wrk; did you mean work?"),
    ],
)
def test_why_there_is_no_snapshot(
    made: DesiredTask, arguments: dict[str, object], why: str
) -> None:
    lab = Lab(made)
    if not made.outputs:
        lab.settle()
    judged = judge("snapshot", arguments, lab.desired, lab.core.history, lab.now, [])
    assert (judged.ok, judged.message) == (False, why)


def test_who_left_nothing_to_store_says_so() -> None:
    lab = Lab(task(outputs=outputs()))
    noted = Results(bucket="results", prefix="", note="there is no /job in it")

    def carry(engine: Engine, action: Action) -> Done:
        return Done(results=noted) if action.upload else as_if(engine, action)

    lab.carry = carry
    run_to_end(lab)
    assert lab.verdict("work").reason == "completed; there is no /job in it"
