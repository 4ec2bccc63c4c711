"""One file that is watched: a change is told once, when it holds still."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sources.file_watch import FileWatch
from tests.support.process import always, eventually

LOOK = 0.02


class Watched:
    """A file, and what it held whenever a change of it was told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.write_text("first")
        self.seen: list[str] = []
        self.watch = FileWatch(path, self._note, LOOK)

    def write(self, text: str) -> None:
        """Have it hold something else, all of it at once."""
        draft = self.path.with_name("draft")
        draft.write_text(text)
        draft.replace(self.path)

    def _note(self) -> None:
        self.seen.append(self.path.read_text() if self.path.exists() else "")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "hosts")
    yield made
    made.watch.stop()


def test_nothing_is_told_of_a_file_that_stays(watched: Watched) -> None:
    always(lambda: not watched.seen, "nothing to be told", 10 * LOOK)


def test_each_change_is_told_once(watched: Watched) -> None:
    watched.write("second one")
    eventually(lambda: watched.seen == ["second one"], "a change to be told")
    watched.write("third")
    eventually(lambda: len(watched.seen) > 1, "another one to be told")
    always(lambda: watched.seen == ["second one", "third"], "each to be told once", 10 * LOOK)


def test_a_file_that_goes_and_comes_back(watched: Watched) -> None:
    watched.path.unlink()
    eventually(lambda: watched.seen == [""], "that it is gone to be told")
    watched.write("again")
    eventually(lambda: watched.seen == ["", "again"], "that it is back to be told")


def test_what_is_stopped_tells_nothing_more(watched: Watched) -> None:
    watched.watch.stop()
    watched.write("late")
    always(lambda: not watched.seen, "nothing to be told", 5 * LOOK)
    assert not any(thread.name == "file-watch" for thread in threading.enumerate())
