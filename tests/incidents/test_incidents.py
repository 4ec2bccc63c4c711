"""What has gone wrong elsewhere, each played once; the names say where.

docs/semantics.md tells what is promised. Incidents that need a real engine, a socket or a disk
are in tests/e2e, tests/engines, tests/server and tests/chaos; `ELSEWHERE` says where, and a test
holds it.
"""

import copy

import pytest

from reconciler.controller.preview import preview
from reconciler.engines.engine import TransientError, UnreachableError
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.action import InstanceState, Verb
from reconciler.model.observed import Containers, NodeView, Observed, Phase
from tests.incidents.fleet import Fleet, service, task
from tests.support.process import ROOT

HOUR = 3600.0
ELSEWHERE = {
    "compose_14029": "e2e/test_hello.py::test_plan_changes_nothing_anywhere",
    "moby_46661": "e2e/test_engine.py::test_a_wedge_in_mid_flight_makes_no_duplicate",
    "kontena_867": "e2e/test_engine.py::test_an_event_stream_that_says_nothing_any_more",
    "argo_cd_14269": "server/test_hooks.py::test_a_nudge_that_hangs_or_fails_holds_up_no_other",
    "portainer_11403": "e2e/test_run.py::test_a_second_writer_refuses_and_names_the_first",
}


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def done(fleet: Fleet, name: str = "work", *spec: str) -> dict[str, str]:
    """Let a task complete, and return its files."""
    fleet.lab.world.autoexit = lambda request: 0 if name in request.name else None
    files = {"a.yaml": task(name, *spec)}
    fleet.commit(files)
    assert fleet.lab.verdict(name).state is InstanceState.SUCCEEDED
    return files


def test_argo_cd_8586_and_nomad_4299_finished_work_removed_runs_no_second_time(
    fleet: Fleet,
) -> None:
    files = done(fleet)
    fleet.lab.world.remove_by_hand("demo.work.1.0.1")
    assert fleet.lab.settle() == []
    fleet.lab.crash()
    assert fleet.lab.settle() == []
    assert [a.verb for a in fleet.commit(files)] == []
    assert fleet.lab.verdict("work").state is InstanceState.SUCCEEDED
    assert len(fleet.starts("work")) == 1


def test_argo_cd_13851_a_finished_job_removed_by_its_ttl_runs_no_second_time(fleet: Fleet) -> None:
    files = done(fleet, "work", "ttl: 1h")
    fleet.lab.wait(HOUR)
    assert not [name for name in fleet.lab.world.boxes if ".work." in name]
    for _ in range(2):
        assert fleet.lab.wait(HOUR) == []
        assert fleet.lab.verdict("work").state is InstanceState.SUCCEEDED
        assert fleet.commit(files) == []
        fleet.lab.crash()
    assert len(fleet.starts("work")) == 1


def test_flux2_3334_finished_work_is_no_drift(fleet: Fleet) -> None:
    done(fleet)
    for _ in range(5):
        assert fleet.lab.wait(HOUR) == []


def test_doco_cd_577_every_redeploy_has_a_stated_reason(fleet: Fleet) -> None:
    fleet.commit({"web.yaml": service("web")})
    actions = fleet.commit({"web.yaml": service("web", tag="2")})
    (create,) = [a for a in actions if a.verb is Verb.CREATE]
    (stop,) = [a for a in actions if a.verb is Verb.STOP]
    for action in (create, stop):
        cause = action.cause
        assert (cause.field, cause.old, cause.new) == ("constants.DOCKER_TAG", "stable", "2")
        assert (cause.at.path, cause.at.line, cause.revision) == ("web.yaml", 6, "c2")
    for _ in range(5):
        assert fleet.lab.wait(HOUR) == [], "it is redeployed once"


def test_doco_cd_1153_and_moby_31115_metadata_of_a_commit_restarts_nothing(fleet: Fleet) -> None:
    fleet.commit({"a.yaml": task("work"), "web.yaml": service("web")})
    relabelled = task("work", meta=", labels: {commit: abc}, annotations: {seen: later}")
    changed = {"a.yaml": "# a comment\n" + relabelled, "web.yaml": service("web") + "\n# more\n"}
    assert fleet.commit(changed) == []


def test_portainer_10662_and_argo_cd_27971_one_file_concerns_one_task(fleet: Fleet) -> None:
    files = {"a.yaml": service("a"), "b.yaml": service("b"), "c.yaml": task("c")}
    fleet.commit(files)
    before = {name: box.id for name, box in fleet.lab.world.boxes.items() if ".a." not in name}
    actions = fleet.commit(files | {"a.yaml": service("a", tag="2")})
    assert {action.task for action in actions} == {"a"}
    after = {name: box.id for name, box in fleet.lab.world.boxes.items() if ".a." not in name}
    assert after == before


def test_komodo_773_what_a_person_stopped_is_not_started_by_another_commit(fleet: Fleet) -> None:
    from tests.controller.test_core import ask  # noqa: PLC0415  # one line of the same words

    files = {"a.yaml": task("a"), "b.yaml": service("b")}
    fleet.commit(files)
    assert ask(fleet.lab, "stop", task="a").ok
    fleet.lab.settle()
    fleet.commit(files | {"b.yaml": service("b", tag="2")})
    assert not [name for name in fleet.lab.live() if ".a." in name]
    assert fleet.lab.verdict("a").state is InstanceState.CANCELLED


@pytest.mark.parametrize("files", [{}, {"README": "nothing"}, {"a.yaml": "kind: ["}])
def test_argo_cd_9227_and_flux2_3316_an_empty_or_broken_source_prunes_nothing(
    fleet: Fleet, files: dict[str, str]
) -> None:
    fleet.commit({"a.yaml": service("a"), "b.yaml": service("b")})
    before = fleet.lab.live()
    assert fleet.commit(files) == []
    assert fleet.lab.live() == before


def test_argo_cd_18780_a_mass_teardown_waits_for_a_person(fleet: Fleet) -> None:
    fleet.commit({"a.yaml": service("a", "instances: 8"), "b.yaml": service("b")})
    assert fleet.commit({"b.yaml": service("b")}) == []
    assert len(fleet.lab.live()) == 9
    (hold,) = fleet.lab.core.holds
    assert "8 of 9" in hold.message


def test_kustomize_controller_338_a_moved_manifest_changes_nothing(fleet: Fleet) -> None:
    files = {"a.yaml": task("a"), "web.yaml": service("web")}
    fleet.commit(files)
    moved = {"deep/er/b.yml": files["a.yaml"] + "---\n" + files["web.yaml"]}
    assert fleet.commit(moved) == []


def test_compose_14029_a_preview_touches_nothing(fleet: Fleet) -> None:
    fleet.commit({"web.yaml": service("web")})
    lab = fleet.lab
    wanted = fleet.read({"web.yaml": service("web", tag="2")}).desired
    assert wanted is not None
    shown = SimulatedEngine(lab.world).list("demo")
    observed = Observed({"local": NodeView("local", containers=Containers(shown))})
    journal, boxes = copy.deepcopy(lab.world.journal), copy.deepcopy(lab.world.boxes)
    images = {"local": {"busybox:2": "sha256:b2"}}
    foreseen = preview(wanted, observed, lab.core.history, lab.now, images)
    assert {a.verb for a in foreseen.now} >= {Verb.STOP, Verb.CREATE}
    assert lab.world.journal == journal
    assert lab.world.boxes.keys() == boxes.keys()


def test_compose_1573_a_lost_answer_to_a_create_makes_no_duplicate(fleet: Fleet) -> None:
    lost = iter([UnreachableError("lost")])
    fleet.lab.world.faults = lambda call, _, when: (
        next(lost, None) if (call, when) == ("create", "after") else None
    )
    fleet.commit({"web.yaml": service("web")})
    fleet.lab.settle()
    assert fleet.lab.live() == ["demo.web.1.0.1"]
    assert len(fleet.lab.world.boxes) == 1


def test_moby_23371_a_failed_create_that_keeps_its_name_costs_a_name_and_no_retry(
    fleet: Fleet,
) -> None:
    leaked = fleet.lab.world.run_by_hand("demo.work.1.0.1")
    fleet.commit({"a.yaml": task("work")})
    fleet.lab.wait(5)
    assert "demo.work.1.0.2" in fleet.lab.live()
    assert fleet.lab.world.boxes["demo.work.1.0.1"].id == leaked
    attempts = fleet.lab.core.history.tasks["work"].runs[1].attempts[0]
    assert not any(attempt.counts_as_failure for attempt in attempts)


def test_moby_36928_without_any_event_a_look_is_enough(fleet: Fleet) -> None:
    fleet.commit({"a.yaml": task("work", "retry: {perInstance: 1}"), "web.yaml": service("web")})
    fleet.lab.world.finish("demo.work.1.0.1", 1)
    fleet.lab.world.kill_by_hand("demo.web.1.0.1")
    fleet.lab.world.ring.drop()
    for _ in range(3):
        fleet.lab.wait(60)
    assert fleet.lab.live() == ["demo.web.1.0.2", "demo.work.1.0.2"]


def test_an_image_that_cannot_be_had_is_asked_for_seldom_and_once_for_all(fleet: Fleet) -> None:
    pulls: list[str] = []

    def count(call: str, subject: str, when: str) -> Exception | None:
        if (call, when) == ("pull", "before"):
            pulls.append(subject)
        return None

    fleet.lab.world.faults = count
    fleet.lab.world.in_registry = lambda _: False
    files = {"a.yaml": service("web", "instances: 20", tag="9")}
    fleet.commit(files)
    assert len(pulls) == 1, "one for all instances"
    for _ in range(60):
        fleet.lab.wait(60)
    assert len(pulls) <= 1 + 60
    verdict = fleet.lab.verdict("web", 7)
    assert verdict.blocked
    assert "busybox:9" in verdict.reason


def test_an_image_that_is_there_needs_no_registry(fleet: Fleet) -> None:
    fleet.lab.world.in_registry = lambda _: False
    fleet.commit({"a.yaml": service("web")})
    assert fleet.lab.live() == ["demo.web.1.0.1"]


def test_flux2_5622_one_that_cannot_start_holds_up_no_other(fleet: Fleet) -> None:
    def refuse(call: str, subject: str, when: str) -> Exception | None:
        broken = ".broken." in subject and when == "before"
        return TransientError("no space left") if call == "create" and broken else None

    fleet.lab.world.faults = refuse
    names = [f"t{number}" for number in range(20)]
    files = {f"{name}.yaml": service(name) for name in names}
    fleet.commit(files | {"broken.yaml": service("broken", "instances: 5")})
    assert sorted(fleet.lab.live()) == sorted(f"demo.{name}.1.0.1" for name in names)
    assert "no space left" in fleet.lab.verdict("broken", 3).reason
    fleet.lab.world.faults = lambda *_: None
    fleet.lab.wait(120)
    assert len(fleet.lab.live()) == 25


def test_a_newer_revision_supersedes_one_that_is_being_carried_out(fleet: Fleet) -> None:
    files = {"web.yaml": service("web", "instances: 4", "rollout: {maxUnavailable: 1}")}
    fleet.commit(files)
    for tag in ("2", "stable"):
        catalog = fleet.read({"web.yaml": files["web.yaml"].replace("stable", tag)})
        assert catalog.desired is not None
        fleet.lab.desired = catalog.desired
        fleet.lab.core.set_desired(catalog.desired)
        fleet.lab.core.turn()
    fleet.lab.settle()
    images = {box.image for box in fleet.lab.world.boxes.values() if box.phase is Phase.RUNNING}
    assert images == {"sha256:b0"}
    assert len(fleet.lab.live()) == 4


@pytest.mark.parametrize("where", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_the_others_stand_where_it_says(where: str) -> None:
    path, _, name = where.partition("::")
    assert f"def {name}" in (ROOT / "tests" / path).read_text()
