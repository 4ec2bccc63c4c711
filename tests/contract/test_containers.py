"""What every engine owes us about one container's life."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.engines.engine import (
    ConflictError,
    ImageMissingError,
    PermanentError,
    TransientError,
)
from reconciler.model.action import CreateRequest
from reconciler.model.confinement import confinement_of
from reconciler.model.identity import LABEL_SECRETS, LABEL_WORK
from reconciler.model.observed import Container, ContainerDetail, Phase
from reconciler.model.spec import Health, Mount, Port, Resources, Security
from tests.support.engines import IMAGE, Rig, make_request, watching


def listed(rig: Rig, request: CreateRequest) -> Container | None:
    found = [c for c in rig.engine.list(rig.project) if c.name == request.name]
    assert len(found) <= 1
    return found[0] if found else None


def looked_at(rig: Rig, request: CreateRequest) -> ContainerDetail:
    detail = rig.engine.inspect(request.name)
    assert detail is not None
    return detail


def started(
    rig: Rig,
    **spec: Any,  # noqa: ANN401
) -> CreateRequest:
    request = make_request(rig.project, "task", **spec)
    rig.engine.start(rig.engine.create(request))
    return request


def test_an_account_of_secrets_is_told_with_a_container(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    labels = (*request.labels, (LABEL_SECRETS, "@=key TOKEN=digest"))
    rig.engine.create(replace(request, labels=labels))
    seen = listed(rig, request)
    assert seen is not None
    assert seen.secrets == looked_at(rig, request).container.secrets == "@=key TOKEN=digest"


def ended(rig: Rig, script: str) -> CreateRequest:
    with watching(rig.engine, rig.project) as watch:
        request = started(rig, command=("sh", "-c", script))
        watch.until("die", request.name)
    return request


def test_info_speaks_of_a_machine(rig: Rig) -> None:
    info = rig.engine.info()
    assert info.version
    assert info.cpus > 0
    assert info.memory > 2**20


def test_nothing_is_there_at_first(rig: Rig) -> None:
    assert rig.engine.list(rig.project) == ()
    assert rig.engine.inspect(f"{rig.project}.task.1.0.1") is None


def test_created_is_visible_at_once_and_complete(rig: Rig) -> None:
    request = make_request(rig.project, "task", instance=3, run=2, attempt=4)
    identifier = rig.engine.create(request)
    labels = dict(request.labels)
    found = listed(rig, request)
    assert found is not None
    assert found.id == identifier
    assert found.node == rig.engine.node
    assert found.attempt_key == request.attempt
    assert found.work == labels[LABEL_WORK]
    assert found.phase is Phase.CREATED
    assert found.exit_code is None
    assert found.job == "some-job"
    assert found.revision == "r1"
    confinement = confinement_of(request.spec)
    assert looked_at(rig, request) == ContainerDetail(found, confinement=confinement)


def test_running_is_visible_at_once(rig: Rig) -> None:
    request = started(rig)
    found, detail = listed(rig, request), looked_at(rig, request)
    assert found is not None
    assert found.live
    assert found.health == ""
    assert detail.container == found
    assert detail.started_at > 0
    assert detail.finished_at == 0


def test_inspect_takes_an_id_too(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    identifier = rig.engine.create(request)
    assert rig.engine.inspect(identifier) == rig.engine.inspect(request.name)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {
            "user": "1000:1000",
            "groups": ("100",),
            "network": "bridge",
            "init": False,
            "mounts": (Mount(type="tmpfs", target="/tmp"), Mount(type="tmpfs", target="/scratch")),
            "resources": Resources(cpus=0.5, memory=64 * 2**20, pids=9),
            "security": Security(read_only_root=True, cap_add=("CHOWN", "CAP_KILL")),
        },
        {
            "resources": Resources(pids=0),
            "security": Security(
                no_new_privileges=False, seccomp="unconfined", userns="host", cap_drop=("NET_RAW",)
            ),
        },
    ],
    ids=["hardened", "granted", "loosened"],
)
def test_what_confines_it_is_what_was_asked_for(rig: Rig, spec: dict[str, Any]) -> None:
    request = make_request(rig.project, "task", **spec)
    rig.engine.create(request)
    assert looked_at(rig, request).confinement == confinement_of(request.spec)


def test_creating_again_adopts(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    assert rig.engine.create(request) == rig.engine.create(request)
    assert len(rig.engine.list(rig.project)) == 1


def test_creating_again_adopts_what_runs_and_what_ended(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    identifier = rig.engine.create(request)
    rig.engine.start(identifier)
    assert rig.engine.create(request) == identifier
    rig.kill_by_hand(request.name)
    assert rig.engine.create(request) == identifier


@pytest.mark.parametrize("other", [{"command": ("sleep", "9")}, {"hostname": "other"}])
def test_another_work_or_shape_under_the_name_is_a_conflict(
    rig: Rig, other: dict[str, Any]
) -> None:
    rig.engine.create(make_request(rig.project, "task"))
    with pytest.raises(ConflictError, match="another manifest"):
        rig.engine.create(make_request(rig.project, "task", **other))


def test_a_foreign_container_keeps_the_name(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    holder = rig.run_by_hand(request.name)
    with pytest.raises(ConflictError, match=holder[:12]):
        rig.engine.create(request)
    rig.engine.signal(request.name, "SIGKILL")
    rig.engine.remove(request.name)
    with pytest.raises(TransientError):
        rig.engine.start(request.name)
    assert rig.exists(request.name)
    assert rig.engine.inspect(request.name) is None
    assert rig.engine.list(rig.project) == ()


def test_labels_like_ours_under_another_name_are_foreign(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    labels = dict(request.labels)
    rig.run_by_hand(f"{rig.project}-copy", labels)
    without_work = {key: value for key, value in labels.items() if key != LABEL_WORK}
    rig.run_by_hand(request.name, without_work)
    assert rig.engine.list(rig.project) == ()
    assert rig.engine.inspect(f"{rig.project}-copy") is None
    assert rig.engine.inspect(request.name) is None


def test_another_projects_containers_are_not_listed(rig: Rig) -> None:
    rig.engine.create(make_request(rig.project, "task"))
    assert rig.engine.list(f"{rig.project}-x") == ()


def test_starting_twice_is_starting_once(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    identifier = rig.engine.create(request)
    rig.engine.start(identifier)
    before = looked_at(rig, request)
    rig.engine.start(identifier)
    rig.engine.start(identifier, fenced=True)
    rig.engine.start(request.name)
    assert looked_at(rig, request) == before


def test_a_fenced_start_starts_what_is_created(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    rig.engine.start(rig.engine.create(request), fenced=True)
    assert looked_at(rig, request).container.live


def test_a_fenced_start_never_runs_again_what_ended(rig: Rig) -> None:
    request = ended(rig, "exit 3")
    before = looked_at(rig, request)
    rig.engine.start(before.container.id, fenced=True)
    assert looked_at(rig, request) == before


def test_starting_what_is_gone_is_worth_another_look(rig: Rig) -> None:
    with pytest.raises(TransientError, match="gone"):
        rig.engine.start(f"{rig.project}.task.1.0.1")
    with pytest.raises(TransientError, match="gone"):
        rig.engine.start("0" * 64, fenced=True)
    with pytest.raises(TransientError, match="gone"):
        rig.engine.start("0" * 64)


@pytest.mark.parametrize("code", [0, 3, 143])
def test_exit_codes_are_listed_and_inspected(rig: Rig, code: int) -> None:
    request = ended(rig, f"exit {code}")
    found, detail = listed(rig, request), looked_at(rig, request)
    assert found is not None
    assert found.phase is Phase.EXITED
    assert found.exit_code == code
    assert detail.container == found
    assert not detail.oom
    assert detail.finished_at >= detail.started_at > 0


def test_a_program_that_is_not_there_fails_to_start(rig: Rig) -> None:
    request = make_request(rig.project, "task", command=("/no/such/program",), init=False)
    identifier = rig.engine.create(request)
    with pytest.raises(PermanentError, match="no program /no/such/program") as failure:
        rig.engine.start(identifier)
    assert failure.value.exit_code == 127
    detail = looked_at(rig, request)
    assert detail.container.phase is Phase.CREATED
    assert "/no/such/program" in detail.error
    rig.engine.remove(identifier)
    assert listed(rig, request) is None


def test_a_missing_image_is_said_to_be_missing(rig: Rig) -> None:
    image = f"no-such-image-{rig.project}:1"
    assert rig.engine.resolve(image) is None
    with pytest.raises(ImageMissingError, match=image):
        rig.engine.create(make_request(rig.project, "task", image=image))
    assert rig.engine.list(rig.project) == ()


def test_a_present_image_resolves_to_what_create_accepts(rig: Rig) -> None:
    resolved = rig.engine.resolve(IMAGE)
    assert resolved is not None
    assert "sha256:" in resolved
    assert rig.engine.resolve(resolved) == resolved
    request = make_request(rig.project, "task", image=resolved)
    rig.engine.start(rig.engine.create(request))


def test_a_missing_bind_source_is_not_made(rig: Rig) -> None:
    mount = Mount(type="bind", source="/no/such/folder", target="/data")
    with pytest.raises(PermanentError, match="/no/such/folder"):
        rig.engine.create(make_request(rig.project, "task", mounts=(mount,)))


@pytest.mark.parametrize("name", ["SIGTERM", "TERM", "SIGKILL"])
def test_signals_end_a_program(rig: Rig, name: str) -> None:
    with watching(rig.engine, rig.project) as watch:
        request = started(rig)
        rig.engine.signal(request.name, name)
        code = watch.until("die", request.name).exit_code
    assert code == (137 if "KILL" in name else 143)


def test_a_stubborn_program_is_killed(rig: Rig) -> None:
    with watching(rig.engine, rig.project) as watch:
        request = started(rig, command=("sh", "-c", "trap '' TERM; sleep 600"), init=False)
        identifier = looked_at(rig, request).container.id
        rig.engine.signal(identifier, "SIGTERM")
        assert looked_at(rig, request).container.live
        rig.engine.signal(identifier, "SIGKILL")
        assert watch.until("die", request.name).exit_code == 137


def test_signalling_what_does_not_run_is_done_already(rig: Rig) -> None:
    created = make_request(rig.project, "created")
    rig.engine.create(created)
    gone = f"{rig.project}.gone.1.0.1"
    for name in (created.name, ended(rig, "exit 0").name, gone, "0" * 64):
        rig.engine.signal(name, "SIGTERM")


def test_there_is_no_such_signal(rig: Rig) -> None:
    request = started(rig)
    with pytest.raises(PermanentError, match="no signal SIGNONSENSE"):
        rig.engine.signal(request.name, "SIGNONSENSE")


def test_what_runs_is_not_removed(rig: Rig) -> None:
    request = started(rig)
    for name in (request.name, looked_at(rig, request).container.id):
        with pytest.raises(TransientError):
            rig.engine.remove(name)
    assert looked_at(rig, request).container.live


def test_removing_is_done_when_it_is_gone(rig: Rig) -> None:
    request = ended(rig, "exit 0")
    identifier = looked_at(rig, request).container.id
    rig.engine.remove(identifier)
    assert listed(rig, request) is None
    rig.engine.remove(identifier)
    rig.engine.remove(request.name)


def test_what_was_removed_by_hand_is_gone(rig: Rig) -> None:
    request = started(rig)
    rig.remove_by_hand(request.name)
    assert listed(rig, request) is None
    assert rig.engine.inspect(request.name) is None


def test_health_is_seen(rig: Rig) -> None:
    health = Health(command=("true",), interval=0.2)
    with watching(rig.engine, rig.project) as watch:
        request = started(rig, health=health)
        rig.make_healthy(request.name, "healthy")
        watch.until("health_status: healthy", request.name)
    found = listed(rig, request)
    assert found is not None
    assert found.health == looked_at(rig, request).container.health == "healthy"


def test_health_is_seen_to_start(rig: Rig) -> None:
    request = started(rig, health=Health(command=("false",), interval=3600))
    found = listed(rig, request)
    assert found is not None
    assert found.health == looked_at(rig, request).container.health == "starting"


def test_health_is_seen_to_fail(rig: Rig) -> None:
    with watching(rig.engine, rig.project) as watch:
        request = started(rig, health=Health(command=("false",), interval=0.2, retries=1))
        rig.make_healthy(request.name, "unhealthy")
        watch.until("health_status: unhealthy", request.name)
    found = listed(rig, request)
    assert found is not None
    assert found.health == looked_at(rig, request).container.health == "unhealthy"


def test_a_free_host_port_is_given_and_a_taken_one_is_refused(rig: Rig) -> None:
    first = started(rig, network="bridge", ports=(Port(container=80),))
    (given,) = looked_at(rig, first).container.ports
    assert (given.container, given.protocol) == (80, "tcp")
    host = given.host
    assert host > 1024
    assert [c.ports for c in rig.engine.list(rig.project)] == [(given,)]
    second = make_request(
        rig.project, "second", network="bridge", ports=(Port(container=80, host=host),)
    )
    identifier = rig.engine.create(second)
    with pytest.raises(TransientError, match=f"host port {host} is already in use"):
        rig.engine.start(identifier)
    assert looked_at(rig, second).container.phase is Phase.CREATED
    rig.kill_by_hand(first.name)
    rig.engine.start(identifier)
    assert looked_at(rig, second).container.ports == (given,)
    assert {c.name: c.ports for c in rig.engine.list(rig.project)} == {
        first.name: (), second.name: (given,),
    }  # fmt: skip
