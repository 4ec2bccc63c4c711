import hashlib
import json
from pathlib import Path

import pytest

from reconciler.engines.docker import open_engine
from reconciler.engines.docker.endpoints import Secured, Socket, Tunnelled, local, way_to
from reconciler.engines.engine import UnreachableError
from reconciler.model.desired import Tls

TLS = Tls("/ca", "/cert", "/key")


@pytest.mark.parametrize(
    ("endpoint", "way"),
    [
        ("unix:///run/x.sock", Socket("/run/x.sock")),
        ("tcp://big:2376", Secured("big:2376", TLS)),
        ("tcp://[::1]:2376", Secured("[::1]:2376", TLS)),
        ("ssh://big", Tunnelled("big")),
        ("ssh://ops@big:22", Tunnelled("ops@big", "22")),
        ("ssh://ops@[::1]:22", Tunnelled("ops@[::1]", "22")),
        ("ssh://big/run/user/7/docker.sock", Tunnelled("big", "", "/run/user/7/docker.sock")),
    ],
)
def test_what_an_endpoint_means(endpoint: str, way: object) -> None:
    assert way_to(endpoint, TLS) == way


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("unix:///run/x.sock", "127.0.0.1"),
        ("tcp://big.example.org:2376", "big.example.org"),
        ("tcp://[::1]:2376", "::1"),
        ("ssh://ops@big:22", "big"),
        ("ssh://ops@[::1]:22", "::1"),
        ("context://nonesuch", ""),
    ],
)
def test_where_published_ports_are_reached(endpoint: str, host: str) -> None:
    assert open_engine("n1", endpoint).address == host


def test_the_machine_behind_a_tunnel() -> None:
    assert Tunnelled("ops@[::1]").host == "::1"
    assert Tunnelled("big").host == "big"


@pytest.mark.parametrize("endpoint", ["http://x", "ssh://", "big-1:2376"])
def test_no_way(endpoint: str) -> None:
    with pytest.raises(UnreachableError, match="says no way"):
        way_to(endpoint, Tls())


def test_the_local_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///x.sock")
    assert local() == "unix:///x.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    assert local() == "unix:///var/run/docker.sock"


class TestContexts:
    @pytest.fixture(autouse=True)
    def _home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = tmp_path / "contexts"
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def _write(self, name: str, host: object, *files: str, **more: object) -> Path:
        digest = hashlib.sha256(name.encode()).hexdigest()
        meta = self.root / "meta" / digest
        meta.mkdir(parents=True)
        said = {"Name": name, "Endpoints": {"docker": {"Host": host, **more}}}
        (meta / "meta.json").write_text(json.dumps(said))
        folder = self.root / "tls" / digest / "docker"
        folder.mkdir(parents=True)
        for file in files:
            (folder / file).touch()
        return folder

    def test_one_over_tls(self) -> None:
        folder = self._write("lab", "tcp://big:2376", "ca.pem", "cert.pem", "key.pem")
        tls = Tls(*(str(folder / f"{part}.pem") for part in ("ca", "cert", "key")))
        assert way_to("context://lab", Tls()) == Secured("big:2376", tls)

    def test_one_over_ssh(self) -> None:
        self._write("lab", "ssh://ops@big")
        assert way_to("context://lab", Tls()) == Tunnelled("ops@big")

    def test_the_default_one_is_the_local_engine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        assert way_to("context://default", Tls()) == Socket("/var/run/docker.sock")

    def test_one_that_is_not_there(self) -> None:
        self._write("lab", "ssh://big")
        with pytest.raises(UnreachableError, match=r"no Docker context lub .*: lab$"):
            way_to("context://lub", Tls())

    def test_one_that_trusts_anybody(self) -> None:
        self._write("lab", "tcp://big:2375")
        with pytest.raises(UnreachableError, match="without TLS"):
            way_to("context://lab", Tls())

    def test_one_that_does_not_check(self) -> None:
        self._write("lab", "tcp://big:2376", "ca.pem", SkipTLSVerify=True)
        with pytest.raises(UnreachableError, match="SkipTLSVerify"):
            way_to("context://lab", Tls())

    @pytest.mark.parametrize("host", ["context://lab", "", None, ["x"]])
    def test_one_that_leads_nowhere(self, host: object) -> None:
        self._write("lab", host)
        with pytest.raises(UnreachableError):
            way_to("context://lab", Tls())

    @pytest.mark.parametrize("text", ["{", "[]", '{"Endpoints": 3}'])
    def test_one_that_is_damaged(self, text: str) -> None:
        self._write("lab", "ssh://big")
        for file in self.root.glob("meta/*/meta.json"):
            file.write_text(text)
        with pytest.raises(UnreachableError):
            way_to("context://lab", Tls())
