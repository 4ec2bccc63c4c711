"""The verbs on a real engine: what they say, how they exit, and that they leave nothing behind."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.helpers import HELLO, call, check, write
from tests.support.engines import IMAGE, new_project, real_engine
from tests.support.process import HEEDING_INTERRUPTS

pytestmark = pytest.mark.docker

SERVICE = """\
apiVersion: reconciler/v1
kind: Task
metadata: {name: web}
spec:
  profile: docker-service
  instances: 2
  constants: {DOCKER_REPO: busybox, DOCKER_TAG: stable, DOCKER_CMD: sleep 600}
  container: {stop: {grace: 0s}}
"""
FAILING = HELLO.replace("echo hello", "sh -c 'echo oops; exit 3'").replace("hello", "bad")


@dataclass(frozen=True)
class Site:
    """A source with a project of its own, and its state folder."""

    project: str
    source: Path
    state: Path

    def write(self, **files: str) -> None:
        write(self.source, **files)

    def call(self, verb: str, *words: object) -> Result:
        """Call a verb on this source."""
        return call(verb, *words, "-s", self.source, "--state", self.state)

    def json(self, verb: str, *words: object) -> Any:  # noqa: ANN401  # JSON
        said = self.call(verb, *words, "--format", "json")
        assert said.stdout, said.output
        return json.loads(said.stdout)

    def instances(self, task: str) -> dict[int, dict[str, Any]]:
        """Return a task's instances by id, as `status` tells of them."""
        tasks = {t["name"]: t for t in self.json("status")["tasks"]}
        # A `run` that has only just begun has put nothing in force yet.
        return {i["id"]: i for i in tasks[task]["instances"]} if task in tasks else {}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(new_project(), tmp_path / "source", tmp_path / "state")
    made.write(reconciler=f"project: {made.project}\n")
    yield made
    shutil.rmtree(made.source)
    made.write(reconciler=f"project: {made.project}\n")
    assert made.call("destroy", "--yes", "--volumes", "--take-over").exit_code == 0
    engine = real_engine()
    assert engine.list(made.project) == ()
    assert engine.claimed_by(made.project) is None
    engine.close()


@pytest.fixture
def running(site: Site) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start `run` in a process of its own; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run() -> subprocess.Popen[str]:
        command = command_line("run", site)
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def command_line(verb: str, site: Site) -> list[str]:
    """Return the command line for a verb in a process of its own."""
    words = ["-m", "reconciler", verb, str(site.source), "--state", str(site.state)]
    return [*HEEDING_INTERRUPTS, sys.executable, *words]


def until(done: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.2)


def test_batch_from_plan_to_logs(site: Site) -> None:
    site.write(hello=HELLO)
    planned = site.call("plan", "--exit-code")
    assert planned.exit_code == 2
    assert "+  create  hello/1  new task  hello.yaml:1:1" in planned.stdout
    assert "there is no ledger" in planned.stderr
    assert not site.state.exists()
    check("plan", site.json("plan"))

    applied = site.call("apply", "--wait")
    assert applied.exit_code == 0, applied.output
    assert "hello  Succeeded  2 succeeded" in applied.stdout
    assert "2 created" in applied.stdout
    assert site.call("plan", "--exit-code").exit_code == 0
    check("status", site.json("status"))
    assert {i["state"] for i in site.instances("hello").values()} == {"Succeeded"}
    assert site.call("logs", "hello").stdout == "0 | hello\n1 | hello\n"
    assert site.call("logs", "hello/1", "-f").stdout == "hello\n"
    assert "hello/0 has been Succeeded" in site.call("why", "hello/0").stdout
    kinds = [json.loads(line)["kind"] for line in
             site.call("events", "--format", "json").stdout.splitlines()]  # fmt: skip
    assert kinds.count("succeeded") == 2


def test_logs_outlive_their_containers(site: Site) -> None:
    site.write(hello=HELLO)
    site.call("apply", "--wait", "-q")
    engine = real_engine()
    for container in engine.list(site.project):
        engine.remove(container.id)
    engine.close()
    assert site.call("logs", "hello/0").stdout == "hello\n"
    assert site.call("plan", "--exit-code").exit_code == 0


def test_failures_show_reason_output_and_what_to_try(site: Site) -> None:
    site.write(bad=FAILING)
    result = site.call("apply", "--wait", "-q")
    assert result.exit_code == 1
    assert "bad/0 failed: exit code 3" in result.stdout
    assert "  | oops" in result.stdout
    assert "reconciler why bad/0" in result.stdout
    assert site.call("apply").exit_code == 0


def test_a_missing_image_is_said_once_and_fails(site: Site) -> None:
    site.write(hello=HELLO.replace("DOCKER_TAG: stable", "DOCKER_TAG: no-such-tag-here"))
    result = site.call("apply", "-q")
    assert result.exit_code == 1
    said = [line for line in result.stderr.splitlines() if line.startswith("reconciler: ")]
    assert len(said) == 1
    assert "hello/0 and 1 more" in said[0]
    assert IMAGE.partition(":")[0] in said[0]


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_dead_engine_is_a_sentence(site: Site, verb: str) -> None:
    node = "apiVersion: reconciler/v1\nkind: Node\nmetadata: {name: far}\n"
    endpoint = f"unix://{site.source}/none.sock"
    site.write(hello=HELLO, node=f'{node}spec: {{endpoint: "{endpoint}"}}\n')
    # In a process of its own: docker-py leaves the socket open that could not be connected.
    done = subprocess.run(command_line(verb, site), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "none.sock" in done.stderr
    assert "Traceback" not in done.stderr
    shutil.rmtree(site.state, ignore_errors=True)


def test_a_deadline_ends_the_wait(site: Site) -> None:
    site.write(slow=HELLO.replace("echo hello", "sleep 600") + "  container: {stop: {grace: 0s}}\n")
    result = site.call("apply", "--wait", "--timeout", "2s", "-q")
    assert result.exit_code == 1
    assert "the time allowed, 2s, is over" in result.stderr
    assert {i["state"] for i in site.instances("hello").values()} == {"Running"}


def test_stop_without_a_writer(site: Site) -> None:
    site.write(web=SERVICE)
    assert site.call("apply", "-q").exit_code == 0
    stopped = site.call("stop", "web/1")
    assert stopped.exit_code == 0, stopped.output
    assert site.instances("web")[1]["state"] == "Cancelled"
    assert site.instances("web")[0]["state"] == "Running"
    assert "did you mean web?" in site.call("stop", "wbe").stderr


def test_under_a_live_run(site: Site, running: Callable[[], subprocess.Popen[str]]) -> None:
    site.write(web=SERVICE)
    process = running()
    until(lambda: site.state.exists() and site.json("status")["writer"] is not None)
    until(lambda: {i["state"] for i in site.instances("web").values()} == {"Running"})
    refused = site.call("apply")
    assert refused.exit_code == 3
    assert f"process {process.pid}" in refused.stderr
    stopped = site.call("stop", "web/0")
    assert stopped.exit_code == 0
    assert f"process {process.pid}" in stopped.stderr
    assert site.instances("web")[0]["state"] == "Cancelled"
    assert site.call("destroy", "--forget", "--yes").exit_code == 3

    site.write(web="nonsense: [")
    until(lambda: "refused" in site.call("events").stdout)
    assert site.instances("web")[1]["state"] == "Running"
    destroyed = site.call("destroy", "--yes")
    assert destroyed.exit_code == 0, destroyed.output
    assert site.json("status")["tasks"] == []
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_run_goes_on_from_the_last_valid_revision(
    site: Site, running: Callable[[], subprocess.Popen[str]]
) -> None:
    site.write(web=SERVICE)
    assert site.call("apply", "-q").exit_code == 0
    before = {i["container"] for i in site.instances("web").values()}
    site.write(web=SERVICE.replace("instances: 2", "instances: two"))
    process = running()
    until(lambda: site.json("status")["writer"] is not None)
    site.write(web=SERVICE.replace("instances: 2", "instances: 3"))
    until(lambda: [i["state"] for i in site.instances("web").values()] == ["Running"] * 3)
    assert before <= {i["container"] for i in site.instances("web").values()}
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "going on from revision" in said
    assert len(site.instances("web")) == 3


def test_destroy_forgets_only_when_told_to(site: Site) -> None:
    site.write(hello=HELLO)
    site.call("apply", "--wait", "-q")
    assert site.call("destroy", "--yes").exit_code == 0
    assert "hello/0" in site.call("describe", "hello/0").stdout
    assert "+  create  hello/0" in site.call("plan").stdout
    assert site.call("destroy", "--yes", "--forget").exit_code == 0
    assert site.call("describe", "hello").exit_code == 1


def test_another_state_folder_is_refused_and_may_take_over(site: Site, tmp_path: Path) -> None:
    site.write(web=SERVICE)
    assert site.call("apply", "-q").exit_code == 0
    other = Site(site.project, site.source, tmp_path / "other")
    assert "is claimed by" in other.call("plan").stderr
    refused = other.call("apply", "-q")
    assert refused.exit_code == 3
    assert str(site.state) in refused.stderr
    assert other.call("apply", "-q", "--take-over").exit_code == 0
    assert site.call("apply", "-q").exit_code == 3
