"""A repository on a server, and a `reconciler run` that follows it and is told by webhooks."""

import contextlib
import json
import os
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.ledger.connection import FILE_NAME
from tests.benchmarks.bench import PATIENCE, Bench
from tests.server.deliveries import SECRET, github
from tests.support.git_servers import free_port
from tests.support.repository import Repository

_NAME = "lab/fleet"
_GLANCE = 0.002
_TICKS = os.sysconf("SC_CLK_TCK")


class Remote:
    """A work tree to commit in, and the repository below `base` that it is pushed to."""

    def __init__(self, work: Path, base: Path) -> None:
        self.base = base
        self.work = Repository(work)
        self.work.git("config", "gc.auto", "0")  # nothing that begins while others are measured
        self.commit = ""

    @property
    def path(self) -> str:
        """Where it is, as its server has it."""
        return f"{_NAME}.git"

    def publish(self) -> None:
        """Commit what there is, and have it served, packed as on any server."""
        self.commit = self.work.commit()
        self.work.git("gc", "--quiet")
        (self.base / _NAME).parent.mkdir(parents=True)
        self.work.git("clone", "--quiet", "--bare", ".", str(self.base / self.path))

    def push(self) -> None:
        """Commit what there is, and push it."""
        self.commit = self.work.commit()
        self.work.git("push", "--quiet", str(self.base / self.path), "main")


@dataclass(frozen=True, slots=True)
class Follower:
    """A `reconciler run` at work. `folder` holds its configuration, state and log."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    hooks: str

    def tell(self, mark: str) -> None:
        """Deliver a webhook as GitHub does; `mark` is new with each."""
        delivery = github()
        body = {**json.loads(delivery.body), "after": mark}
        headers = {**delivery.with_body(body).signed(), "X-GitHub-Delivery": mark}
        request = urllib.request.Request(
            f"http://{self.hooks}/hooks", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  # loopback
            assert answer.status == 202, answer.read()

    def await_at_rest(self, commit: str) -> None:
        """Wait until it is on record that all is as a commit asks for it."""
        deadline = time.monotonic() + PATIENCE
        asked = "SELECT converged_at FROM seen WHERE revision = ? ORDER BY id DESC LIMIT 1"
        with closing(self._ledger()) as ledger:
            while True:
                with contextlib.suppress(sqlite3.OperationalError):  # it is being made
                    found = ledger.execute(asked, (commit,)).fetchone()
                    if found and found[0]:
                        return
                self._go_on(deadline, f"the revision {commit} to be at rest")

    def spent(self) -> float:
        """Return the processor seconds that it and all that it has run have used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS

    def _ledger(self) -> sqlite3.Connection:
        file, deadline = self.folder / "state" / FILE_NAME, time.monotonic() + PATIENCE
        while not file.exists():
            self._go_on(deadline, "the ledger")
        return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)

    def _go_on(self, deadline: float, what: str) -> None:
        """Wait for a moment, unless there is nothing to wait for any more."""
        if self.process.poll() is not None or time.monotonic() > deadline:
            said = (self.folder / "log").read_text()[-2000:]
            message = f"waited for {what}; `reconciler run` ({self.process.poll()}) said:\n{said}"
            raise TimeoutError(message)
        time.sleep(_GLANCE)


@contextmanager
def following(
    bench: Bench,
    folder: Path,
    url: str,
    *,
    credential: Mapping[str, object] | None = None,
    engine: str = "",
) -> Iterator[Follower]:
    """Have a repository followed for the length of a block, from nothing on.

    `engine` is where the engine listens, if not where it usually does.
    """
    folder.mkdir()
    hooks = f"127.0.0.1:{free_port()}"
    source = {"name": "fleet", "url": url, "branch": "main", "interval": "1h"}
    config: dict[str, object] = {"listen": {"address": hooks, "secret": {"env": "HOOK_SECRET"}}}
    if credential is not None:
        config["credentials"] = {"lab": credential}
        source["credentials"] = "lab"
    (folder / "config.yaml").write_text(json.dumps({**config, "sources": [source]}))
    command = [
        bench.command, "run", url, "--config", str(folder / "config.yaml"),
        "--state", str(folder / "state"), "--resync", "1h",
    ]  # fmt: skip
    env = {**os.environ, "HOOK_SECRET": SECRET, **({"DOCKER_HOST": engine} if engine else {})}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        yield Follower(process, folder, hooks)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
