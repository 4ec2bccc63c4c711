"""A `reconciler run` on the real engine, committed to and looked at from outside.

Decides when there is a commit. What follows from the numbers is judged elsewhere.
"""

import io
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

from tests.e2e.fleet import Fleet
from tests.e2e.project import Project
from tests.soak.calls import HEALTH, LIST, Calls
from tests.soak.edits import Deed, Edit, Edits
from tests.soak.judging import Course, Sample
from tests.soak.vitals import vitals
from tests.support.docker import Record
from tests.support.git_servers import free_port
from tests.support.process import Running, eventually
from tests.support.proxy import Proxy

INTERVAL = "10ms"
RESYNC = 5.0
SETTLED = 500
_GLANCE = 0.1
_PATIENCE = 120.0
_SAID = 12  # lines
_METRIC = re.compile(r"^reconciler_(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


class StuckError(Exception):
    """It does not go on: in a sentence."""


class Soak:
    """One soak under way: so many polls and commits of a fleet."""

    def __init__(
        self, fleet: Fleet, calls: Calls, record: Record, polls: int, commits: int
    ) -> None:
        self.course = Course(settled=min(SETTLED, polls // 2), resync=RESYNC)
        self._fleet = fleet
        self._calls = calls
        self._record = record
        self._polls = polls
        self._commits = commits
        self._port = free_port()
        self._committed_at = 0  # polls
        self._last_valid = ""

    def run(self, tell: Callable[[Course], None]) -> Course:
        """Commit and look until all is done; `tell` hears of each look."""
        edits = Edits()
        self._commit(edits.first())
        running = self._fleet.follow(
            "--interval", INTERVAL, "--resync", f"{RESYNC:g}s",
            "--metrics-listen", f"127.0.0.1:{self._port}",
        )  # fmt: skip
        began = moved = time.monotonic()
        try:
            while not self._is_done():
                time.sleep(_GLANCE)
                if self._look(running):
                    moved = time.monotonic()
                tell(self.course)
                if time.monotonic() - moved > _PATIENCE:
                    raise StuckError(self._stuck(running))
                if self._is_due():
                    self._commit(edits.next())
                    self.course.commits += 1
            self.course.seconds = time.monotonic() - began
            self._close()
        finally:
            running.terminate()
        return self.course

    def _is_done(self) -> bool:
        done = self.course.commits >= self._commits and self.course.polls >= self._polls
        return done and not self._calls.at_work

    def _is_due(self) -> bool:
        """Whether it is time for a commit; never before the last one must have been seen."""
        polls, made = self.course.polls, self.course.commits
        seen = polls > self._committed_at + 1 and not self._calls.at_work
        return seen and made < self._commits and polls >= made * self._polls // self._commits

    def _look(self, running: Running) -> bool:
        """Take in how it is; return whether it goes on."""
        if not running.alive:
            raise StuckError(f"`run` has ended:\n{_last_words(running)}")
        course, before = self.course, self.course.polls
        polls = int(self._metric("source_polls_total", 'outcome="ok"'))
        course.samples.append(Sample(polls, vitals(running.pid)))
        if self._calls.at_work:
            course.seen = self._deeds(self._record.so_far)
        self._calls.look(happened=not course.expected - course.seen)
        return polls > before and not self._calls.at_work

    def _stuck(self, running: Running) -> str:
        awaited = [" ".join(map(str, deed)) for deed in self.course.expected - self.course.seen]
        what = f"for {', '.join(awaited)}" if awaited else "for a poll, or the end of calls"
        return f"waited {_PATIENCE:g} s {what}; `run` said last:\n{_last_words(running)}"

    def _commit(self, edit: Edit) -> None:
        self._committed_at = self.course.polls
        if edit.deeds:
            self._calls.begin()
            self.course.expected += edit.deeds
        for path, text in edit.files.items():
            if text is None:
                (self._fleet.project.source / path).unlink()
            else:
                self._fleet.project.write(path, text)
        commit = self._fleet.repository.commit()
        self._last_valid = commit if edit.valid else self._last_valid

    def _close(self) -> None:
        course, calls = self.course, self._calls
        course.seen = self._deeds(self._record.told)
        calls.look(happened=True)
        course.stray = calls.stray
        course.health = calls.count(HEALTH)
        # With each of these it is asked what others run, which is a list as well.
        course.lists = calls.count(LIST) - course.health
        course.commits_read = int(self._metric("revisions_total"))
        # What the metrics say is half a second old.
        revision = f'revision="{self._last_valid}"'
        with suppress(AssertionError):
            eventually(lambda: self._metric("revision_info", revision), "the last commit in force")
            course.last_in_force = True

    def _deeds(self, told: list[tuple[str, str]]) -> Counter[Deed]:
        found: Counter[Deed] = Counter()
        for action, name in told:
            project, _, rest = name.partition(".")
            if project == self._fleet.project.name:
                task, _, instance, _ = rest.rsplit(".", 3)
                found[action, task, int(instance)] += 1
        return found

    def _metric(self, name: str, label: str = "") -> float:
        """Return the sum of a metric's lines that have a label."""
        address = f"http://127.0.0.1:{self._port}/metrics"
        try:
            with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
                text = answer.read().decode()
        except OSError:
            return 0.0  # it has not begun to listen
        lines = _METRIC.findall(text)
        return sum(float(v) for said, labels, v in lines if said == name and label in labels)


def _last_words(running: Running) -> str:
    return "\n".join(running.err.splitlines()[-_SAID:])


@contextmanager
def soaking(home: Path, polls: int, commits: int) -> Iterator[Soak]:
    """Prepare a soak in a folder, and remove all that became of it."""
    project = Project(home)
    proxy = Proxy(home / "engine.sock")
    proxy.start()
    project.reconciler.env["DOCKER_HOST"] = proxy.url
    try:
        with project.engine.watched() as record:
            yield Soak(Fleet(project), Calls(proxy.requests), record, polls, commits)
    finally:
        # All that `run` has said is in its file, and much.
        with redirect_stdout(io.StringIO()):
            project.close()
        proxy.stop()
