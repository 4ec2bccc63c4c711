"""Repositories on real servers: by the daemon, https with a password, ssh with a key."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from tests.e2e.fleet import Fleet
from tests.e2e.project import service
from tests.support.exposure import files_with, watched
from tests.support.git_servers import GitDaemon, HttpsServer, Sshd, serving
from tests.support.process import Running, always, eventually

pytestmark = pytest.mark.docker
WRONG = "wr0ng-passw0rd"


class Way(Struct):
    """A server, the files by which it is reached, and the words of which nobody may see any."""

    fleet: Fleet
    server: GitDaemon | HttpsServer | Sshd
    files: dict[str, Path]
    secrets: list[str]

    def follow(self) -> Running:
        chosen = {"credentials": "lab"} if self.fleet.config else {}
        return self.fleet.follow_as(**chosen)

    def runs(self, instances: int) -> None:
        """Wait until so many run."""
        running = self.fleet.project.engine.running
        eventually(lambda: len(running("web")) == instances, f"{instances} to run")

    def stays(self, before: dict[str, str]) -> None:
        """Look for a while whether everything stays as it was."""
        always(lambda: self.fleet.project.engine.ids() == before, "what runs stays", during=1.0)

    def check_secrets(self) -> None:
        """Look into the ledger, the mirror, and all that any verb has said."""
        home = self.fleet.project.home
        for secret in self.secrets:
            assert not files_with(secret, self.fleet.project.state)
            assert not files_with(secret, home / "notes")


def over_https(fleet: Fleet) -> Way:
    home = fleet.project.home
    server = HttpsServer(home, home / "https")
    files = {"password": home / "password", "ca": server.ca}
    files["password"].write_text(server.password + "\n")
    lab = {"user": server.user, "password": {"file": str(files["password"])}}
    fleet.config = {"credentials": {"lab": {**lab, "ca": str(server.ca)}}}
    fleet.url = f"{server.url}/source"
    sent = base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
    return Way(fleet, server, files, [server.password, sent, WRONG])


def over_ssh(fleet: Fleet) -> Way:
    server = Sshd(fleet.project.home / "sshd")
    files = {"key": server.key, "knownHosts": server.known_hosts()}
    lab = {"key": {"file": str(files["key"])}, "knownHosts": str(files["knownHosts"])}
    fleet.config = {"credentials": {"lab": lab}}
    fleet.url = f"{server.url}{fleet.project.source}"
    return Way(fleet, server, files, [server.key.read_text().splitlines()[1]])


def by_daemon(fleet: Fleet) -> Way:
    server = GitDaemon(fleet.project.home)
    fleet.url = f"{server.url}/source"
    return Way(fleet, server, {}, [])


WAYS = {"daemon": by_daemon, "https": over_https, "ssh": over_ssh}


@pytest.fixture
def way(fleet: Fleet, request: pytest.FixtureRequest) -> Iterator[Way]:
    made = WAYS[request.param](fleet)
    with serving(made.server):
        yield made


@pytest.mark.parametrize("way", WAYS, indirect=True)
def test_commits_arrive_and_what_arrived_outlives_the_server(way: Way) -> None:
    fleet = way.fleet
    fleet.commit(service("web"))
    with watched() as shown:
        running = way.follow()
        way.runs(1)
        fleet.commit(service("web", instances=2))
        way.runs(2)
    two = fleet.project.engine.ids()
    way.server.stop()
    running.says("127.0.0.1", "reached")
    fleet.commit(service("web", instances=3))
    way.stays(two)
    way.server.start()
    way.runs(3)
    three = fleet.project.engine.ids()
    way.server.stop()
    fleet.commit(service("web", instances=4))
    running.terminate().ends(0)
    again = way.follow()
    way.stays(three)
    way.server.start()
    way.runs(4)
    assert two.items() <= three.items() <= fleet.project.engine.ids().items()
    assert "cannot be reached" in again.terminate().ends(0).err
    assert any("ls-remote" in one for one in shown)
    assert not [one for one in shown for secret in way.secrets if secret in one]
    way.check_secrets()


def another_key(way: Way) -> str:
    assert isinstance(way.server, Sshd)
    return way.server.make_key("other").read_text()


def another_host_key(way: Way) -> str:
    assert isinstance(way.server, Sshd)
    return way.server.known_hosts(way.server.make_key("other")).read_text()


def another_ca(way: Way) -> str:
    return HttpsServer(way.fleet.project.home, way.fleet.project.home / "other").ca.read_text()


@pytest.mark.parametrize(
    ("way", "file", "content", "words"),
    [
        ("https", "password", lambda way: WRONG, "does not take the credential that was given"),
        pytest.param("https", "ca", another_ca, "is not trusted", marks=pytest.mark.slow),
        ("ssh", "key", another_key, "does not take the ssh key in the file"),
        ("ssh", "knownHosts", lambda way: "", "is unknown: "),
        pytest.param(
            "ssh",
            "knownHosts",
            another_host_key,
            "shows another host key than",
            marks=pytest.mark.slow,
        ),
    ],
    indirect=["way"],
    ids=["password", "authority", "key", "unknown host", "other host key"],
)
def test_what_is_refused_is_told_and_changes_nothing(
    way: Way, file: str, content: Callable[[Way], str], words: str
) -> None:
    way.fleet.commit(service("web"))
    running = way.follow()
    way.runs(1)
    before = way.fleet.project.engine.ids()
    right, wrong = way.files[file].read_text(), content(way)
    way.secrets += wrong.splitlines()[1:2]  # of a key, the line that tells it
    way.files[file].write_text(wrong)
    way.fleet.commit(service("web", instances=2))
    running.says(words)
    assert words in way.fleet.told("warning")[-1]
    way.stays(before)
    way.files[file].write_text(right)
    way.runs(2)
    assert before.items() <= way.fleet.project.engine.ids().items()
    way.check_secrets()


@pytest.mark.parametrize("way", ["https"], indirect=True)
def test_nothing_begins_before_the_first_answer(way: Way) -> None:
    way.fleet.commit(service("web"))
    way.files["password"].write_text(WRONG)
    how = way.fleet.described(name="another-name", credentials="lab")
    running = way.fleet.project.reconciler.start("run", *how)
    running.says("does not take the credential that was given", "nothing is begun")
    way.stays({})
    assert way.fleet.project.engine.volumes() == {}, "not even a claim"
    way.files["password"].write_text(HttpsServer.password)
    way.runs(1)
    way.check_secrets()
