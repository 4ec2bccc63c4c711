"""What the engine is told to create. That it does as told is the contract suite's matter."""

from typing import Any

from msgspec.structs import replace

from reconciler.engines.docker.create import config_of, external_volumes, own_volumes
from reconciler.model.confidence import Disclosed
from reconciler.model.spec import Health, LogLimits, Mount, Port, Resources
from tests.support.engines import make_request


def config(**spec: Any) -> dict[str, Any]:  # noqa: ANN401
    return config_of(make_request("demo", "task", **spec))


def host(**spec: Any) -> Any:  # noqa: ANN401
    return config(**spec)["HostConfig"]


def test_the_images_own_entrypoint_and_command_stay_unless_said() -> None:
    made = config(command=None)
    assert "Entrypoint" not in made
    assert "Cmd" not in made


def test_an_empty_entrypoint_is_cleared() -> None:
    made = config(entrypoint=(), command=("a", "b c"))
    assert made["Entrypoint"] == []
    assert made["Cmd"] == ["a", "b c"]


def test_what_is_not_said_is_left_to_the_image() -> None:
    assert config().keys().isdisjoint({"User", "WorkingDir", "Hostname"})


def test_environment_and_labels_come_from_the_request() -> None:
    made = config(env=(("B", "2"), ("A", "x=y")))
    assert made["Env"] == ["B=2", "A=x=y"]
    assert made["Labels"] == dict(
        make_request("demo", "task", env=(("B", "2"), ("A", "x=y"))).labels
    )


def test_what_is_told_in_confidence_is_a_variable_and_no_label() -> None:
    request = make_request("demo", "task", env=(("A", "1"),))
    made = config_of(replace(request, disclosed=Disclosed((("TOKEN", "hunter2"),))))
    assert made.pop("Env") == ["A=1", "TOKEN=hunter2"]
    assert "hunter2" not in str(made)


def test_no_limit_is_no_limit() -> None:
    limits = {"Memory", "MemorySwap", "NanoCpus", "PidsLimit", "ShmSize", "Ulimits"}
    assert host(resources=Resources(pids=0)).keys().isdisjoint(limits)


def test_memory_excludes_swap() -> None:
    made = host(resources=Resources(memory=100))
    assert made["Memory"] == made["MemorySwap"] == 100


def test_ports_are_bound_together() -> None:
    ports = (Port(container=80), Port(container=80, host=8080), Port(container=53, protocol="udp"))
    made = config(ports=ports)
    assert made["ExposedPorts"] == {"80/tcp": {}, "53/udp": {}}
    assert made["HostConfig"]["PortBindings"] == {
        "80/tcp": [{"HostPort": ""}, {"HostPort": "8080"}],
        "53/udp": [{"HostPort": ""}],
    }


def test_no_check_is_not_the_images_check() -> None:
    assert config()["Healthcheck"] == {"Test": ["NONE"]}


def test_a_check_is_run_without_a_shell() -> None:
    health = Health(command=("test", "-f", "/x y"), interval=1.5, retries=7)
    assert config(health=health)["Healthcheck"] == {
        "Test": ["CMD", "test", "-f", "/x y"],
        "Interval": 1_500_000_000,
        "Timeout": 5_000_000_000,
        "Retries": 7,
        "StartPeriod": 0,
    }


def test_unbounded_logs_have_no_number_of_files() -> None:
    assert host(logs=LogLimits(max_size=0))["LogConfig"]["Config"] == {}


MOUNTS = (
    Mount(type="bind", source="/a", target="/b", read_only=True),
    Mount(type="volume", source="data", target="/data"),
    Mount(type="volume", source="theirs", target="/theirs", external=True),
    Mount(type="volume", target="/anonymous"),
    Mount(type="tmpfs", target="/tmp", size=100),
    Mount(type="tmpfs", target="/run"),
)


def test_mounts_are_spelled_out() -> None:
    bind, own, external, anonymous, sized, unsized = host(mounts=MOUNTS)["Mounts"]
    assert bind == {"Type": "bind", "Source": "/a", "Target": "/b", "ReadOnly": True}
    assert own["Source"] == "demo.data"
    assert external["Source"] == "theirs"
    assert anonymous["Source"] == ""
    assert sized["TmpfsOptions"] == {"SizeBytes": 100, "Mode": 0o1777}
    assert unsized["TmpfsOptions"] == {"Mode": 0o1777}


def test_volumes_are_told_apart() -> None:
    request = make_request("demo", "task", mounts=MOUNTS)
    assert own_volumes(request) == (
        ("demo.data", {"io.reconciler.project": "demo", "io.reconciler.volume": "data"}),
    )
    assert external_volumes(request) == ("theirs",)
