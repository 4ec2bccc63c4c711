"""(i) What a commit to one file costs, of few manifests and of many, against the first load.

All tasks are suspended: no container is made, so that the engine is not what is measured.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.bench import Bench, new_name, project_label
from tests.benchmarks.corpus import change, write_corpus
from tests.benchmarks.fleet import Follower, Remote, following
from tests.benchmarks.table import Figure, Item, ratio
from tests.support.git_servers import GitDaemon, serving

_MILLI = 1000.0
_SHARE = 10
# A webhook within a second of the one before would have to wait for the rest of it.
_BREATH = 1.2
_SETTLED = 0.05
_REST = 5.0
# The kernel tells of processor time in hundredths of a second: only several commits make a value.
_BLOCK = 5


class _Fleet:
    """A repository of so many manifests, and what was measured of who follows it, in ms."""

    def __init__(self, bench: Bench, count: int) -> None:
        self.count = count
        self._values: dict[str, list[float]] = defaultdict(list)
        self._bench = bench
        self._name = new_name()
        self._folder = bench.scratch / self._name
        work = write_corpus(self._folder / "work", count, project=self._name, suspend=True)
        self._remote = Remote(work, self._folder / "served")
        self._remote.publish()

    def figure(self, what: str) -> Figure:
        """Return what was measured of something."""
        return Figure(f"{what}, {self.count} files", "ms", tuple(self._values[what]))

    @contextmanager
    def followed(self, server: GitDaemon) -> Iterator[Follower]:
        """Load it from nothing, and have it followed for the length of a block."""
        place = self._folder / f"follower-{len(self._values['first load'])}"
        url = f"{server.url}/{self._name}/served/{self._remote.path}"
        began = time.perf_counter()
        with (
            self._bench.cleared(project_label(self._name)),
            following(self._bench, place, url) as follower,
        ):
            follower.await_at_rest(self._remote.commit)
            self._note("first load", time.perf_counter() - began)
            self._note("first load, cpu", follower.spent())
            yield follower

    def commit(self, follower: Follower) -> float:
        """Change one manifest, and measure; return the processor's seconds."""
        change(self._remote.work.root, len(self._values["commit"]) % self.count, suspend=True)
        self._remote.push()
        time.sleep(_BREATH)
        spent, began = follower.spent(), time.perf_counter()
        follower.tell(self._remote.commit)
        follower.await_at_rest(self._remote.commit)
        self._note("commit", time.perf_counter() - began)
        time.sleep(_SETTLED)
        return follower.spent() - spent

    def took(self, spent: list[float]) -> None:
        """Take in what some commits have cost the processor."""
        self._note("commit, cpu", sum(spent) / len(spent))

    def rest(self, follower: Follower) -> None:
        """Measure a second in which nothing happens."""
        spent = follower.spent()
        time.sleep(_REST)
        self._note("second of rest, cpu", (follower.spent() - spent) / _REST)

    def _note(self, what: str, seconds: float) -> None:
        self._values[what].append(seconds * _MILLI)


def measure(bench: Bench) -> Item:
    """Load few and many from nothing, then commit to both in turns."""
    few, many = (_Fleet(bench, bench.sizes.fleet // share) for share in (_SHARE, 1))
    item = Item("i", f"a commit to one file of {few.count}, and of {many.count}")
    server = GitDaemon(bench.scratch)
    with serving(server):
        for _ in range(bench.sizes.rounds - 1):
            for fleet in (few, many):
                with fleet.followed(server):
                    pass
        with few.followed(server) as one, many.followed(server) as other:
            _in_turns(bench, {few: one, many: other})
    for kind in ("", ", cpu"):
        loads = [fleet.figure(f"first load{kind}") for fleet in (few, many)]
        commits = [fleet.figure(f"commit{kind}") for fleet in (few, many)]
        item.figures += [*loads, *commits]
        item.claims += [ratio(commits[1], loads[1], 0.01), ratio(commits[1], commits[0], 1.2)]
    item.figures += [fleet.figure("second of rest, cpu") for fleet in (few, many)]
    item.notes.append(
        "commit: from before the webhook to its being on record that nothing is left to do; cpu:"
        f" the process and the git that it runs, of {_BLOCK} commits together; first load: from"
        " the start of the process, the clone included"
    )
    return item


def _in_turns(bench: Bench, followed: dict[_Fleet, Follower]) -> None:
    for _ in range(bench.sizes.commits // _BLOCK):
        spent: dict[_Fleet, list[float]] = defaultdict(list)
        for _ in range(_BLOCK):
            for fleet, follower in followed.items():
                spent[fleet].append(fleet.commit(follower))
        for fleet, follower in followed.items():
            fleet.took(spent[fleet])
            fleet.rest(follower)
