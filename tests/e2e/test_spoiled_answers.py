"""Law 5 on the real engine: an answer that is lost, cut or late changes nothing about the end.

Each place in the code that asks an engine for something has its turn in a story in which all of
them are reached; what there is at its end is the same as without any fault.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.e2e.call_sites import SITES, found
from tests.e2e.project import Json, Project, service, task
from tests.support.engines import IMAGE
from tests.support.mpi import mpi_image
from tests.support.process import eventually
from tests.support.proxy import Manner, Proxy
from tests.support.registry import POSSIBLE, free_port, only_there, serving

pytestmark = pytest.mark.docker
MANNERS: tuple[Manner, ...] = get_args(Manner)
NOTE = 'echo "$TASK_NAME $RUN $INSTANCE_ID $ATTEMPT" >> /starts/ledger'
# The second one fails when it is started first. All live long enough to be looked at.
LEAVE = "mkdir /out; echo x > /out/out"
WORK = f'{NOTE}; {LEAVE}; sleep 1.5; [ "$INSTANCE_ID.$ATTEMPT" != 1.1 ] || exit 3'
WEB = f"{NOTE}; echo serving; exec sleep 600"
ENDS = ("succeeded", "failed", "lost", "cancelled")
# As it is without any fault.
STARTS = {("work", 1, 0, 1), ("work", 1, 1, 1), ("work", 1, 1, 2), ("work", 1, 2, 1),
          ("built", 1, 0, 1), ("fed", 1, 0, 1), ("loaded", 1, 0, 1), ("crew", 1, 0, 1),
          ("web", 1, 0, 1), ("web", 2, 0, 1)}  # fmt: skip
OUTCOMES = {("succeeded", "work", 0, 1), ("failed", "work", 1, 1), ("succeeded", "work", 1, 2),
            ("succeeded", "work", 2, 1), ("cancelled", "web", 0, 1),
            ("succeeded", "built", 0, 1), ("succeeded", "fed", 0, 1),
            ("succeeded", "loaded", 0, 1),
            ("succeeded", "crew", 0, 1), ("cancelled", "crew", 1, 1)}  # fmt: skip
WITHIN = 120.0


@pytest.fixture
def engine(project: Project) -> Iterator[Proxy]:
    proxy = Proxy(project.home / "engine.sock")
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture
def image(project: Project) -> Iterator[str]:
    """An image that has to be pulled."""
    if not POSSIBLE:
        pytest.skip("needs Debian's docker-registry")
    home, client = project.home, project.engine.client
    with (
        serving(home, free_port()) as address,
        only_there(client, f"{address}/{project.name}/box") as name,
    ):
        yield name
        project.reconciler.close()
        for made in project.engine.ids().values():
            client.remove_container(made, force=True)


def test_each_place_that_asks_an_engine_has_its_case() -> None:
    assert found() == sorted(SITES)


def cases() -> Iterator[Any]:
    """Yield in which manner the answers to which places' requests are spoiled."""
    for manner in MANNERS:
        marks = [pytest.mark.slow] if manner == "late" else []
        yield pytest.param([*SITES], manner, id=f"each is {manner} once", marks=marks)
    yield pytest.param([], "lost", id="without faults", marks=pytest.mark.slow)
    for manner in MANNERS:
        for site in SITES:
            yield pytest.param([site], manner, id=f"{site} is {manner}", marks=pytest.mark.slow)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("sites", "manner"), [*cases()])
def test_what_becomes_of_answers_changes_nothing(
    project: Project, engine: Proxy, image: str, sites: list[str], manner: Manner
) -> None:
    for site in (SITES[name] for name in sites):
        engine.spoil(site.method, site.pattern, manner)
    work_and_serve(project, engine, image)
    follow(project, engine)
    assert_as_without_faults(project)
    tear_down(project, engine)
    assert not engine.unspoiled, "each of them was asked for"


@contextmanager
def through(engine: Proxy, project: Project) -> Iterator[None]:
    """Let what is started in a block ask this engine; whoever only looks is told the truth."""
    before = dict(project.reconciler.env)
    project.reconciler.env["DOCKER_HOST"] = engine.url
    try:
        yield
    finally:
        project.reconciler.env = before


def work_and_serve(project: Project, engine: Proxy, image: str) -> None:
    """Let the work be done, and the service be replaced."""
    starts = project.home / "starts"
    starts.mkdir()
    starts.chmod(0o777)
    (starts / "ledger").touch()
    (starts / "ledger").chmod(0o666)  # those who write are not all root
    bind = {"type": "bind", "source": str(starts), "target": "/starts"}
    volume = {"type": "volume", "source": "scratch", "target": "/scratch"}
    again = {"perInstance": 1, "backoff": {"initial": "100ms"}}
    mounts = {"mounts": [bind, volume]}
    kept = project.home / "kept"
    kept.mkdir()
    results = {"url": f"file://{kept}"}
    keep = {"bucket": "kept", "prefix": "${INSTANCE_ID}/", "source": "/out"}
    project.engine.run_foreign(f"{project.name}-neighbour")
    project.declare(
        {
            "apiVersion": "reconciler/v1",
            "kind": "Bucket",
            "metadata": {"name": "kept"},
            "spec": results,
        },
        task("work", WORK, image=image, instances=3, retry=again, container=mounts, outputs=keep),
        service("web", WEB, container={"mounts": [bind]}),
        crew(bind),
        *fed(project.home / "data", bind),
        *made(project, bind),
    )
    with through(engine, project):
        running = project.run()
    eventually(lambda: project.states("work") == ["Succeeded"] * 3, "the work", WITHIN, 0.3)
    assert sorted(path.parent.name for path in kept.glob("*/out")) == ["0", "1", "2"]
    eventually(lambda: project.states("web") == ["Running"], "the service", WITHIN, 0.3)
    eventually(lambda: project.states("built") == ["Succeeded"], "a built one", WITHIN, 0.3)
    eventually(lambda: project.states("loaded") == ["Succeeded"], "a loaded one", WITHIN, 0.3)
    eventually(lambda: project.states("crew") == ["Succeeded"] * 2, "the cluster", WITHIN, 0.3)
    eventually(lambda: project.states("fed") == ["Succeeded"], "what has inputs", WITHIN, 0.3)
    project.declare(service("web", WEB, env={"A": "1"}, container={"mounts": [bind]}))
    second = project.engine.name("web", run=2)
    eventually(lambda: [*project.engine.running("web")] == [second], "another one", WITHIN)
    eventually(lambda: not left(engine, "run"), "everything to be asked for", WITHIN)
    running.terminate().ends(0)


def made(project: Project, bind: Json) -> list[Json]:
    """Return a task whose image is built, and one whose image is loaded from an archive."""
    (project.source / "app").mkdir()
    (project.source / "app" / "Dockerfile").write_text(f"FROM {IMAGE}\n")
    saved = b"".join(project.engine.client.get_image(IMAGE))
    (project.source / "box.tar").write_bytes(saved)
    origins: dict[str, Json] = {"built": {"build": {"context": "app"}},
                                "loaded": {"archive": "box.tar"}}  # fmt: skip
    return [
        task(name, NOTE, container={"image": image, "mounts": [bind]})
        for name, image in origins.items()
    ]


def crew(bind: Json) -> Json:
    """Return a cluster with ssh whose master notes that it runs; the other one is sshd alone."""
    made = task("crew", NOTE, image=mpi_image(), instances=2, container={"mounts": [bind]})
    spec = made["spec"]
    constants = {"DOCKER_CMD_MASTER": f"sh -c '{NOTE}'"}
    del spec["container"]["command"]
    spec |= {"profile": "docker-cluster-network-ssh", "constants": constants}
    return made


def fed(folder: Path, bind: Json) -> list[Json]:
    """Return a task with data that are copied and data that are shared, and their bucket."""
    folder.mkdir()
    (folder / "a").write_bytes(bytes(2 * 2**20))  # too much to go along with other files
    note = f"ls /job/in/a /shared/a && {NOTE}"
    at = {"/job/in": False, "/shared": True}
    inputs = [{"bucket": "data", "target": to, "readOnly": closed} for to, closed in at.items()]
    bucket = {
        "apiVersion": "reconciler/v1",
        "kind": "Bucket",
        "metadata": {"name": "data"},
        "spec": {"url": f"file://{folder}"},
    }
    return [bucket, task("fed", note, container={"mounts": [bind]}, inputs=inputs)]


def left(engine: Proxy, verb: str) -> list[str]:
    """Return what is still to be spoiled of that which a verb asks for."""
    patterns = {site.pattern for site in SITES.values() if site.verb == verb}
    return [spoiling.pattern for spoiling in engine.unspoiled if spoiling.pattern in patterns]


def follow(project: Project, engine: Proxy) -> None:
    """Read on what the service prints."""
    with through(engine, project):
        following = project.reconciler.start("logs", "--follow", "web")
    following.says("serving")
    following.interrupt()


def assert_as_without_faults(project: Project) -> None:
    """Hold what there is against what there is without faults."""
    lines = (project.home / "starts" / "ledger").read_text().splitlines()
    words = [line.split() for line in lines]
    starts = Counter((name, int(run), int(of), int(attempt)) for name, run, of, attempt in words)
    assert starts == Counter(STARTS)
    told = [event for event in project.events() if event["kind"] in ENDS]
    ends = Counter((e["kind"], e["task"], e["instance"], e["attempt"]) for e in told)
    assert ends == Counter(OUTCOMES)
    there = [name for name in project.engine.ids() if ".data." not in name]
    assert {name: state(project, name) for name in there} == {
        project.engine.name("fed"): ("exited", 0),
        project.engine.name("work", 0): ("exited", 0),
        project.engine.name("work", 1, attempt=2): ("exited", 0),
        project.engine.name("work", 2): ("exited", 0),
        project.engine.name("built"): ("exited", 0),
        project.engine.name("loaded"): ("exited", 0),
        project.engine.name("web", run=2): ("running", 0),
    }
    assert project.planned() == []


def state(project: Project, name: str) -> tuple[str, int]:
    found: Json = (project.engine.inspect(name) or {})["State"]
    return found["Status"], found["ExitCode"]


def tear_down(project: Project, engine: Proxy) -> None:
    """Take everything down, and again where that was not possible: nothing is left."""
    with through(engine, project):
        done = project.reconciler("destroy", "--yes", "--volumes", within=WITHIN)
        while done.code != 0 and "could not" in done.err:
            done = project.reconciler("destroy", "--yes", "--volumes", within=WITHIN)
    done.ends(0)
    assert project.engine.ids() == {}
    assert project.engine.volumes() == {}
