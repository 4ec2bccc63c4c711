"""What the engine's JSON means, in all the forms in which it comes."""

from typing import Any

import pytest

from reconciler.engines.docker.containers import epoch, inspected, listed
from reconciler.model.identity import (
    LABEL_ATTEMPT,
    LABEL_INSTANCE,
    LABEL_PROJECT,
    LABEL_RUN,
    LABEL_SHAPE,
    LABEL_TASK,
    LABEL_WORK,
)
from reconciler.model.observed import Phase, Published
from tests.support.engines import make_request

REQUEST = make_request("demo", "task", instance=2, run=3, attempt=4)
LABELS = dict(REQUEST.labels)


def entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "Id": "f" * 64,
        "Names": [f"/{REQUEST.name}"],
        "Labels": LABELS,
        "State": "running",
        "Status": "Up 3 seconds",
        "ImageID": "sha256:1",
        "Ports": [],
        **changes,
    }


def detail(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    state = {
        "Status": "exited",
        "ExitCode": 3,
        "OOMKilled": False,
        "Error": "",
        "StartedAt": "2026-01-01T10:00:00.5Z",
        "FinishedAt": "2026-01-01T10:00:01.123456789Z",
    }
    return {
        "Id": "f" * 64,
        "Name": f"/{REQUEST.name}",
        "Image": "sha256:1",
        "Config": {"Labels": LABELS},
        "HostConfig": {"NetworkMode": "none", "Privileged": False, "ReadonlyRootfs": False},
        "State": state | changes,
        "NetworkSettings": {"Ports": None},
    }


@pytest.mark.parametrize(
    ("state", "status", "phase", "health", "code"),
    [
        ("created", "Created", Phase.CREATED, "", None),
        ("running", "Up 3 seconds", Phase.RUNNING, "", None),
        ("running", "Up 3 seconds (healthy)", Phase.RUNNING, "healthy", None),
        ("running", "Up 3 hours (unhealthy)", Phase.RUNNING, "unhealthy", None),
        ("running", "Up 3 seconds (health: starting)", Phase.RUNNING, "starting", None),
        ("paused", "Up 3 seconds (Paused)", Phase.RUNNING, "", None),
        ("restarting", "Restarting (1) 2 seconds ago", Phase.RUNNING, "", None),
        ("exited", "Exited (0) 2 seconds ago", Phase.EXITED, "", 0),
        ("exited", "Exited (137) 2 years ago", Phase.EXITED, "", 137),
        ("exited", "Exited (-1) 2 years ago", Phase.EXITED, "", -1),
        ("exited", "", Phase.EXITED, "", None),
        ("removing", "Removal In Progress", Phase.REMOVING, "", None),
        ("dead", "Dead", Phase.EXITED, "", None),
        ("unheard-of", "", Phase.REMOVING, "", None),
    ],
)
def test_a_state_is_read_from_its_text(
    state: str, status: str, phase: Phase, health: str, code: int | None
) -> None:
    found = listed("n1", entry(State=state, Status=status))
    assert found is not None
    assert (found.phase, found.health, found.exit_code) == (phase, health, code)


def test_a_listed_container_is_complete() -> None:
    found = listed("n1", entry())
    assert found is not None
    assert found.attempt_key == REQUEST.attempt
    assert (found.id, found.name, found.node) == ("f" * 64, REQUEST.name, "n1")
    assert (found.work, found.shape) == (LABELS[LABEL_WORK], LABELS[LABEL_SHAPE])
    assert (found.job, found.revision, found.image_id) == ("some-job", "r1", "sha256:1")


def test_a_link_adds_a_name() -> None:
    assert listed("n1", entry(Names=["/other/alias", f"/{REQUEST.name}"])) is not None


IDENTITY = [LABEL_PROJECT, LABEL_TASK, LABEL_INSTANCE, LABEL_RUN, LABEL_ATTEMPT]


@pytest.mark.parametrize("missing", [*IDENTITY, LABEL_WORK, LABEL_SHAPE])
def test_without_one_of_our_labels_it_is_foreign(missing: str) -> None:
    labels = {key: value for key, value in LABELS.items() if key != missing}
    assert listed("n1", entry(Labels=labels)) is None


@pytest.mark.parametrize(
    "changed",
    [{key: value} for key in IDENTITY for value in ("", "9", "x.1", "01", " 1", "٣", "-1", "1_0")],
)
def test_labels_that_spell_another_name_or_none_are_foreign(changed: dict[str, str]) -> None:
    assert listed("n1", entry(Labels=LABELS | changed)) is None


@pytest.mark.parametrize("names", [None, [], ["/other"], [f"/x/{REQUEST.name}"], [REQUEST.name]])
def test_under_another_name_it_is_foreign(names: list[str] | None) -> None:
    assert listed("n1", entry(Names=names)) is None


@pytest.mark.parametrize("labels", [None, {}])
def test_without_labels_it_is_foreign(labels: dict[str, str] | None) -> None:
    assert listed("n1", entry(Labels=labels)) is None
    found = detail()
    found["Config"]["Labels"] = labels
    assert inspected("n1", found) is None


def test_an_ended_container_is_inspected() -> None:
    found = inspected("n1", detail(OOMKilled=True))
    assert found is not None
    assert found.container.exit_code == 3
    assert found.oom
    assert found.finished_at - found.started_at == pytest.approx(0.623456, abs=1e-5)


def test_an_end_is_never_before_its_beginning() -> None:
    found = inspected("n1", detail(FinishedAt="2026-01-01T10:00:00.4Z"))
    assert found is not None
    assert found.finished_at == found.started_at


def test_a_failed_start_leaves_its_reason() -> None:
    found = inspected("n1", detail(Status="created", ExitCode=127, Error="no such program"))
    assert found is not None
    assert found.container.phase is Phase.CREATED
    assert found.container.exit_code is None
    assert found.error == "no such program"


def test_health_is_inspected() -> None:
    found = inspected("n1", detail(Status="running", Health={"Status": "unhealthy"}))
    assert found is not None
    assert found.container.health == "unhealthy"


def test_ports_of_both_protocols_are_one() -> None:
    both = [{"HostIp": "0.0.0.0", "HostPort": "1024"}, {"HostIp": "::", "HostPort": "1024"}]  # noqa: S104
    raw = detail(Status="running")
    raw["NetworkSettings"] = {"Ports": {"80/tcp": both, "53/udp": None, "22/tcp": both[:1]}}
    found = inspected("n1", raw)
    assert found is not None
    assert found.container.ports == (Published(22, 1024), Published(80, 1024))


def test_ports_in_a_list() -> None:
    both = {"PrivatePort": 53, "PublicPort": 1024, "Type": "udp"}
    ports = [{"IP": "0.0.0.0", **both}, {"IP": "::", **both}, {"PrivatePort": 80, "Type": "tcp"}]  # noqa: S104
    found = listed("n1", entry(State="running", Status="Up 2 seconds", Ports=ports))
    assert found is not None
    assert found.ports == (Published(53, 1024, "udp"),)


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("0001-01-01T00:00:00Z", 0.0),
        ("", 0.0),
        ("nonsense", 0.0),
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T01:00:01.250000001+01:00", 1.25),
    ],
)
def test_times(stamp: str, seconds: float) -> None:
    assert epoch(stamp) == seconds
