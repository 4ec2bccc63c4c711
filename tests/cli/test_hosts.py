"""`--nodes` on the command line: what it takes, and that nothing begins where it is in error."""

import json
import socket
from pathlib import Path

import pytest

from reconciler.cli.hosts import listed
from reconciler.cli.options import Chosen
from reconciler.cli.place import find
from reconciler.model.operator import Way
from tests.cli.helpers import HELLO, call, given, write

ABSENT = "unix:///nowhere/{host}.sock"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECONCILER_STATE", str(tmp_path / "state"))
    return write(tmp_path / "src", reconciler="project: demo\n", hello=HELLO)


@pytest.mark.parametrize("verb", ["plan", "apply", "run"])
def test_a_list_with_errors_starts_nothing(verb: str, source: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("n1\n n[2-4]\n")
    result = call(verb, source, "--nodes", tmp_path / "hosts")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{tmp_path}/hosts:2:2: error bad-host: 'n[2-4]' is no host's name" in result.stderr
    assert "scontrol show hostnames" in result.stderr
    assert not (tmp_path / "state").exists()


def test_a_list_that_cannot_be_read(source: Path, tmp_path: Path) -> None:
    result = call("plan", source, "--nodes", tmp_path / "gone")
    assert result.exit_code == 64
    assert "the list of hosts" in result.stderr
    assert "No such file" in result.stderr


def test_an_endpoint_for_no_list(source: Path) -> None:
    result = call("plan", source, "--node-endpoint", ABSENT)
    assert result.exit_code == 64
    assert "--node-endpoint is for the hosts that --nodes lists" in result.stderr


def test_an_endpoint_without_a_host(source: Path) -> None:
    result = given("n1\n", "plan", source, "--nodes", "-", "--node-endpoint", "ssh://n1")
    assert result.exit_code == 1
    assert "bad-endpoint" in result.stderr
    assert "Write {host} where the host belongs" in result.stderr


def test_a_comparison_needs_no_hosts(source: Path) -> None:
    result = given("n1\n", "plan", source, "--from", "HEAD", "--nodes", "-")
    assert result.exit_code == 64
    assert "--from compares" in result.stderr


def test_standard_input_names_the_nodes_that_are_asked(source: Path) -> None:
    result = given("n1\nn2\nn1\n", "plan", source, "--nodes", "-", "--node-endpoint", ABSENT)
    assert result.exit_code == 1
    assert "stdin:3:1: warning repeated-host: n1 is listed already, at stdin:1:1" in result.stderr
    assert "node n1: " in result.stderr
    assert "node n2: " in result.stderr
    assert "node local" not in result.stderr


def test_this_machine_by_its_own_name_is_its_own_engine(tmp_path: Path) -> None:
    names = {"localhost", socket.gethostname()}
    (tmp_path / "hosts").write_text("\n".join(sorted(names)))
    found = listed(Chosen(nodes=tmp_path / "hosts"), Way())
    assert found is not None
    assert {node.endpoint for node in found.nodes} == {""}


def test_hosts_are_for_the_verbs_that_make_it_so(source: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("n1\n")
    assert call("status", source, "--nodes", tmp_path / "hosts").exit_code == 64
    place = find(source, Chosen(nodes=tmp_path / "hosts"))
    assert place.hosts is not None
    assert "--nodes" in place.command("plan")
    assert "--nodes" not in place.command("status")


def test_one_list_is_not_for_several_sources(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    sources = [{"name": name, "url": f"file:///nowhere/{name}"} for name in ("a", "b")]
    config.write_text(json.dumps({"stateRoot": str(tmp_path / "s"), "sources": sources}))
    result = given("n1\n", "run", "--config", config, "--nodes", "-")
    assert result.exit_code == 1
    assert "there are several sources" in result.stderr
