"""Inputs: what is in buckets, an instance finds as files, and a node fetches once."""

from pathlib import Path

import pytest

from reconciler.buckets.opening import Buckets
from reconciler.model import data
from reconciler.model.operator import Credential, SecretPlace
from tests.e2e.project import Json, Project, service, task
from tests.support.disk import small_disk
from tests.support.private_engine import PrivateEngine
from tests.support.process import eventually
from tests.support.proxy import Proxy
from tests.support.relay import Relay
from tests.support.s3 import OWNER, STRANGER, Keys, S3Server

pytestmark = pytest.mark.docker
READ = "cd /job/in && find . -type f | sort | xargs grep -H ."
TEN = 10


def bucket(name: str, url: str, **spec: object) -> Json:
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Bucket",
        "metadata": {"name": name},
        "spec": {"url": url, **spec},
    }


def input_of(name: str = "data", target: str = "/job/in", **fields: object) -> Json:
    return {"bucket": name, "target": target, **fields}


class Lab:
    """A project with folders that are buckets."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.engine = project.engine

    def folder(self, name: str, **files: str) -> Path:
        """Make a bucket of a folder with files, whose slashes are written as two underscores."""
        root = self.project.home / "buckets" / name
        root.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            file = root / path.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{content}\n")
        self.project.declare(bucket(name, f"file://{root}"))
        return root

    def said(self, name: str, instance: int = 0, run: int = 1, attempt: int = 1) -> list[str]:
        return self.engine.logs(self.engine.name(name, instance, run, attempt)).splitlines()

    def carriers(self) -> list[str]:
        """Return the names of what is kept, or half kept."""
        names = (entry["Names"][0].lstrip("/") for entry in self.engine.containers())
        return sorted(name for name in names if name.startswith(f"{self.project.name}.data."))

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.project.events()]

    def fetches(self) -> int:
        return self.kinds().count("fetch")


@pytest.fixture
def lab(project: Project) -> Lab:
    return Lab(project)


def give_keys(project: Project, keys: Keys) -> None:
    """Have the operator keep keys for the bucket `data`."""
    project.reconciler.env |= {"S3_ACCESS": keys.access, "S3_SECRET": keys.secret}
    config = project.home / "config.yaml"
    config.write_text(
        "credentials:\n  lab: {accessKey: {env: S3_ACCESS}, secretKey: {env: S3_SECRET}}\n"
    )
    project.reconciler.env["RECONCILER_CONFIG"] = str(config)


def put(server: S3Server, name: str, **objects: bytes) -> None:
    """Fill a bucket of a server; slashes are written as two underscores."""
    declared = data.Bucket(name=name, url=f"s3://{name}", endpoint=server.url, credentials="own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OWN_ACCESS", OWNER.access)
        patch.setenv("OWN_SECRET", OWNER.secret)
        places = [SecretPlace(env=name) for name in ("OWN_ACCESS", "OWN_SECRET")]
        own = Credential(access_key=places[0], secret_key=places[1])
        opened = Buckets({name: declared}, {"own": own}).open(name)
        for path, content in objects.items():
            opened.write(path.replace("__", "/"), [content], len(content))


def test_buckets_are_merged_filtered_and_the_last_one_wins(lab: Lab) -> None:
    lab.folder("base", pi__a="one", pi__b="two", other__c="three")
    lab.folder("more", b="four", deep__er__d="five")
    inputs = [input_of("base", prefix="pi/", stripPrefix="pi/"), input_of("more")]
    lab.project.declare(task("work", READ, inputs=inputs))
    lab.project.apply("--wait")
    assert lab.said("work") == ["./a:one", "./b:four", "./deep/er/d:five"]
    assert lab.fetches() == 1


def test_each_instance_has_its_own_by_its_number(lab: Lab) -> None:
    lab.folder("data", n__0__x="zero", n__1__x="one")
    mine = input_of(prefix="n/${INSTANCE_ID}/", stripPrefix="n/${INSTANCE_ID}/")
    lab.project.declare(task("work", READ, instances=2, inputs=[mine]))
    lab.project.apply("--wait")
    assert [lab.said("work", number) for number in (0, 1)] == [["./x:zero"], ["./x:one"]]


def test_what_is_shared_cannot_be_written_and_copies_can(lab: Lab) -> None:
    lab.folder("data", a="one")
    write = "cd /job/in; echo two > a; echo new > b; cat a"
    user = {"user": "1234:2345"}
    lab.project.declare(
        task("shared", f"{write}; true", inputs=[input_of(readOnly=True)]),
        task("own", f"{write} b", container=user, inputs=[input_of()]),
        task("closed", write, inputs=[input_of()],
             container={"security": {"readOnlyRoot": True}}),
    )  # fmt: skip
    lab.project.apply("--wait")
    shared = lab.said("shared")
    assert "one" in shared
    assert sum("Read-only file system" in line for line in shared) == 2
    assert lab.said("own") == ["two", "new"]
    assert lab.said("closed") == ["two"]
    assert lab.fetches() == 1


def test_ten_instances_and_another_task_read_a_bucket_once(
    lab: Lab, server: S3Server, relay: Relay
) -> None:
    server.make("shared-inputs")
    project = lab.project
    give_keys(project, OWNER)
    project.declare(
        bucket("data", "s3://shared-inputs", endpoint=relay.url, credentials={"name": "lab"})
    )
    put(server, "shared-inputs", **{f"in__{number}": f"{number}\n".encode() for number in range(3)})
    inputs = [input_of(prefix="in/", stripPrefix="in/")]
    project.declare(task("work", READ, instances=TEN, inputs=inputs))
    project.apply("--wait")
    assert lab.said("work", TEN - 1) == ["./0:0", "./1:1", "./2:2"]
    assert relay.count("GET", r"/shared-inputs/in/\d") == 3
    project.declare(task("again", READ, inputs=[input_of(prefix="in/", readOnly=True)]))
    project.declare(task("same", READ, instances=2, inputs=inputs))
    project.apply("--wait")
    assert lab.said("same", 1) == ["./0:0", "./1:1", "./2:2"]
    assert relay.count("GET", r"/shared-inputs/in/\d") == 6, "another path, another content"


def test_little_data_go_into_each_instance_by_one_call(lab: Lab) -> None:
    lab.folder("data", a="one", deep__b="two")
    proxy = Proxy(lab.project.home / "engine.sock")
    lab.project.reconciler.env["DOCKER_HOST"] = proxy.url
    proxy.start()
    lab.project.declare(task("work", READ, instances=3, inputs=[input_of()]))
    lab.project.apply("--wait")
    proxy.stop()
    assert lab.said("work", 2) == ["./a:one", "./deep/b:two"]
    puts = [one for one in proxy.requests if one.method == "PUT" and "/archive" in one.path]
    assert len(puts) == 1 + 3, "the data to the node, and to each"


def test_what_is_missing_or_denied_is_told_and_tried_again(
    lab: Lab, server: S3Server, relay: Relay
) -> None:
    server.make("guarded")
    project = lab.project
    root = lab.folder("bare", other="x")
    give_keys(project, STRANGER)
    keys = {"endpoint": relay.url, "credentials": {"name": "lab"}}
    asked = {"lost": ("nowhere", {}), "empty": ("bare", {"prefix": "in/"}), "shut": ("guarded", {}),
             "void": ("absent", {})}  # fmt: skip
    project.declare(
        bucket("nowhere", f"file://{project.home}/nowhere"),
        bucket("guarded", "s3://guarded", **keys),
        bucket("absent", "s3://no-such-bucket", **keys),
        *(task(name, READ, inputs=[input_of(b, **more)]) for name, (b, more) in asked.items()),
    )
    project.apply(code=1)
    why = {name: project.status(name)["instances"][0]["reason"] for name in asked}
    assert "bucket bare has no object whose name begins with in/" in why["empty"]
    assert f"{project.home}/nowhere" in why["lost"]
    assert "bucket guarded" in why["shut"]
    assert "credentials lab" in why["shut"]
    assert "bucket absent" in why["void"]
    told = project.reconciler("why", "empty/0").ends(0).out
    assert "see to the bucket, or the manifest at empty.yaml" in told
    (root / "in").mkdir()
    (root / "in" / "a").write_text("one\n")
    project.apply(code=1)
    project.run()
    project.await_states("empty", "Succeeded")
    assert lab.said("empty") == ["./in/a:one"]


def test_data_that_somebody_removed_are_fetched_again(lab: Lab) -> None:
    lab.folder("data", a="one")
    shared = [input_of(readOnly=True)]
    lab.project.declare(task("work", READ, inputs=shared))
    lab.project.apply("--wait")
    (carrier,) = lab.carriers()
    (volume,) = lab.engine.volumes_of(carrier)
    lab.engine.remove(lab.engine.name("work"))
    lab.engine.remove(carrier)
    lab.engine.client.remove_volume(volume)
    lab.project.declare(task("work", READ, instances=2, inputs=shared))
    lab.project.apply("--wait")
    assert lab.said("work", 1) == ["./a:one"]
    assert len(lab.carriers()) == 1


def test_a_fetch_that_is_cut_off_is_made_anew(lab: Lab, server: S3Server, relay: Relay) -> None:
    server.make("large")
    project = lab.project
    give_keys(project, OWNER)
    project.declare(bucket("data", "s3://large", endpoint=relay.url, credentials={"name": "lab"}))
    put(server, "large", file=b"x" * 30 * 2**20)
    relay.pace = 2**20
    inputs = [input_of(readOnly=True)]
    project.declare(service("work", "wc -c < /job/in/file; exec sleep 600", inputs=inputs))
    running = project.run()
    eventually(lambda: any(".filling-" in name for name in lab.carriers()), "the fetch has begun")
    eventually(
        lambda: (project.status("work")["instances"][0]["transfer"] or {}).get("bytes", 0) > 0,
        "status shows how far it is",
    )
    assert "of 30" in project.reconciler("status").ends(0).out
    running.kill()
    relay.pace = 0
    project.run()
    project.await_states("work", "Running")
    assert lab.said("work") == [str(30 * 2**20)]
    assert [name for name in lab.carriers() if "filling" in name] == []
    assert len(lab.engine.volumes()) == 2, "the claim and the data"


def test_what_was_of_no_use_for_longest_gives_way(lab: Lab) -> None:
    project = lab.project
    for name in ("one", "two", "three"):
        root = lab.folder(name)
        (root / "file").write_bytes(b"x" * 2**20)
    project.reconciler.env["RECONCILER_DATA_CACHE"] = "2500Ki"
    for name in ("one", "two", "three"):
        project.declare(task("work", f"ls /job/in # {name}", inputs=[input_of(name)]))
        project.apply("--wait")
    assert len(lab.carriers()) == 2
    project.declare(task("work", "ls /job/in # three again", inputs=[input_of("three")]))
    project.apply("--wait")
    assert len(lab.carriers()) == 2


def test_destroy_leaves_no_data(lab: Lab) -> None:
    lab.folder("data", a="one")
    lab.project.declare(task("work", READ, inputs=[input_of(readOnly=True)]))
    lab.project.apply("--wait")
    assert len(lab.engine.volumes()) == 2, "the claim and the data"
    lab.project.reconciler("destroy", "--yes").ends(0)
    assert lab.carriers() == []
    assert lab.engine.volumes() == {}


def test_plan_says_what_is_fetched(lab: Lab) -> None:
    lab.folder("data", a="one")
    lab.project.declare(task("work", READ, inputs=[input_of(prefix="pi/")]))
    said = lab.project.reconciler("plan").ends(0).out
    assert "data/pi/ to node local" in said
    (fetch,) = (a for a in lab.project.plan()["actions"] if a["verb"] == "fetch")
    assert fetch["inputs"] == [{"bucket": "data", "prefix": "pi/", "stripPrefix": ""}]
    assert lab.carriers() == []


def test_a_pool_has_inputs_there_before_a_slot_is_ready(lab: Lab) -> None:
    lab.folder("data", a="one")
    pool = {
        "apiVersion": "reconciler/v1",
        "kind": "Pool",
        "metadata": {"name": "warm"},
        "spec": {
            "profile": "docker-batch",
            "constants": {"DOCKER_REPO": "busybox", "DOCKER_TAG": "stable"},
            "slot": {"cpus": 0.1, "memory": "32Mi"},
            "inputs": [input_of()],
            "scaling": [{"name": "always", "slots": 1}],
        },
    }
    lab.project.declare(pool)
    lab.project.apply()
    assert len(lab.carriers()) == 1
    lab.project.declare(task("work", READ, pool="warm", inputs=[input_of()]))
    lab.project.apply("--wait")
    assert lab.said("work") == ["./a:one"]
    assert len(lab.carriers()) == 1


@pytest.mark.slow
def test_a_full_disk_is_told_and_nothing_stays_on_it(tmp_path: Path) -> None:
    engine = PrivateEngine()
    with small_disk(engine.folder / "data", "48m"):
        try:
            engine.start()
            lab = Lab(Project(tmp_path, engine.url))
            _fill_and_mend(lab)
            lab.project.close()
        finally:
            engine.close()


def _fill_and_mend(lab: Lab) -> None:
    file = lab.folder("data") / "file"
    file.write_bytes(b"x" * 60 * 2**20)
    lab.project.declare(task("work", "wc -c < /job/in/file", inputs=[input_of(readOnly=True)]))
    lab.project.apply(code=1)
    reason = lab.project.status("work")["instances"][0]["reason"]
    assert "the node's disk is full" in reason
    assert lab.carriers() == []
    assert len(lab.engine.volumes()) == 1, "the claim"
    file.write_bytes(b"x" * 2**20)
    lab.project.apply("--wait")
    assert lab.said("work") == [str(2**20)]
