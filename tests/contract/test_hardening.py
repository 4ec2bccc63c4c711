"""That what we ask for is what a real engine enforces: seen in its own words, and from inside."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from reconciler.model.spec import LogLimits, Mount, Resources, Security, Stop
from tests.support.engines import DockerRig, make_request, watching

pytestmark = pytest.mark.docker


@pytest.fixture
def rig() -> Iterator[DockerRig]:
    made = DockerRig()
    try:
        yield made
    finally:
        made.close()


def created(rig: DockerRig, **spec: Any) -> dict[str, Any]:  # noqa: ANN401
    identifier = rig.engine.create(make_request(rig.project, "task", **spec))
    found: dict[str, Any] = rig.client.inspect_container(identifier)
    return found


def output_of(rig: DockerRig, script: str, **spec: Any) -> str:  # noqa: ANN401
    request = make_request(rig.project, "task", command=("sh", "-c", script), **spec)
    with watching(rig.engine, rig.project) as watch:
        rig.engine.start(rig.engine.create(request))
        watch.until("die", request.name)
    return rig.engine.logs(request.name, limit=10_000).decode()


def test_defaults_are_hardened(rig: DockerRig) -> None:
    host = created(rig)["HostConfig"]
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["PidsLimit"] == 512
    assert host["NetworkMode"] == "none"
    assert host["Init"] is True
    assert host["Privileged"] is False
    assert host["AutoRemove"] is False
    assert host["UsernsMode"] == ""
    assert host["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-size": "10485760", "max-file": "3"},
    }


def test_what_is_asked_for_is_granted(rig: DockerRig) -> None:
    found = created(
        rig,
        hostname="box",
        user="1000:1000",
        groups=("100",),
        workdir="/job",
        network="bridge",
        init=False,
        stop=Stop(signal="SIGINT", grace=2.5),
        logs=LogLimits(max_size=1024 * 1024, max_files=2),
        resources=Resources(
            cpus=0.5, memory=64 * 2**20, pids=9, shm=2**20, ulimits=(("nofile", 64, 128),)
        ),
        security=Security(
            no_new_privileges=False,
            read_only_root=True,
            cap_drop=("NET_RAW",),
            cap_add=("NET_ADMIN",),
            userns="host",
            seccomp="unconfined",
        ),
    )
    config, host = found["Config"], found["HostConfig"]
    assert (config["Hostname"], config["User"], config["WorkingDir"]) == (
        "box",
        "1000:1000",
        "/job",
    )
    assert (config["StopSignal"], config["StopTimeout"]) == ("SIGINT", 3)
    assert host["GroupAdd"] == ["100"]
    assert host["NetworkMode"] == "bridge"
    assert host["Init"] is False
    assert host["SecurityOpt"] == ["seccomp=unconfined"]
    assert [cap.removeprefix("CAP_") for cap in host["CapDrop"]] == ["NET_RAW"]
    assert [cap.removeprefix("CAP_") for cap in host["CapAdd"]] == ["NET_ADMIN"]
    assert host["ReadonlyRootfs"] is True
    assert host["UsernsMode"] == "host"
    assert host["NanoCpus"] == 500_000_000
    assert host["Memory"] == 64 * 2**20
    assert host["MemorySwap"] in {64 * 2**20, -1}  # -1: this kernel does not account for swap
    assert host["PidsLimit"] == 9
    assert host["ShmSize"] == 2**20
    assert host["Ulimits"] == [{"Name": "nofile", "Soft": 64, "Hard": 128}]
    assert host["LogConfig"]["Config"] == {"max-size": "1048576", "max-file": "2"}


def test_no_capability_is_left_inside(rig: DockerRig) -> None:
    said = output_of(rig, "grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status")
    assert {line.split()[-1].lstrip("0") for line in said.splitlines()} == {"", "1"}


def test_a_read_only_root_is_one_and_a_tmpfs_is_not(rig: DockerRig) -> None:
    said = output_of(
        rig,
        "touch /x 2>/dev/null || echo refused; touch /tmp/x && echo written",
        user="1000",
        security=Security(read_only_root=True),
        mounts=(Mount(type="tmpfs", target="/tmp", size=2**20),),
    )
    assert said.split() == ["refused", "written"]


def test_beside_a_read_only_root_the_usual_folders_can_be_written(rig: DockerRig) -> None:
    said = output_of(
        rig,
        "for path in /tmp /var/tmp /run /etc /; do touch $path/x 2>/dev/null && echo $path; done",
        security=Security(read_only_root=True),
    )
    assert said.split() == ["/tmp", "/var/tmp", "/run"]


def test_a_mount_goes_before_a_usual_folder(rig: DockerRig) -> None:
    mount = Mount(type="tmpfs", target="/tmp", size=2**20)
    host = created(rig, security=Security(read_only_root=True), mounts=(mount,))["HostConfig"]
    assert set(host["Tmpfs"]) == {"/run", "/var/tmp"}


def test_mounts_are_where_they_should_be(rig: DockerRig, tmp_path: Path) -> None:
    (tmp_path / "given").write_text("hello\n")
    said = output_of(
        rig,
        "cat /in/given; touch /in/x 2>/dev/null || echo refused; touch /out/x && echo written",
        mounts=(
            Mount(type="bind", source=str(tmp_path), target="/in", read_only=True),
            Mount(type="volume", source="out", target="/out"),
        ),
    )
    assert said.split() == ["hello", "refused", "written"]


def test_our_folder_is_a_volume_that_goes_with_its_container(rig: DockerRig) -> None:
    made = rig.engine.create(make_request(rig.project, "task", scratch=True))
    (volume,) = rig.client.inspect_container(made)["Mounts"]
    assert (volume["Type"], volume["Destination"]) == ("volume", "/run/reconciler")
    assert rig.engine.volumes(rig.project) == ()
    rig.engine.remove(made)
    with pytest.raises(NotFound):
        rig.client.inspect_volume(volume["Name"])


def test_the_environment_is_ours_alone(
    rig: DockerRig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "config.json").write_text(
        '{"proxies": {"default": {"httpProxy": "http://proxy.example:3128"}}}'
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    made = created(rig, env=(("A", "1"), ("B", "x=y")))["Config"]["Env"]
    assert made[:2] == ["A=1", "B=x=y"]
    assert "proxy" not in str(made).lower()


def test_a_running_program_that_used_up_its_memory_is_said_to_have(rig: DockerRig) -> None:
    output_of(rig, "tail /dev/zero", resources=Resources(memory=16 * 2**20))
    detail = rig.engine.inspect(f"{rig.project}.task.1.0.1")
    assert detail is not None
    assert detail.oom
    assert detail.container.exit_code == 137


def test_proxies_of_the_shell_do_not_matter(
    rig: DockerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle")
    assert rig.engine.info().version


def test_long_output_is_cut_without_being_read(rig: DockerRig) -> None:
    output_of(rig, "yes 123456789 | head -c 9000000", logs=LogLimits(max_size=20 * 2**20))
    name = f"{rig.project}.task.1.0.1"
    assert rig.engine.logs(name, limit=25) == b"6789\n" + 2 * b"123456789\n"
    assert rig.engine.logs(name, limit=64 * 1024).endswith(b"\n123456789\n")
