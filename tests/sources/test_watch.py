"""Real files, real events: what calls back, how soon, and what does not."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from reconciler.sources import FolderSource
from reconciler.sources.watch import PATIENCE, QUIET, FolderWatch
from tests.support.process import eventually

# pytest takes back the filter that the module itself sets.
pytestmark = pytest.mark.filterwarnings("ignore:Callback with id:RuntimeWarning")

SOON = 20.0
SILENCE = 0.4


class Bell:
    """A callback that remembers when it was rung."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._rung = threading.Event()

    def __call__(self) -> None:
        self.times.append(time.monotonic())
        self._rung.set()

    def rings(self, within: float = SOON) -> bool:
        found = self._rung.wait(within)
        self._rung.clear()
        return found

    def hush(self) -> None:
        """Wait until it has been still for a while, and forget."""
        while self.rings(SILENCE):
            pass
        self.times.clear()


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "sub").mkdir(parents=True)
    (root / ".git").mkdir()
    for path in ("a.yaml", "sub/b.yaml"):
        (root / path).write_text("x")
    return root


@pytest.fixture
def watching(root: Path, bell: Bell) -> Iterator[FolderWatch]:
    watching = FolderWatch(root, bell)
    yield watching
    watching.stop()


def atomic_save(root: Path) -> None:
    (root / "sub" / ".b.tmp").write_text("y")
    (root / "sub" / ".b.tmp").replace(root / "sub" / "b.yaml")


def vim_save(root: Path) -> None:
    (root / "a.yaml").rename(root / "a.yaml~")
    (root / "a.yaml").write_text("y")
    (root / "a.yaml~").unlink()


def new_tree(root: Path) -> None:
    (root / "new" / "deep").mkdir(parents=True)
    (root / "new" / "deep" / "c.yaml").write_text("x")


def tree_moved_in(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "c.yaml").write_text("x")
    outside.rename(root / "inside")


CHANGES: list[Callable[[Path], object]] = [
    lambda root: (root / "a.yaml").write_text("y"),
    lambda root: (root / "sub" / "b.yaml").unlink(),
    lambda root: (root / "sub" / "b.yaml").rename(root / "c.yaml"),
    lambda root: (root / "a.yaml").rename(root / "a.off"),
    lambda root: (root / "a.yaml").rename(root.parent / "a.yaml"),
    lambda root: (root / "sub").rename(root / "bus"),
    lambda root: (root / "sub").rename(root / ".hidden"),
    lambda root: shutil.rmtree(root / "sub"),
    lambda root: os.truncate(root / "a.yaml", 0),
    atomic_save,
    vim_save,
    new_tree,
    tree_moved_in,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_calls_back(
    root: Path, bell: Bell, watching: FolderWatch, change: Callable[[Path], object]
) -> None:
    assert watching.by_events
    began = time.monotonic()
    change(root)
    assert bell.rings()
    assert watching.quiet_since >= began


def test_a_file_in_a_new_folder_is_watched(root: Path, bell: Bell, watching: FolderWatch) -> None:
    new_tree(root)
    bell.hush()
    (root / "new" / "deep" / "c.yaml").write_text("y")
    assert bell.rings()


def test_what_is_no_manifest_does_not(root: Path, bell: Bell, watching: FolderWatch) -> None:
    before = watching.quiet_since
    (root / ".git" / "index.lock").touch()
    (root / ".git" / "x.yaml").touch()
    (root / "notes.txt").write_text("x")
    (root / ".a.yaml.swp").write_text("x")
    (root / "a.yaml~").write_text("x")
    FolderSource(root).read()
    assert not bell.rings(1.3)  # long enough for a look as well
    assert watching.quiet_since == before


def test_a_burst_is_one_call(root: Path, bell: Bell, watching: FolderWatch) -> None:
    moments = [time.monotonic()]
    for number in range(50):
        (root / f"{number}.yaml").write_text("x")
        moments.append(time.monotonic())
    assert bell.rings()
    while bell.rings(SILENCE):
        pass
    # Where the machine paused for longer than a burst may, there were several.
    pauses = sum(after - before > QUIET / 2 for before, after in pairwise(moments))
    assert len(bell.times) <= 1 + pauses + int((moments[-1] - moments[0]) / PATIENCE)
    assert len(bell.times) <= 2


def test_under_steady_change_it_does_not_wait_for_ever(
    root: Path, bell: Bell, watching: FolderWatch
) -> None:
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        (root / "a.yaml").write_text(str(time.monotonic()))
        time.sleep(0.01)
    assert 3 <= len(bell.times) <= 8


def test_it_is_soon(root: Path, bell: Bell, watching: FolderWatch) -> None:
    took = []
    for number in range(40):
        time.sleep(0.06)
        began = time.monotonic()
        if number % 2:
            atomic_save(root)
        else:
            (root / "a.yaml").write_text(str(number))
        assert bell.rings()
        took.append(bell.times[-1] - began)
    # The target is 120 ms; a test machine may be busy with other things.
    assert sorted(took)[int(len(took) * 0.95) - 1] < 0.3


def test_the_folder_may_go_and_come_back(root: Path, bell: Bell, watching: FolderWatch) -> None:
    for _ in range(2):
        shutil.rmtree(root)
        assert bell.rings()
        bell.hush()
        root.mkdir()
        (root / "a.yaml").write_text("z")
        assert bell.rings()
        time.sleep(1.2)
        bell.hush()
        assert watching.by_events
        (root / "a.yaml").write_text("later")
        assert bell.rings(SILENCE)


def test_a_folder_that_is_not_there_yet(tmp_path: Path, bell: Bell) -> None:
    watching = FolderWatch(tmp_path / "later", bell)
    try:
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "a.yaml").write_text("x")
        assert bell.rings()
    finally:
        watching.stop()


def test_a_folder_known_by_a_link_that_is_turned(tmp_path: Path, bell: Bell) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml").write_text(name)
    (tmp_path / "link").symlink_to("one")
    watching = FolderWatch(tmp_path / "link", bell)
    try:
        (tmp_path / "one" / "a.yaml").write_text("x")
        assert bell.rings(SILENCE)
        (tmp_path / "new").symlink_to("two")
        (tmp_path / "new").replace(tmp_path / "link")
        assert bell.rings()
        bell.hush()
        (tmp_path / "two" / "a.yaml").write_text("x")
        assert bell.rings(SILENCE)
    finally:
        watching.stop()


def test_without_events_it_looks(root: Path, bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.Observer.schedule", exhausted)
    threads = threading.active_count()
    watching = FolderWatch(root, bell)
    try:
        assert not watching.by_events
        (root / "a.yaml").write_text("y")
        assert bell.rings()
        time.sleep(2.2)
        assert threading.active_count() == threads + 1
        monkeypatch.undo()
        eventually(lambda: watching.by_events, "events again", SOON)
    finally:
        watching.stop()


def test_when_events_cease_it_subscribes_anew(
    root: Path, bell: Bell, watching: FolderWatch
) -> None:
    observer = watching._observer
    assert observer is not None
    (handled, handlers), *_ = observer._handlers.items()
    observer.remove_handler_for_watch(next(iter(handlers)), handled)
    time.sleep(1.2)
    (root / "a.yaml").write_text("y")
    assert bell.rings()
    time.sleep(1.2)
    bell.hush()
    (root / "a.yaml").write_text("z")
    assert bell.rings(SILENCE)
    assert watching._observer is not observer


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_stopping_ends_all_threads(root: Path, bell: Bell) -> None:
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(3):
        watching = FolderSource(root).watch(bell)
        watching.stop()
        watching.stop()
    assert threading.active_count() == threads
    assert open_descriptors() == descriptors
    (root / "a.yaml").write_text("y")
    assert not bell.rings(SILENCE)


def test_it_may_be_stopped_by_what_it_calls(root: Path) -> None:
    stopped = threading.Event()
    started: list[FolderWatch] = []

    def stop() -> None:
        started[0].stop()
        stopped.set()

    started.append(FolderWatch(root, stop))
    (root / "a.yaml").write_text("y")
    assert stopped.wait(SOON)
    started[0].stop()
