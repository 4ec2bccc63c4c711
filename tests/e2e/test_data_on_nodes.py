"""Data on nodes elsewhere: by no agent and no route of theirs, and whatever becomes of a node.

The bucket is a server on this machine's loopback. No engine is in a network that leads there.
"""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.project import task
from tests.e2e.site import Site
from tests.e2e.store import Store, bucket
from tests.support.nodes import POSSIBLE, Nodes
from tests.support.process import eventually
from tests.support.relay import Relay
from tests.support.s3 import S3Server

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd"),
]
INSTANCES, OBJECTS = 6, 4
LARGE = 24 * 2**20
REACHES = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)"
SHARED = {"bucket": "lab", "prefix": "in/common/", "stripPrefix": "in/common/", "target": "/shared",
          "readOnly": True}  # fmt: skip
COPIED = {"bucket": "lab", "prefix": "in/parts/", "stripPrefix": "in/parts/", "target": "/job/in"}
KEEP = {"bucket": "lab", "prefix": "out/${INSTANCE_ID}/", "source": "/job/out"}
WORK = """
until test -e /tmp/go; do sleep 0.1; done
mkdir -p /job/out && cat /shared/* /job/in/* > /job/out/all && echo mine >> /job/in/0
echo no > /shared/0 || echo $INSTANCE_ID > /job/out/number
"""


@pytest.fixture
def lab(site: Site, server: S3Server, relay: Relay) -> Store:
    return Store(site.project, server, relay)


def reaches(nodes: Nodes, node: str, port: int) -> bool:
    """Whether an engine has a way to a port of this machine's loopback."""
    ask = (*nodes.engines[node].inside, sys.executable, "-c", REACHES, str(port))
    return subprocess.run(ask, check=False, capture_output=True, timeout=60).returncode == 0


def filling(site: Site, node: str) -> list[str]:
    """Return what is half there of data on a node."""
    return [name for name in site.views[node].ids() if ".filling-" in name]


def test_many_instances_on_two_nodes(site: Site, lab: Store, relay: Relay) -> None:
    assert not any(reaches(site.nodes, node, relay.port) for node in ("n1", "n2"))
    parts = {f"in__{folder}__{n}": f"{folder} {n}\n".encode() for folder in ("common", "parts")
             for n in range(OBJECTS // 2)}  # fmt: skip
    lab.put(**parts)
    site.declare("n1", "n2", capacity={"cpus": "300m"})
    container = {"resources": {"cpus": "100m", "memory": "16Mi"}}
    inputs = [SHARED, COPIED]
    site.project.declare(
        task("work", WORK, instances=INSTANCES, inputs=inputs, outputs=KEEP, container=container)
    )
    site.project.apply()
    assert site.where("work") == {"n1": 3, "n2": 3}
    for node, names in site.running("work").items():
        for name in names:
            site.views[node].execute(name, "touch", "/tmp/go")
    site.project.apply("--wait")
    assert lab.asked("GET", "in/") == {name.replace("__", "/"): 2 for name in parts}
    everything = b"".join(parts.values())
    keys = set()
    for number in range(INSTANCES):
        told = lab.manifest(f"out/{number}/", "work", 1, number)
        assert {file["path"]: file["sha256"] for file in told["files"]} == {
            "all": hashlib.sha256(everything).hexdigest(),
            "number": hashlib.sha256(f"{number}\n".encode()).hexdigest(),
        }
        assert lab.read(f"out/{number}/all") == everything
        assert [one["target"] for one in told["inputs"]] == ["/shared", "/job/in"]
        assert told["imageDigest"]
        keys.add(tuple(one["content"] for one in told["inputs"]))
    assert len(keys) == 1, "all nodes have the same"
    there = site.project.home / "fetched"
    site.project.reconciler("results", "work", "--fetch", str(there)).ends(0)
    assert (there / "5" / "number").read_text() == "5\n"


def test_over_ssh(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "bucket"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a").write_text("one\n")
    source = {"bucket": "lab", "prefix": "in/", "stripPrefix": "in/"}
    inputs = [{**source, "target": "/shared", "readOnly": True}, {**source, "target": "/job/in"}]
    site.declare("n3")
    script = "mkdir /job/out; cat /shared/a /job/in/a > /job/out/all"
    site.project.declare(
        bucket("lab", url=f"file://{folder}"),
        task("work", script, inputs=inputs, outputs=KEEP),
    )
    site.project.apply("--wait")
    assert (folder / "out/0/all").read_text() == "one\none\n"
    (told,) = site.project.status("work")["instances"]
    assert (told["node"], told["state"]) == ("n3", "Succeeded")


def _kill(nodes: Nodes) -> None:
    nodes.engines["n2"].go("kill")


def _cut(nodes: Nodes) -> None:
    nodes.cut("n2")


def _start(nodes: Nodes) -> None:
    nodes.engines["n2"].start()


def _mend(nodes: Nodes) -> None:
    nodes.mend("n2")


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("lose", "bring_back"), [(_kill, _start), (_cut, _mend)], ids=["killed", "cut off"]
)
def test_a_node_that_is_lost_amid_a_fetch(
    site: Site,
    lab: Store,
    relay: Relay,
    lose: Callable[[Nodes], None],
    bring_back: Callable[[Nodes], None],
) -> None:
    """Its share is done by the other one; once it is back it gets the data whole, or none."""
    lab.put(in__common__file=b"x" * LARGE)
    site.declare("n1", "n2", capacity={"cpus": "300m"})
    container = {"resources": {"cpus": "100m", "memory": "16Mi"}}
    script = "wc -c < /shared/file"
    work = task("work", script, instances=INSTANCES, inputs=[SHARED], container=container)
    site.project.declare(work)
    relay.pace = 2**17
    running = site.project.run()
    eventually(lambda: filling(site, "n2") and relay.received > LARGE // 8, "both are fetching")
    lose(site.nodes)
    try:
        running.says("node-lost", within=90)
        relay.pace = 0
        done = ["Succeeded"] * INSTANCES
        eventually(lambda: site.project.states("work") == done, "the other does it all", 90)
        assert {i["node"] for i in site.project.status("work")["instances"]} == {"n1"}
    finally:
        bring_back(site.nodes)
    late = task("late", script, inputs=[SHARED], placement={"nodes": {"back": "yes"}})
    site.project.declare(site.nodes.manifest("n2", {"back": "yes"}), late)
    site.project.await_states("late", "Succeeded")
    assert site.views["n2"].logs(site.views["n2"].name("late")).strip() == str(LARGE)
    eventually(lambda: filling(site, "n2") == [], "nothing half there stays")
    running.terminate().ends(0)
