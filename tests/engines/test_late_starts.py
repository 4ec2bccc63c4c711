"""A link that is cut while a start is on its way to the engine: it dies with whoever asked for it.

Whoever comes next finds a container that has not started, and starts it. A start that comes late
would be a second one.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import pytest

from reconciler.engines.docker import open_engine
from reconciler.model.desired import Tls
from tests.support.engines import make_request, new_project
from tests.support.nodes import POSSIBLE, Nodes, four_nodes
from tests.support.process import always, eventually

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd"),
]
# Asks for a start when told to, by a connection that there is already.
STARTER = """
import sys
from reconciler.engines.docker import open_engine
from reconciler.model.desired import Tls
endpoint, container, *files = sys.argv[1:]
engine = open_engine("", endpoint, Tls(*files))
engine.info()
print("up", flush=True)
sys.stdin.readline()
engine.start(container)
"""


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with four_nodes(tmp_path / "n") as made:
        yield made


def unsent(address: str) -> int:
    """Return how many bytes for an address have not got there."""
    asked = subprocess.run(("ss", "-Htn", "dst", address), check=True, capture_output=True)
    return sum(int(line.split()[2]) for line in asked.stdout.splitlines())


def test_a_start_that_the_dead_asked_for_does_not_come_late(nodes: Nodes) -> None:
    project, reach = new_project(), nodes.tls("n1")
    engine = open_engine("n1", nodes.endpoint("n1"), Tls(**reach))
    made = engine.create(make_request(project, "a"))
    command = (sys.executable, "-c", STARTER, nodes.endpoint("n1"), made, *reach.values())
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as starter:
        assert starter.stdin is not None
        assert starter.stdout is not None
        assert starter.stdout.readline() == "up\n"
        nodes.cut("n1")
        print(file=starter.stdin, flush=True)
        eventually(lambda: unsent(nodes.address("n1")), "it to be on its way")
        starter.kill()
    nodes.mend("n1")
    idle = lambda: not any(container.live for container in engine.list(project))  # noqa: E731
    always(idle, "nothing runs", 5)
    engine.close()
