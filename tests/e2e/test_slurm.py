"""examples/slurm under a real Slurm: its hosts are the nodes, and nothing of a job outlives it."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from docker import APIClient

from tests.e2e.project import SLEEP, Json, task
from tests.support.git_servers import run
from tests.support.nodes import NAMES, POSSIBLE, Nodes, four_nodes
from tests.support.process import ROOT, eventually
from tests.support.slurm import KILL_WAIT, Slurm, provide, slurm

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not POSSIBLE, reason="it needs root, dockerd, ip, openssl and sshd"),
]
EXAMPLE = ROOT / "examples" / "slurm"
EVENLY = dict.fromkeys(NAMES, 2)
_JOB = 120.0  # a job at its time limit of a minute, at most


class Cluster:
    """A Slurm with an engine on each of its hosts, and a user's folder with the example."""

    def __init__(self, nodes: Nodes, made: Slurm, home: Path) -> None:
        self.slurm = made
        self.home = home
        self.example = home / "example"
        shutil.copytree(EXAMPLE, self.example)
        self._urls = {name: engine.url for name, engine in nodes.engines.items()}
        for name, url in self._urls.items():
            (made.folder / f"{name}.sock").symlink_to(url.removeprefix("unix://"))
        self._since = int(time.time())

    @property
    def env(self) -> Mapping[str, str]:
        """What a user's jobs see."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(self.home),
            "RECONCILER_NODES_ENDPOINT": f"unix://{self.slurm.folder}/{{host}}.sock",
        }

    def submit(self, *manifests: Json, options: tuple[str, ...] = ()) -> str:
        """Submit the example, with manifests of one's own in place of its own where some are."""
        script = self.example / "job.sh"
        words: tuple[str, ...] = ()
        if manifests:
            folder = Path(tempfile.mkdtemp(dir=self.home))
            (folder / "own.json").write_text(json.dumps(manifests[0]))
            words = (str(folder),)
        return self.slurm.submit(*options, str(script), *words, env=self.env, cwd=self.example)

    def reconciler(self, *words: str, job: str) -> str:
        """Run a verb on what a job has left on its first host, as whoever looks there."""
        project = self.home / project_of(job)
        env = {**os.environ, **self.env, "RECONCILER_STATE": f"{project}.state"}
        return run(sys.executable, "-m", "reconciler", *words, cwd=project, env=env)

    def said(self, job: str) -> str:
        """Return what a job has printed."""
        return (self.example / f"slurm-{job}.out").read_text()

    def started(self, job: str) -> dict[str, int]:
        """Return how many containers of a job each host's engine says to have started."""
        found = {}
        for name in NAMES:
            with self._engine(name) as engine:
                told = engine.events(
                    since=self._since,
                    until=int(time.time()) + 1,
                    filters={"event": "start", "label": _label(job)},
                    decode=True,
                )
                found[name] = sum(1 for _ in told)
        return found

    def running(self, job: str) -> dict[str, int]:
        """Return how many containers of a job run on each host."""
        found = {}
        for name in NAMES:
            with self._engine(name) as engine:
                found[name] = len(engine.containers(filters={"label": _label(job)}))
        return found

    def left(self, job: str) -> list[str]:
        """Return what a job has left behind: containers, volumes and claims, folders."""
        found = [path.name for path in self.home.glob(f"{project_of(job)}*")]
        for name in NAMES:
            with self._engine(name) as engine:
                made = engine.containers(all=True, filters={"label": _label(job)})
                volumes = engine.volumes()["Volumes"] or ()
                found += [entry["Names"][0] for entry in made]
                found += [v["Name"] for v in volumes if v["Name"].endswith(project_of(job))]
        return found

    def _engine(self, name: str) -> closing[APIClient]:
        return closing(APIClient(base_url=self._urls[name], version="1.41", timeout=60))


def project_of(job: str) -> str:
    return f"samples-{job}"


def _label(job: str) -> str:
    return f"io.reconciler.project={project_of(job)}"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with four_nodes(tmp_path_factory.mktemp("nodes") / "n") as made:
        yield made


@pytest.fixture(scope="module")
def cluster(nodes: Nodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if why := provide():
        pytest.skip(why)
    with slurm(NAMES) as made:
        yield Cluster(nodes, made, tmp_path_factory.mktemp("home"))


def test_a_job_runs_its_batch_on_its_hosts(cluster: Cluster) -> None:
    job = cluster.submit()
    assert cluster.slurm.ended(job) == "COMPLETED", cluster.said(job)
    assert cluster.slurm.told(job)["ExitCode"] == "0:0"
    assert cluster.started(job) == EVENLY
    assert all(f"  {name}  " in cluster.said(job) for name in NAMES), cluster.said(job)
    assert cluster.left(job) == []


def test_a_task_that_fails_fails_the_job(cluster: Cluster) -> None:
    job = cluster.submit(task("broken", "exit $INSTANCE_ID", instances=4))
    assert cluster.slurm.ended(job) == "FAILED", cluster.said(job)
    assert cluster.slurm.told(job)["ExitCode"] == "1:0"
    assert cluster.started(job) == dict.fromkeys(NAMES, 1)
    assert cluster.left(job) == []


def test_a_job_with_fewer_hosts_takes_no_others(cluster: Cluster) -> None:
    job = cluster.submit(options=("--nodes=2", "--nodelist=n2,n4"))
    assert cluster.slurm.ended(job) == "COMPLETED", cluster.said(job)
    assert cluster.started(job) == {"n1": 0, "n2": 4, "n3": 0, "n4": 4}


def test_what_slurm_ends_at_its_time_limit_leaves_nothing(cluster: Cluster) -> None:
    job = cluster.submit(task("long", SLEEP, instances=8), options=("--time=1",))
    eventually(lambda: cluster.running(job) == EVENLY, "all to run", pause=0.5)
    assert cluster.slurm.ended(job, _JOB) == "TIMEOUT", cluster.said(job)
    eventually(lambda: not cluster.left(job), "nothing to be left", pause=0.5)
    assert "stopped by SIGTERM" in cluster.said(job)
    assert "Traceback" not in cluster.said(job)
    assert cluster.started(job) == EVENLY


def test_what_slurm_kills_is_taken_down_by_hand(cluster: Cluster) -> None:
    deaf = "trap '' TERM; while :; do sleep 1; done"
    patient = {"stop": {"grace": f"{KILL_WAIT + 15}s"}}
    job = cluster.submit(task("deaf", deaf, instances=8, container=patient))
    eventually(lambda: cluster.running(job) == EVENLY, "all to run", pause=0.5)
    cluster.slurm.cancel(job)
    assert cluster.slurm.ended(job) == "CANCELLED"
    assert cluster.running(job) == EVENLY, cluster.said(job)
    cluster.reconciler("destroy", "--yes", job=job)
    assert sorted(cluster.left(job)) == [project_of(job), f"{project_of(job)}.state"]
