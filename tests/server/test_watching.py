"""Health, readiness and metrics of a real loop on a simulated engine."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from reconciler.controller.core import Core
from reconciler.controller.happenings import SourceChanged
from reconciler.controller.loop import Ending
from reconciler.controller.writing import Options, Writer, complete, writer
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.server.health import health, readiness
from reconciler.server.meter import Meter
from reconciler.server.serving import Server, Settings
from reconciler.server.vigil import Vigil
from reconciler.sources.folder import FolderSource
from tests.server.site import Site
from tests.support.desired import make_desired, make_task
from tests.support.lab import MemoryRecord

TASK = """\
apiVersion: reconciler/v1
kind: Task
metadata: {{name: {name}}}
spec: {{profile: docker-batch, constants: {{DOCKER_TAG: stable, DOCKER_CMD: "true"}}}}
"""


class Ours(Site):
    """A server that watches a project's loop."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.world = World("local", time.time)
        self.world.images = {"library/busybox:stable": "sha256:b0", "busybox:stable": "sha256:b0"}
        self.world.autoexit = lambda _: 0
        self.manifests = folder / "source"
        self.manifests.mkdir()
        self.state = folder / "state"
        self.committed = 0.0

    def write(self, name: str) -> None:
        (self.manifests / f"{name}.yaml").write_text(TASK.format(name=name))

    @contextmanager
    def watched(self, count: int = 3) -> Iterator[tuple[Writer, Meter]]:
        """Open a session, and serve what is seen of it."""
        desired = make_desired(make_task(count=count), revision="f-1")
        options = Options(
            verb="test", state=self.state, open_engine=lambda _: SimulatedEngine(self.world)
        )
        source = FolderSource(self.manifests)
        with writer(source, desired, options, follow=True) as opened:
            self.server = Server([], Settings(metrics="0"), lambda *told: self.told.append(told))
            meter = self.server.watch(opened.loop, lambda _: self.committed)
            meter._every = 0.0
            with self.server:
                yield opened, meter


@pytest.fixture
def ours(tmp_path: Path) -> Ours:
    return Ours(tmp_path)


def seen(site: Site, what: str) -> dict[str, float]:
    """Return a metric's lines: labels → value."""
    text = site.ask("GET", "/metrics", of="metrics").body.decode()
    found = re.findall(rf"^{what}(?:{{(.*)}})? (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_what_has_been_done_is_counted(ours: Ours) -> None:
    with ours.watched() as (opened, _):
        assert opened.loop.run(complete) is Ending.DONE
        actions = seen(ours, "reconciler_actions_total")
        for verb in ("create", "start", "collect"):
            assert actions[f'outcome="ok",project="demo",verb="{verb}"'] == 3
        calls = seen(ours, "reconciler_engine_call_seconds_count")
        assert calls['project="demo",verb="start"'] == 3
        assert seen(ours, "reconciler_pass_seconds_count")['project="demo"'] >= 3
        assert seen(ours, "reconciler_ledger_commit_seconds_count")['project="demo"'] >= 3
        assert seen(ours, "reconciler_event_lag_seconds_count")['project="demo"'] >= 3


def test_what_is_the_case_is_shown(ours: Ours) -> None:
    with ours.watched() as (opened, _):
        opened.loop.run(complete)
        assert seen(ours, "reconciler_node_up") == {'node="local",project="demo"': 1}
        assert seen(ours, "reconciler_revision_info") == {'project="demo",revision="f-1"': 1}
        instances = seen(ours, "reconciler_instances")
        assert instances['project="demo",state="Succeeded"'] == 3
        assert sum(instances.values()) == 3
        assert seen(ours, "reconciler_tasks")['project="demo",state="Succeeded"'] == 1
        assert seen(ours, "process_resident_memory_bytes")[""] > 1e6
        assert seen(ours, "process_open_fds")[""] > 3


def test_no_task_or_container_is_a_label(ours: Ours) -> None:
    with ours.watched() as (opened, _):
        opened.loop.run(complete)
        text = ours.ask("GET", "/metrics", of="metrics").body.decode()
    labels = set(re.findall(r'[{,]([a-z]+)="', text))
    assert labels <= {
        *("project", "verb", "outcome", "state", "node", "revision", "since", "forge", "le"),
        *("version",),
    }


def passage(ours: Ours, which: str) -> dict[str, float]:
    counts = seen(ours, f"reconciler_revision_{which}_seconds_count")
    return {since: counts.get(f'project="demo",since="{since}"', 0) for since in ("commit", "seen")}


def follow(ours: Ours, opened: Writer, until: Callable[[], bool]) -> None:
    """Have the source read, and run until something is so."""
    opened.loop.put(SourceChanged())
    opened.loop.run(lambda _: until())


def test_a_commits_way_to_containers_is_timed(ours: Ours) -> None:
    ours.committed = time.time() - 60
    with ours.watched() as (opened, _):
        ours.write("another")
        follow(ours, opened, lambda: passage(ours, "converged")["seen"] == 1)
        assert passage(ours, "converged") == {"commit": 1, "seen": 1}
        assert passage(ours, "first_call") == {"commit": 1, "seen": 1}
        sums = seen(ours, "reconciler_revision_converged_seconds_sum")
        assert sums['project="demo",since="commit"'] >= 60
        assert seen(ours, "reconciler_revisions_total") == {'outcome="in-force",project="demo"': 1}


def test_where_a_revision_starts_again_nothing_is_timed(ours: Ours) -> None:
    with ours.watched() as (opened, _):
        opened.loop.run(complete)
        assert passage(ours, "converged") == {"commit": 0, "seen": 0}


def test_an_invalid_revision_is_counted(ours: Ours) -> None:
    with ours.watched() as (opened, _):
        (ours.manifests / "wrong.yaml").write_text("kind: Task\n")
        refused = 'outcome="refused",project="demo"'
        follow(ours, opened, lambda: refused in seen(ours, "reconciler_revisions_total"))


def test_polls_are_counted(ours: Ours) -> None:
    with ours.watched() as (_, meter):
        meter.polled(ok=True)
        meter.polled(ok=False)
        meter.polled(ok=False)
        assert seen(ours, "reconciler_source_polls_total") == {
            'outcome="ok",project="demo"': 1,
            'outcome="failed",project="demo"': 2,
        }


def missing(ours: Ours) -> list[str]:
    return [one["what"] for one in ours.ask("GET", "/readyz", of="metrics").said["missing"]]


def test_readiness_says_what_is_missing(ours: Ours) -> None:
    ours.write("one")
    with ours.watched() as (opened, _):
        answer = ours.ask("GET", "/readyz", of="metrics")
        assert (answer.status, missing(ours)) == (503, ["loop"])
        opened.loop.run(lambda _: missing(ours) == ["source"])
    with ours.watched() as (opened, _):
        follow(ours, opened, lambda: not missing(ours))
        assert ours.ask("GET", "/readyz", of="metrics").said == {"ready": True, "missing": []}


def test_a_project_that_has_not_begun_is_not_ready(ours: Ours) -> None:
    with ours.watched():
        with ours.server.expecting("fleet") as told:
            told("it is not signed")
            said = ours.ask("GET", "/readyz", of="metrics").said["missing"]
        assert said[-1] == {"project": "fleet", "what": "source", "reason": "it is not signed"}
        assert "fleet" not in ours.ask("GET", "/readyz", of="metrics").body.decode()


def test_a_node_is_missing_until_it_has_had_its_say() -> None:
    vigil = Vigil("demo", every=0.0)
    core = Core(make_desired(make_task()), MemoryRecord(), time.time)
    vigil.turned(core, 0.0)
    assert [one["what"] for one in vigil.sight.missing()] == ["source", "node local"]
    core.board.lose("local", "it is away")
    vigil.turned(core, 0.0)
    core.board.lose("local", "a call got no answer", doubt=True)
    vigil.turned(core, 0.0)
    assert [one["what"] for one in vigil.sight.missing()] == ["source"]


def test_a_ledger_that_takes_nothing_is_not_ready() -> None:
    vigil = Vigil("demo", every=0.0)
    core = Core(make_desired(make_task()), MemoryRecord(), time.time)
    core.scribe.error = "no space left"
    vigil.turned(core, 0.0)
    assert {"what": "ledger", "reason": "no space left"} in vigil.sight.missing()
    assert readiness([vigil], {}).status is HTTPStatus.SERVICE_UNAVAILABLE


def test_a_loop_that_turns_no_more_is_not_healthy(ours: Ours) -> None:
    with ours.watched() as (opened, meter):
        opened.loop.run(complete)
        assert ours.ask("GET", "/healthz", of="metrics").status == 200
        # A loop that has ended turns no more, and its age only grows.
        assert health([meter], stale=0.0).status is HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_pages_can_only_be_read(ours: Ours, path: str) -> None:
    with ours.watched():
        refused = ours.ask("POST", path, of="metrics")
        assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
        head = ours.ask("HEAD", path, of="metrics")
        assert int(head.headers["Content-Length"]) > 0
        assert head.body == b""


def test_there_are_no_hooks_where_metrics_are(ours: Ours) -> None:
    with ours.watched():
        assert ours.ask("POST", "/hooks", of="metrics").status == 404
        assert ours.server.address("hooks") == ""
