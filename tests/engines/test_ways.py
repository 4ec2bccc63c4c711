"""Real engines over TLS and ssh: the same calls as at a socket, and clear words where none is."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.engines.docker import open_engine
from reconciler.engines.docker.engine import DockerEngine
from reconciler.engines.engine import Engine, UnreachableError
from reconciler.model.desired import Tls
from tests.support.certificates import Authority
from tests.support.engines import make_request, new_project, watching
from tests.support.nodes import NAMES, POSSIBLE, Nodes, four_nodes
from tests.support.process import eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd"),
]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with four_nodes(tmp_path_factory.mktemp("nodes") / "n") as made:
        yield made


@contextmanager
def engine_of(
    nodes: Nodes, name: str, tls: Tls | None = None, endpoint: str = ""
) -> Iterator[Engine]:
    files = tls or Tls(**nodes.tls(name))
    made = open_engine(name, endpoint or nodes.endpoint(name), files, str(nodes.config))
    try:
        yield made
    finally:
        made.close()


def refusal(engine: Engine) -> str:
    """Return why an engine cannot be asked. Its last word may be lost while we still talk."""
    with pytest.raises(UnreachableError) as caught:
        engine.info()
    return str(caught.value)


def ssh_processes(nodes: Nodes) -> list[int]:
    """Return the processes of ssh that lead to this test's n3."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if words[0] == b"ssh" and str(nodes.config).encode() in words and state != "Z":
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_container_lives_and_dies(nodes: Nodes, name: str) -> None:
    project = new_project()
    with engine_of(nodes, name) as engine, watching(engine, project) as watch:
        assert engine.info().cpus
        made = engine.create(make_request(project, "a", command=("sleep", "600")))
        engine.start(made)
        watch.until("start")
        assert [c.live for c in engine.list(project)] == [True]
        assert engine.list(project)[0].node == name
        engine.signal(made, "SIGKILL")
        watch.until("die")
        engine.remove(made)
        assert engine.list(project) == ()


@pytest.mark.parametrize("name", ["n1", "n3"])
def test_a_stream_is_closed_at_once(nodes: Nodes, name: str) -> None:
    with engine_of(nodes, name) as engine:
        stream = engine.events("nobody")
        closer = threading.Timer(0.2, stream.close)
        closer.start()
        assert list(stream) == []
        closer.join()


class TestTls:
    def test_what_the_shell_believes_means_nothing(
        self, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle")
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        with engine_of(nodes, "n1") as engine:
            assert engine.info().cpus

    def test_an_engine_that_another_authority_vouches_for(
        self, nodes: Nodes, tmp_path: Path
    ) -> None:
        other = Authority(tmp_path, "other")
        certificate, key = nodes.client
        tls = Tls(str(other.ca), str(certificate), str(key))
        with engine_of(nodes, "n1", tls) as engine, pytest.raises(UnreachableError) as caught:
            engine.info()
        assert "a certificate that is not believed" in str(caught.value)
        assert "see that tls.ca is the authority" in str(caught.value)

    def test_the_systems_authorities_count_where_none_is_named(self, nodes: Nodes) -> None:
        certificate, key = nodes.client
        tls = Tls("", str(certificate), str(key))
        with (
            engine_of(nodes, "n1", tls) as engine,
            pytest.raises(UnreachableError, match="a certificate that is not believed"),
        ):
            engine.info()

    def test_a_certificate_of_our_own_that_means_nothing_there(
        self, nodes: Nodes, tmp_path: Path
    ) -> None:
        certificate, key = Authority(tmp_path, "other").sign("client")
        tls = Tls(str(nodes.authority.ca), str(certificate), str(key))
        with engine_of(nodes, "n1", tls) as engine:
            eventually(lambda: "not believe our certificate" in refusal(engine), "it says why")

    def test_no_certificate_of_our_own(self, nodes: Nodes) -> None:
        tls = Tls(str(nodes.authority.ca))
        with engine_of(nodes, "n1", tls) as engine:
            eventually(lambda: "not believe our certificate" in refusal(engine), "it says why")

    def test_a_file_that_is_not_there(self, nodes: Nodes) -> None:
        tls = Tls(str(nodes.authority.ca), "/no/such.pem", "/no/such-key.pem")
        with (
            engine_of(nodes, "n1", tls) as engine,
            pytest.raises(UnreachableError, match=r"tls\.cert: there is no file /no/such\.pem"),
        ):
            engine.info()

    def test_a_file_that_is_something_else(self, nodes: Nodes, tmp_path: Path) -> None:
        (tmp_path / "x.pem").write_text("hello")
        certificate, key = nodes.client
        for tls in (
            Tls(str(tmp_path / "x.pem"), str(certificate), str(key)),
            Tls(str(nodes.authority.ca), str(tmp_path / "x.pem"), str(key)),
        ):
            with (
                engine_of(nodes, "n1", tls) as engine,
                pytest.raises(UnreachableError, match="cannot be used"),
            ):
                engine.info()


class TestSsh:
    def test_all_calls_go_through_one_connection(self, nodes: Nodes) -> None:
        with engine_of(nodes, "n3") as engine:
            with ThreadPoolExecutor(16) as pool:
                answers = list(pool.map(lambda _: engine.info().version, range(48)))
            assert len(set(answers)) == 1
            assert len(ssh_processes(nodes)) == 1
        eventually(lambda: not ssh_processes(nodes), "ssh to end with the engine's close")

    def test_a_connection_that_breaks_is_made_anew(self, nodes: Nodes) -> None:
        with engine_of(nodes, "n3") as engine:
            engine.info()
            (process,) = ssh_processes(nodes)
            os.kill(process, signal.SIGKILL)
            eventually(lambda: process not in ssh_processes(nodes), "ssh to end")
            assert engine.info().cpus

    def test_ssh_ends_with_a_process_that_is_killed(self, nodes: Nodes) -> None:
        script = (
            "import sys, time; from reconciler.engines.docker import open_engine\n"
            "open_engine('n3', sys.argv[1], None, sys.argv[2]).info(); print('up', flush=True)\n"
            "time.sleep(600)"
        )
        command = (sys.executable, "-c", script, nodes.endpoint("n3"), str(nodes.config))
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"up\n"
                assert len(ssh_processes(nodes)) == 1
            finally:
                process.kill()
        eventually(lambda: not ssh_processes(nodes), "ssh to end with whom it served")

    def test_a_host_key_that_is_not_known(self, nodes: Nodes, tmp_path: Path) -> None:
        before = nodes.config.read_text()
        (tmp_path / "none").touch()
        nodes.trust(tmp_path / "none")
        try:
            with engine_of(nodes, "n3") as engine, pytest.raises(UnreachableError) as caught:
                engine.info()
        finally:
            nodes.config.write_text(before)
        assert f"the host key of {nodes.address('n3')} is not known" in str(caught.value)
        assert "`ssh-keyscan -p " in str(caught.value)
        assert (tmp_path / "none").read_text() == "", "no key is taken on trust"

    def test_another_host_key(self, nodes: Nodes) -> None:
        before = nodes.config.read_text()
        nodes.mistrust()
        try:
            with (
                engine_of(nodes, "n3") as engine,
                pytest.raises(
                    UnreachableError, match="another host key than the one that is known"
                ),
            ):
                engine.info()
        finally:
            nodes.config.write_text(before)

    def test_a_user_who_is_not_let_in(self, nodes: Nodes) -> None:
        endpoint = nodes.endpoint("n3").replace("root@", "nobody@")
        with (
            engine_of(nodes, "n3", endpoint=endpoint) as engine,
            pytest.raises(UnreachableError, match="does not let nobody in with the keys"),
        ):
            engine.info()

    def test_no_engine_over_there(self, nodes: Nodes) -> None:
        endpoint = nodes.endpoint("n3").rpartition("/tmp")[0] + "/no/such.sock"
        with (
            engine_of(nodes, "n3", endpoint=endpoint) as engine,
            pytest.raises(UnreachableError, match="no Docker Engine answers at /no/such"),
        ):
            engine.info()

    def test_nobody_who_answers(self, nodes: Nodes) -> None:
        with (
            engine_of(nodes, "n3", endpoint=f"ssh://root@{nodes.address('n3')}:9") as engine,
            pytest.raises(UnreachableError, match="nobody answers to ssh at"),
        ):
            engine.info()


def test_a_wedged_engine_is_given_up_at_its_deadline(nodes: Nodes) -> None:
    nodes.engines["n2"].freeze()
    try:
        with (
            engine_of(nodes, "n2") as engine,
            pytest.raises(UnreachableError, match="did not answer within 5 s"),
        ):
            engine.info()
    finally:
        nodes.engines["n2"].thaw()


def test_the_way_is_not_gone_before_the_first_call(nodes: Nodes) -> None:
    engine = DockerEngine("n", "context://no-such-context")
    engine.close()
    with pytest.raises(UnreachableError, match="there is no Docker context no-such-context"):
        engine.info()
    assert nodes.engines
