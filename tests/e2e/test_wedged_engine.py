"""An engine that takes calls and answers none, or none but pings: what it runs is unknown.

Nothing is concluded from its silence, and once it is over all goes on as if it had not been.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.project import Project, task
from tests.support.private_engine import POSSIBLE, PrivateEngine
from tests.support.process import eventually
from tests.support.proxy import Proxy

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.skipif(not POSSIBLE, reason="it needs root and dockerd"),
]
INSTANCES, AT_ONCE = 6, 3
SCRIPT = """
echo "$INSTANCE_ID $ATTEMPT" >> /notes/ledger
until [ -e /notes/go ]; do sleep 0.1; done
"""


@pytest.fixture
def project(tmp_path: Path, engine: PrivateEngine) -> Iterator[Project]:
    made = Project(tmp_path, engine.url)
    notes = tmp_path / "notes-of-programs"
    notes.mkdir()
    mount = {"type": "bind", "source": str(notes), "target": "/notes"}
    container = {"mounts": [mount], "user": "0"}
    made.declare(
        task("work", SCRIPT, instances=INSTANCES, parallelism=AT_ONCE, container=container)
    )
    try:
        yield made
    finally:
        made.reconciler.close()


@contextmanager
def standing_still(engine: PrivateEngine) -> Iterator[None]:
    engine.freeze()
    try:
        yield
    finally:
        engine.thaw()


@contextmanager
def answering_pings_alone(proxy: Proxy) -> Iterator[None]:
    proxy.wedge(lambda method, path: path != "/_ping")
    try:
        yield
    finally:
        proxy.unwedge()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["a stopped process", "pings alone"])
def test_what_a_wedged_engine_runs_is_unknown_and_goes_on(
    project: Project, engine: PrivateEngine, how: str
) -> None:
    proxy = Proxy(project.home / "engine.sock", engine.url)
    proxy.start()
    project.reconciler.env["DOCKER_HOST"] = proxy.url
    running = project.run()
    eventually(lambda: len(project.engine.running()) == AT_ONCE, "the first to run")
    stopped = how == "a stopped process"
    with standing_still(engine) if stopped else answering_pings_alone(proxy):
        running.says("node-lost", "did not answer within", within=90)
        assert project.states("work") == ["Unknown"] * AT_ONCE + ["Pending"] * AT_ONCE
        why = project.reconciler("why", "work/0").said
        assert "work/0 has been Unknown for" in why
        assert "did not answer within" in why
        assert "its node has to answer again; nothing is concluded before that" in why
        (project.home / "notes-of-programs" / "go").touch()
    project.await_states("work", *["Succeeded"] * INSTANCES)
    running.terminate().ends(0)
    proxy.stop()
    started = (project.home / "notes-of-programs" / "ledger").read_text().splitlines()
    assert sorted(started) == [f"{number} 1" for number in range(INSTANCES)], "each once"
