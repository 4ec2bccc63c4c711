"""Snapshots whose reconciler is killed: nothing is half there, and all comes to what it would."""

import hashlib
from collections.abc import Callable

import pytest
from docker.errors import NotFound

from tests.e2e.project import Project, task
from tests.e2e.store import Store
from tests.support.process import eventually

pytestmark = [pytest.mark.docker, pytest.mark.slow]
FILES, SMALL, LARGE = 40, 64 * 1024, 6 * 2**20
# So many objects are there when it is killed.
SOME = 8
SCRIPT = f"""
mkdir /job; cd /job
for n in $(seq {FILES}); do head -c {SMALL} /dev/urandom > $n; done
head -c {LARGE} /dev/zero > large
touch /tmp/written; until test -e /tmp/over; do sleep 0.1; done; echo end > end
"""


def _at_intervals(project: Project) -> Callable[[], None]:
    """`run` takes them on its own; the writer is killed."""
    return project.run().kill


def _asked_of_the_writer(project: Project) -> Callable[[], None]:
    """A person asks, and `run` carries it out; both are killed."""
    running = project.run()
    asking = project.reconciler.start("snapshot", "work")

    def kill() -> None:
        running.kill()
        asking.kill()

    return kill


def _by_the_verb_itself(project: Project) -> Callable[[], None]:
    """There is no `run`: who asks takes it, and is killed."""
    return project.reconciler.start("snapshot", "work").kill


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("begin", "every"),
    [(_at_intervals, "1s"), (_asked_of_the_writer, None), (_by_the_verb_itself, None)],
    ids=["at intervals", "asked of the writer", "by the verb itself"],
)
def test_a_snapshot_that_is_killed_is_taken_after_all(
    project: Project,
    store: Store,
    begin: Callable[[Project], Callable[[], None]],
    every: str | None,
) -> None:
    keep = {"bucket": "lab", "prefix": "out/", "source": "/job"}
    project.declare(
        task("work", SCRIPT, outputs={**keep, **({"snapshotEvery": every} if every else {})})
    )
    project.apply()
    name = project.engine.name("work")
    eventually(lambda: _has(project, name, "/tmp/written"), "it has written all")
    store.relay.pace = 100_000
    kill = begin(project)
    eventually(lambda: len(store.sizes()) >= SOME, "some of it is there", 60)
    kill()
    before = store.versions()
    assert set(store.sizes().values()) == {SMALL}, "whole ones alone"
    assert not [path for path in before if ".reconciler" in path]
    known = len((project.state / "transfers" / f"{name}.jsonl").read_bytes().split())
    store.relay.pace = 0
    store.relay.requests.clear()

    running = project.run()
    everything = FILES + 1
    eventually(lambda: len(store.sizes()) == everything, "the snapshot is taken", 60)
    assert project.states("work") == ["Running"]
    assert before.items() <= store.versions().items(), "nothing whole is sent again"
    project.engine.execute(name, "touch", "/tmp/over")
    project.await_states("work", "Succeeded")
    running.terminate().ends(0)
    sent = store.asked("PUT", "out/")
    assert sum(path.startswith("out/") and path[4:].isdigit() for path in sent) == FILES - known
    told = store.manifest("out/", "work")
    files = {file["path"]: (file["size"], file["sha256"]) for file in told["files"]}
    assert files.keys() == {*map(str, range(1, FILES + 1)), "large", "end"}
    for path, (size, digest) in files.items():
        content = store.read(f"out/{path}")
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)
    assert [*(project.state / "transfers").iterdir()] == []
    assert not [*project.state.glob("spool-*")]


def _has(project: Project, name: str, path: str) -> bool:
    try:
        project.engine.client.get_archive(name, path)
    except NotFound:
        return False
    return True
