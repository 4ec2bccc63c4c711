"""Watching a folder: from changed files to one call, soon and not too often.

Decides which events matter and when to call. What follows from a change is not known here, nor
what is in the files. Events are hints that may be lost: network file systems send none, queues
overflow, watches run out, the folder itself may go and come back. So every second, or rarer
where a look is dear, the folder is looked through as well.

The thread: events arrive from watchdog and only move two time stamps; one thread of ours waits
for quiet, calls back, and looks.
"""

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from reconciler.sources.disk import DiskContents
from reconciler.sources.ignore import IGNORE_FILE
from reconciler.sources.scan import Scan, is_read, is_visible, scan

QUIET: Final = 0.05
PATIENCE: Final = 0.25
LOOK: Final = 1.0
_SHARE: Final = 0.01  # of the time may go into looking
_CHANGES: Final = frozenset({"created", "modified", "deleted", "moved", "closed"})

# It calls every ordinary stop an error, and warns of a sub-folder that it has met twice. What it
# fails to do, the regular look makes good.
logging.getLogger("watchdog").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"watchdog\.")


class FolderWatch:
    """A folder being watched, from construction until `stop`."""

    def __init__(
        self, root: Path, callback: Callable[[], None], contents: DiskContents | None = None
    ) -> None:
        self._root = root.absolute()
        self._contents = contents or DiskContents(root)
        self._callback = callback
        self._wake = threading.Condition()
        self._first = 0.0  # when the changes not yet reported began
        self._last = time.monotonic()
        self._stopped = False
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None
        self._known: tuple[Scan, object] = (Scan(), ())
        self._look_at = 0.0
        self._looked = 0.0
        self._look(report=False)
        self._thread = threading.Thread(target=self._run, name="folder-watch", daemon=True)
        self._thread.start()

    @property
    def quiet_since(self) -> float:
        """The monotonic time of the last sign of change; the start of watching before any."""
        return self._last

    @property
    def by_events(self) -> bool:
        """Whether the system tells of changes, rather than only looking every second."""
        return self._observer is not None

    def stop(self) -> None:
        """Stop, and wait for a callback under way."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def touch(self) -> None:
        """Note that something may have changed."""
        with self._wake:
            self._last = time.monotonic()
            self._first = self._first or self._last
            self._wake.notify()

    def _run(self) -> None:
        while self._wait():
            if time.monotonic() >= self._look_at:
                self._look(report=True)
            if self._take_due():
                self._callback()
        self._unsubscribe()

    def _wait(self) -> bool:
        """Sleep until something is due; return whether to go on."""
        with self._wake:
            while not self._stopped:
                left = min(self._due_at(), self._look_at) - time.monotonic()
                if left <= 0:
                    return True
                self._wake.wait(left)
            return False

    def _due_at(self) -> float:
        return min(self._last + QUIET, self._first + PATIENCE) if self._first else float("inf")

    def _take_due(self) -> bool:
        with self._wake:
            due = time.monotonic() >= self._due_at()
            if due:
                self._first = 0.0
            return due

    def _look(self, *, report: bool) -> None:
        """Look through the folder, and see to it that events come from what is there now."""
        began = time.monotonic()
        identity = _identity(self._root)
        if identity != self._identity or not _is_alive(self._observer):
            self._unsubscribe()
            self._identity = identity
            if identity is not None:
                self._subscribe()
        found = scan(self._root), self._contents.glance()
        if report and found != self._known:
            if self._last < self._looked:
                self._identity = None  # a change that no event told of: subscribe anew
            self.touch()
        self._known = found
        self._looked = time.monotonic()
        self._look_at = self._looked + max(LOOK, (self._looked - began) / _SHARE)

    def _subscribe(self) -> None:
        # Where it really is: a link is not followed by what tells of changes.
        real = os.path.realpath(self._root)
        observer: BaseObserver | None = None
        try:
            observer = Observer()
            observer.schedule(_Handler(real, self.touch, self._contents), real, recursive=True)
            observer.start()
        except OSError:
            # The system's watches have run out: looking has to do, until there are some again.
            if observer is not None:
                _stop(observer)
            return
        self._observer = observer

    def _unsubscribe(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            _stop(observer)


class _Handler(FileSystemEventHandler):
    """Tells apart the events that may concern a manifest, or what images are made of."""

    def __init__(self, root: str, touch: Callable[[], None], contents: DiskContents) -> None:
        self._root = root
        self._contents = contents
        self._touch = touch

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Pass on what matters."""
        if event.event_type not in _CHANGES:
            return  # to be read is no change, and we read
        if event.is_directory and event.event_type == "modified":
            return  # whatever changed in it has its own event
        if self._matters(event.src_path, event) or self._matters(event.dest_path, event):
            self._touch()

    def _matters(self, path: bytes | str, event: FileSystemEvent) -> bool:
        if not path:
            return False
        below = PurePath(os.path.relpath(os.fsdecode(path), self._root))
        if self._contents.concerns(below.as_posix()):
            return True
        if below.name == IGNORE_FILE:
            return is_visible(below.parent)
        return is_visible(below) and (event.is_directory or is_read(below.name))


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        found = root.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_alive(observer: BaseObserver | None) -> bool:
    """Return whether events still come.

    The emitter ends with the folder that it was made for, and a folder made anew may well have
    the old one's number.
    """
    return (
        observer is not None
        and observer.is_alive()
        and all(emitter.is_alive() for emitter in observer.emitters)
    )


def _stop(observer: BaseObserver) -> None:
    observer.stop()  # also one that never started: it has threads and descriptors by then
    if observer.is_alive():
        observer.join()
