"""What an operator does under way: suspend, pin, protect, rename; on the real engine."""

import pytest

from reconciler.planning.cause import PROTECTED
from tests.e2e.project import Project, service, task
from tests.support.process import always, eventually

pytestmark = pytest.mark.docker


def annotated(manifest: dict[str, object], **marks: str) -> dict[str, object]:
    """Return a manifest with annotations of ours."""
    named = {f"reconciler/{name.replace('_', '-')}": value for name, value in marks.items()}
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    return manifest | {"metadata": metadata | {"annotations": named}}


def state(project: Project, name: str) -> str:
    return str(project.status(name)["state"])


def test_a_suspension_outlives_the_run_that_took_it(project: Project) -> None:
    project.declare(service("web"))
    running = project.run()
    project.await_states("web", "Running")
    web = project.engine.running()
    project.reconciler("suspend", "--all", "--reason", "disk swap").ends(0)
    project.declare(task("work"))
    eventually(lambda: state(project, "work") == "Suspended", "work to be suspended", pause=0.3)
    running.terminate().ends(0)
    running = project.run()
    always(lambda: project.engine.running() == web, "nothing new", during=1.5)
    said = project.status("work")["suspended"]
    assert (said["by"], said["until"]) == (["request"], None)
    assert "disk swap" in project.reconciler("why", "work").ends(0).out
    project.reconciler("resume", "--all").ends(0)
    project.await_states("work", "Running")
    assert web.items() <= project.engine.running().items()
    running.terminate().ends(0)


def test_suspending_without_a_writer_stops_and_goes_on(project: Project) -> None:
    project.declare(task("work", instances=2))
    project.apply()
    project.reconciler("suspend", "work", "--stop", "--for", "1h").ends(0)
    assert project.engine.running() == {}
    assert project.status("work")["suspended"]["until"] is not None
    project.apply()
    assert project.engine.running() == {}
    done = project.reconciler("resume", "work").ends(0)
    assert "apply" in done.out
    project.apply()
    assert len(project.engine.running()) == 2


def test_a_manifest_suspends_as_well(project: Project) -> None:
    project.declare(task("work", suspend=True))
    project.apply()
    assert state(project, "work") == "Suspended"
    done = project.reconciler("resume", "work").ends(1)
    assert "suspended by its manifest at work.yaml" in done.err
    project.declare(task("work"))
    project.apply()
    assert state(project, "work") == "Running"


def converged_in(project: Project) -> float | None:
    """Return how many seconds the newest revision took, None before it has converged."""
    seconds: float | None = project.reconciler_json("history")["revisions"][-1]["secondsToConverge"]
    return seconds


def test_a_pin_holds_until_it_is_taken_off(project: Project) -> None:
    project.declare(service("web", env={"LEVEL": "1"}))
    running = project.run()
    project.await_states("web", "Running")
    first = project.reconciler_json("history")["revisions"][-1]["revision"]
    project.declare(service("web", env={"LEVEL": "2"}))
    name = project.engine.name("web", 0, run=2)
    eventually(lambda: name in project.engine.running(), "the second revision")

    project.reconciler("pin", first[:6]).ends(0)
    back = project.engine.name("web", 0, attempt=2)
    eventually(lambda: back in project.engine.running(), "the first revision again")
    project.declare(service("web", env={"LEVEL": "3"}))
    eventually(lambda: len(project.reconciler_json("history")["revisions"]) == 3, "a third seen")
    running.terminate().ends(0)

    assert "is pinned" in project.apply().err
    running = project.run()
    always(lambda: [*project.engine.running()] == [back], "no other revision", during=1.0)
    told = project.reconciler_json("history")
    assert [r["pinned"] for r in told["revisions"]] == [True, False, False]
    assert f"revision {first} is pinned" in project.reconciler("status").ends(0).out
    project.reconciler("unpin").ends(0)
    third = project.engine.name("web", 0, run=3)
    eventually(lambda: third in project.engine.running(), "the third revision")
    eventually(lambda: converged_in(project) is not None, "the third revision's convergence")
    running.terminate().ends(0)
    first_seen, second, third_seen = project.reconciler_json("history")["revisions"]
    assert (first_seen["created"], first_seen["replaced"]) == (2, 1)
    assert (second["created"], second["replaced"]) == (1, 1)
    assert third_seen["inForce"]


def test_history_tells_of_what_was_refused(project: Project) -> None:
    project.declare(task("work"))
    running = project.run()
    project.await_states("work", "Running")
    project.write("work.yaml", "kind: Tusk\n")
    running.says("is refused")
    eventually(lambda: len(project.reconciler_json("history")["revisions"]) == 2, "a second one")
    good, bad = project.reconciler_json("history")["revisions"]
    assert (good["valid"], good["inForce"], good["created"]) == (True, True, 1)
    assert not bad["valid"]
    assert "work.yaml:1:1" in bad["problem"]
    assert "refused" in project.reconciler("history").ends(0).out
    running.terminate().ends(0)


def test_a_pass_is_made_when_it_is_asked_for(project: Project) -> None:
    project.declare(service("web"))
    done = project.reconciler("reconcile").ends(1)
    assert "nobody runs this project now" in done.err
    running = project.run()
    project.await_states("web", "Running")
    assert "looked at now" in project.reconciler("reconcile").ends(0).out
    running.terminate().ends(0)


def test_what_is_protected_stays_until_it_is_destroyed(project: Project) -> None:
    project.declare(annotated(service("web"), prune="protect"), task("other"))
    project.apply()
    before = project.engine.running()
    project.forget("web")
    planned = project.plan()
    assert planned["kept"] == [{"task": "web", "reason": PROTECTED}]
    project.apply()
    assert project.engine.running() == before
    assert project.status("web")["protected"]
    assert PROTECTED in project.reconciler("why", "web").ends(0).out
    project.reconciler("destroy", "--task", "web").ends(0)
    assert [*project.engine.running()] == [project.engine.name("other", 0)]


def test_a_rename_restarts_nothing(project: Project) -> None:
    project.declare(service("old", instances=2), task("batch", "true"))
    project.apply("--wait")
    before = project.engine.running()
    project.forget("old", "batch")
    project.declare(
        annotated(service("new", instances=2), renamed_from="old"),
        annotated(task("work", "true"), renamed_from="batch"),
    )
    running = project.run()
    project.await_states("new", "Running", "Running")
    project.await_states("work", "Succeeded")
    assert project.engine.running() == before
    running.terminate().ends(0)
    project.declare(service("new", instances=2), task("work", "true"))
    project.apply("--wait")
    assert project.engine.running() == before
    project.reconciler("logs", "new/0").ends(0)
    project.reconciler("stop", "new").ends(0)
    assert project.engine.running() == {}
