"""One wedged engine among four: what it has is unknown, and the work of the others goes on.

What really happened is what the programs themselves wrote down.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.project import Json, task
from tests.e2e.site import Site
from tests.support.nodes import NAMES, POSSIBLE
from tests.support.process import eventually
from tests.support.proxy import Proxy

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd"),
]
INSTANCES, AT_ONCE = 24, 12
SCRIPT = """
echo "$INSTANCE_ID $ATTEMPT" >> /notes/ledger
until [ -e /notes/go ]; do sleep 0.1; done
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder that the programs on all nodes write to."""
    made = tmp_path / "notes-of-programs"
    made.mkdir()
    (made / "ledger").touch()
    return made


@pytest.fixture
def proxy(site: Site, tmp_path: Path) -> Iterator[Proxy]:
    """What n4 is asked through."""
    made = Proxy(tmp_path / "n4.sock", site.nodes.engines["n4"].url)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def wedged(site: Site, node: str, proxy: Proxy) -> Iterator[None]:
    """Let a node answer nothing for the length of a block; n4 answers pings."""
    if node == "n4":
        proxy.wedge(lambda method, path: path != "/_ping")
    else:
        site.nodes.engines[node].freeze()
    try:
        yield
    finally:
        proxy.unwedge()
        site.nodes.engines[node].thaw()


def declare(site: Site, proxy: Proxy, notes: Path, parallelism: int = INSTANCES) -> None:
    """Declare four nodes, and the work, of which so much is done at once."""
    site.declare("n1", "n2", "n3")
    behind = site.nodes.manifest("n4")
    site.project.declare({**behind, "spec": {"endpoint": proxy.url}})
    mount = {"type": "bind", "source": str(notes), "target": "/notes"}
    container = {"mounts": [mount], "user": "0"}
    work = task("work", SCRIPT, instances=INSTANCES, parallelism=parallelism, container=container)
    site.project.declare(work)


def told(site: Site) -> list[Json]:
    """Return what `status` says of the instances."""
    found: list[Json] = site.project.status("work")["instances"]
    return found


def states_by(site: Site, node: str) -> tuple[Counter[str], Counter[str]]:
    """Return the states of the instances that are on a node, and of all others."""
    here = Counter(i["state"] for i in told(site) if i["node"] == node)
    return here, Counter(i["state"] for i in told(site)) - here


def assert_each_counted_once(site: Site, notes: Path) -> None:
    """Each instance ran once, and has one end on record."""
    started = (notes / "ledger").read_text().splitlines()
    assert Counter(started) == Counter(f"{number} 1" for number in range(INSTANCES))
    events = [event for event in site.project.events() if event["task"] == "work"]
    ended = Counter(e["instance"] for e in events if e["kind"] == "succeeded")
    assert ended == dict.fromkeys(range(INSTANCES), 1)
    assert not {"failed", "lost", "cancelled", "forsaken"} & {e["kind"] for e in events}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("node", ["n2", "n4"], ids=["a stopped process", "pings alone"])
def test_the_work_of_the_others_comes_to_its_end(
    site: Site, proxy: Proxy, notes: Path, node: str
) -> None:
    declare(site, proxy, notes, AT_ONCE)
    running = site.project.run()
    eventually(lambda: site.where("work") == dict.fromkeys(NAMES, 3), "three on each")
    with wedged(site, node, proxy):
        running.says("node-lost", within=90)
        why = site.project.reconciler("why", f"work/{first_on(site, node)}").said
        assert "has been Unknown for" in why
        assert "the engine has not answered in time" in why or "did not answer within" in why
        assert "its node has to answer again; nothing is concluded before that" in why
        (notes / "go").touch()
        # Nine of the first twelve, and then the twelve that had not begun.
        rest = Counter({"Succeeded": INSTANCES - 3})
        eventually(lambda: states_by(site, node)[1] == rest, "all others", 90, pause=0.3)
        assert states_by(site, node)[0] == {"Unknown": 3}
    site.project.await_states("work", *["Succeeded"] * INSTANCES)
    running.terminate().ends(0)
    assert_each_counted_once(site, notes)


def first_on(site: Site, node: str) -> int:
    """Return the first instance on a node."""
    return int(next(i["id"] for i in told(site) if i["node"] == node))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("node", ["n2", "n4"], ids=["a stopped process", "pings alone"])
def test_what_was_just_beginning_there_is_unknown_and_counted_once(
    site: Site, proxy: Proxy, notes: Path, node: str
) -> None:
    """It is wedged amid creates and starts, whose answers nobody gets."""
    (notes / "go").touch()
    declare(site, proxy, notes)
    running = site.project.run()
    eventually((notes / "ledger").read_text, "work to be under way")
    with wedged(site, node, proxy):
        running.says("node-lost", within=90)
        ended = {"Succeeded"}
        eventually(lambda: set(states_by(site, node)[1]) == ended, "all others", 90, pause=0.3)
        assert set(states_by(site, node)[0]) <= {"Unknown", "Succeeded"}
    site.project.await_states("work", *["Succeeded"] * INSTANCES)
    running.terminate().ends(0)
    assert_each_counted_once(site, notes)
