"""When a remote is asked: by a clock, by a nudge, and rarer while it fails."""

import gc
import os
import socket
import threading
from pathlib import Path

import pytest

from reconciler.sources.git import GitSettings, GitSource, RemoteError, Standing
from reconciler.sources.git.polling import LONGEST, GitWatch, pause
from tests.support.git_servers import GitDaemon, serving
from tests.support.process import eventually
from tests.support.repository import Repository

FOR_EVER = 1e6


class Remote:
    """A remote that answers as it is told to."""

    def __init__(self) -> None:
        self.polls = 0
        self.hinted: list[bool] = []
        self.new = False
        self.fails = False
        self.free = threading.Event()
        self.free.set()

    def poll(self, *, hinted: bool) -> bool:
        self.polls += 1
        self.hinted.append(hinted)
        self.free.wait(30)
        if self.fails:
            raise RemoteError("away")
        return self.new

    def interrupt(self) -> None:
        self.fails = True
        self.free.set()


class Calls:
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_the_pause_is_the_interval_give_or_take_a_tenth() -> None:
    assert [pause(30, 0, chance) for chance in (-1, 0, 1)] == [27, 30, 33]


def test_the_pause_grows_with_failures_up_to_a_bound() -> None:
    assert [pause(30, failures, 0) for failures in (1, 2, 3, 4, 1000)] == [
        60, 120, 240, LONGEST, LONGEST,
    ]  # fmt: skip
    assert pause(3600, 5, 0) == 3600


def test_it_calls_back_for_news_alone() -> None:
    remote, calls = Remote(), Calls()
    nudge = threading.Event()
    watch = GitWatch(remote, FOR_EVER, nudge, calls)
    try:
        eventually(lambda: remote.polls == 1, "a first poll at once")
        remote.new = True
        nudge.set()
        eventually(lambda: calls.count == 1, "a call back")
        assert (remote.polls, remote.hinted) == (2, [False, True])
    finally:
        watch.stop()


def test_nudges_during_a_poll_lead_to_one_more() -> None:
    remote = Remote()
    remote.free.clear()
    nudge = threading.Event()
    watch = GitWatch(remote, FOR_EVER, nudge, Calls())
    try:
        eventually(lambda: remote.polls == 1, "a poll under way")
        for _ in range(500):
            nudge.set()
        remote.free.set()
        eventually(lambda: remote.polls == 2, "one more")
        eventually(lambda: not nudge.is_set(), "nothing waits")
        assert remote.polls == 2
    finally:
        watch.stop()


def test_it_goes_on_by_its_interval_whatever_fails() -> None:
    remote = Remote()
    remote.fails = True
    watch = GitWatch(remote, 0.001, threading.Event(), Calls())
    try:
        eventually(lambda: remote.polls >= 5, "polls after failures")
    finally:
        watch.stop()


def test_stopping_ends_a_poll_under_way() -> None:
    remote, calls = Remote(), Calls()
    remote.free.clear()
    watch = GitWatch(remote, FOR_EVER, threading.Event(), calls)
    eventually(lambda: remote.polls == 1, "a poll under way")
    watch.stop()
    assert calls.count == 0
    assert not [thread for thread in threading.enumerate() if thread.name == "git-watch"]


def test_a_server_that_never_answers_has_a_deadline_and_can_be_left(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/jobs"
        source = GitSource(GitSettings(url=url, look_deadline=0.3), tmp_path / "mirror")
        with pytest.raises(RemoteError, match=r"did not answer in time \(no answer within 0.3 s\)"):
            source.poll()
        told: list[str] = []
        slow = GitSettings(url=url, look_deadline=600)
        patient = GitSource(slow, tmp_path / "mirror", lambda _, words: told.append(words))
        before = children()
        watch = patient.watch(Calls())
        eventually(lambda: children() - before, "a call under way")
        watch.stop()
        assert children() <= before
        assert told == []


def test_a_webhook_brings_a_commit_at_once_and_outages_are_told_of_once(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "served" / "jobs")
    first = repository.commit(a="one")
    server = GitDaemon(repository.root.parent)
    told: list[Standing] = []
    calls = Calls()
    settings = GitSettings(url=f"{server.url}/jobs", branch="main", interval=FOR_EVER)
    source = GitSource(settings, tmp_path / "mirror", lambda kind, _: told.append(kind))
    with serving(server):
        watch = source.watch(calls)
        try:
            eventually(lambda: source.revision == first, "the first commit")
            second = repository.commit(a="two")
            source.nudge()
            eventually(lambda: source.revision == second, "the second commit")
            server.stop()
            for _ in range(2):
                source.nudge()
                eventually(lambda: source.standing[0] is Standing.UNREACHABLE, "an outage")
            server.start()
            third = repository.commit(a="three")
            source.nudge()
            eventually(lambda: source.revision == third, "the third commit")
            eventually(lambda: calls.count == 3, "a call for each")
            assert told == [
                Standing.NEW, Standing.CURRENT, Standing.UNREACHABLE, Standing.CURRENT,
            ]  # fmt: skip
        finally:
            watch.stop()


def test_every_look_is_told_of_with_how_it_ended(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "jobs")
    repository.commit(a="one")
    source = GitSource(GitSettings(url=f"file://{repository.root}"), tmp_path / "mirror")
    looks: list[Standing] = []
    source.on_poll = looks.append
    source.poll()
    source.poll()
    repository.root.rename(tmp_path / "away")
    with pytest.raises(RemoteError):
        source.poll()
    assert looks == [Standing.CURRENT, Standing.CURRENT, Standing.UNREACHABLE]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_thousands_of_polls_leave_nothing_behind(tmp_path: Path) -> None:
    """Resident memory, open files and processes after 2,000 polls with 100 commits."""
    repository = Repository(tmp_path / "jobs")
    repository.commit(**{f"t{number}": f"task {number}" for number in range(200)})
    settings = GitSettings(url=f"file://{repository.root}", branch="main")
    source = GitSource(settings, tmp_path / "mirror")
    memory = files = 0
    before = children()
    commit = ""
    for number in range(2000):
        if number % 20 == 0:
            commit = repository.commit(**{f"t{number % 200}": f"change {number}"})
        source.poll()
        assert source.read().revision == commit
        if number == 200:
            gc.collect()
            memory, files = resident(), open_files()
    gc.collect()
    assert resident() <= 1.05 * memory, f"{memory} kB after 200 polls"
    assert open_files() <= files
    assert children() <= before


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> set[str]:
    """Return our descendants: whoever has one of us for a parent."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[stat.parent.name] = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
    found, before = {str(os.getpid())}, set[str]()
    while found != before:
        before = set(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {str(os.getpid())}
