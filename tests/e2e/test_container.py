"""What an instance finds in its container, and what the engine was told about it."""

import pytest

from tests.e2e.project import Project, task
from tests.support.docker import LABEL, Json

pytestmark = pytest.mark.docker


def inspected(project: Project, name: str) -> Json:
    found = project.engine.inspect(name)
    assert found is not None
    return found


def test_instances_see_their_variables_and_constants(project: Project) -> None:
    work = task("pi", "env", instances="0,4", env={"SAMPLES": "100"}, job="monte-carlo")
    work["spec"]["constants"] = {"DOCKER_USER": "1000:1000"}
    job = {
        "apiVersion": "reconciler/v1", "kind": "Job", "metadata": {"name": "monte-carlo"},
        "spec": {},
    }  # fmt: skip
    project.declare(work, job)
    project.apply("--wait")
    said = project.engine.logs(project.engine.name("pi", 4)).splitlines()
    seen = dict(line.split("=", 1) for line in said)
    expected = {
        "INSTANCE_ID": "4",
        "INSTANCE_COUNT": "2",
        "TASK_NAME": "pi",
        "JOB_NAME": "monte-carlo",
        "RUN": "1",
        "ATTEMPT": "1",
        "SAMPLES": "100",
        "DOCKER_USER": "1000:1000",
        "RESOURCES_PATH": "/job",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert seen["REVISION"] == project.plan()["revision"]


def test_constants_are_substituted_and_built_ins_pass_through(project: Project) -> None:
    work = task("greet")
    work["spec"]["constants"] = {"DOCKER_WORKDIR": "/tmp"}
    script = 'echo "${DOCKER_WORKDIR} ${INSTANCE_ID} $INSTANCE_ID $${DOCKER_WORKDIR}"'
    work["spec"]["container"]["command"] = ["sh", "-c", script]
    work["spec"]["instances"] = 2
    project.declare(work)
    project.apply("--wait")
    assert project.engine.logs(project.engine.name("greet", 1)) == "/tmp 1 1 /tmp\n"
    assert inspected(project, project.engine.name("greet"))["Config"]["WorkingDir"] == "/tmp"


def test_names_and_labels_are_the_contracts(project: Project) -> None:
    limits = {"cpus": 0.5, "memory": "64Mi"}
    job = {
        "apiVersion": "reconciler/v1", "kind": "Job", "metadata": {"name": "group"}, "spec": {},
    }  # fmt: skip
    project.declare(task("work", job="group", container={"resources": limits}), job)
    project.apply()
    (name,) = project.engine.running()
    assert name == f"{project.name}.work.1.0.1"
    labels = inspected(project, name)["Config"]["Labels"]
    ours = {k.removeprefix(LABEL): v for k, v in labels.items() if k.startswith(LABEL)}
    revision = project.plan()["revision"]
    expected = {
        "project": project.name, "task": "work", "job": "group", "instance": "0", "run": "1",
        "attempt": "1", "revision": revision, "cpus": "0.5", "memory": str(64 * 2**20),
    }  # fmt: skip
    assert {name: ours.get(name) for name in expected} == expected
    assert ours["work"]
    assert ours["shape"]


def test_containers_are_hardened_unless_a_manifest_says_otherwise(project: Project) -> None:
    project.declare(task("work"))
    project.apply()
    found = inspected(project, project.engine.name("work"))
    host = found["HostConfig"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["Privileged"] is False
    assert host["PidsLimit"] == 512
    assert host["NetworkMode"] == "none"
    assert host["Init"] is True
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["AutoRemove"] is False
    assert host["LogConfig"] == {
        "Type": "json-file", "Config": {"max-size": str(10 * 2**20), "max-file": "3"},
    }  # fmt: skip


def test_what_a_manifest_asks_for_reaches_the_engine(project: Project) -> None:
    asked = {
        "user": "1000:1000",
        "hostname": "somewhere",
        "workdir": "/tmp",
        "resources": {"cpus": 0.5, "memory": "96Mi", "pids": 64, "shm": "16Mi"},
        "security": {"readOnlyRoot": True, "capabilities": {"add": ["CHOWN"]}},
        "mounts": [
            {"type": "bind", "source": str(project.source), "target": "/in", "readOnly": True},
            {"type": "volume", "source": "data", "target": "/data"},
            {"type": "tmpfs", "target": "/scratch", "size": "1Mi"},
        ],
        "logs": {"maxSize": "1Mi", "maxFiles": 2},
        "stop": {"signal": "SIGINT", "grace": "3s"},
    }
    project.declare(task("work", "id -u; hostname; pwd; sleep 600", container=asked))
    project.apply()
    found = inspected(project, project.engine.name("work"))
    config, host = found["Config"], found["HostConfig"]
    assert (config["User"], config["Hostname"], config["WorkingDir"]) == (
        "1000:1000", "somewhere", "/tmp",
    )  # fmt: skip
    assert config["StopSignal"] == "SIGINT"
    assert (host["NanoCpus"], host["Memory"], host["PidsLimit"], host["ShmSize"]) == (
        500_000_000, 96 * 2**20, 64, 16 * 2**20,
    )  # fmt: skip
    assert host["ReadonlyRootfs"] is True
    assert host["CapAdd"] in (["CHOWN"], ["CAP_CHOWN"])
    mounts = {m["Destination"]: m for m in found["Mounts"]}
    assert mounts["/in"]["RW"] is False
    assert mounts["/data"]["Name"] == f"{project.name}.data"
    assert mounts["/scratch"]["Type"] == "tmpfs"
    assert host["LogConfig"]["Config"] == {"max-size": str(2**20), "max-file": "2"}


def test_the_callers_environment_does_not_leak_into_containers(project: Project) -> None:
    project.reconciler.env |= {"HTTP_PROXY": "http://proxy.invalid", "MY_SECRET": "1"}
    project.declare(task("work", "env"))
    project.apply("--wait")
    said = project.engine.logs(project.engine.name("work"))
    assert "proxy.invalid" not in said
    assert "MY_SECRET" not in said
