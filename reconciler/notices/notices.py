"""Failures and recoveries, told to people by a thread of its own.

Decides who hears what, how often a message is tried, and when what was told goes on record.
Whoever reports never waits, and nothing that goes wrong here changes what is done.
"""

import importlib.util
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.notices import record
from reconciler.notices.happening import Failure, Happening, Kind, kind_of
from reconciler.notices.memory import Memory, Pace
from reconciler.notices.sending import SendingError, send
from reconciler.notices.wording import Message, message_of
from reconciler.secrets import Secret, SecretError

_TRIES: Final = 3


class NoticesError(Exception):
    """Notices cannot be sent as they are configured. The message is a sentence for people."""


class Target(Struct, frozen=True):
    """Who is told: a name for logs, the address as apprise writes it, and of what."""

    name: str
    address: Secret
    on: frozenset[Kind] = frozenset(Kind)


class Notices:
    """Whom one project's failures and recoveries are told."""

    def __init__(
        self,
        targets: Sequence[Target],
        project: str,
        tell: Callable[[str], None],
        kept: Path,
        pace: Pace | None = None,
        pause: float = 5.0,
    ) -> None:
        """Send nothing yet, and recall what was told before from the file `kept`.

        `tell` hears, on another thread, a sentence for each message that did not arrive;
        `pause` is the one before a second try, in seconds.

        Raises:
            NoticesError: when apprise is not installed.
        """
        if targets and importlib.util.find_spec("apprise") is None:
            raise NoticesError(
                "notices need apprise, which is not installed: pip install 'reconciler[notify]'"
            )
        self._targets = tuple(targets)
        self._project = project
        self._tell = tell
        self._pause = pause
        self._changed = threading.Condition()
        self._memory = Memory(pace or Pace())
        self._kept = kept
        if targets:
            self._memory.recall(record.load(kept, time.time(), time.monotonic()))
        self._end: float | None = None
        self._thread: threading.Thread | None = None

    @property
    def told(self) -> tuple[Failure, ...]:
        """What people were told fails, by this process or one before, and not that it is over."""
        with self._changed:
            return tuple(told.failure for told in self._memory.told)

    def report(self, happening: Happening) -> None:
        """Have it told if it is news: a failure may be reported at every look while it lasts."""
        with self._changed:
            if self._end is not None or not self._targets:
                return
            self._memory.learn(happening, time.monotonic())
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="notices", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, within: float = 2.0) -> None:
        """Try once to tell what waits, and end within so many seconds."""
        with self._changed:
            self._end = time.monotonic() + within
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(within)

    def _work(self) -> None:
        while happenings := self._next():
            for target in self._targets:
                wanted = [h for h in happenings if kind_of(h) in target.on]
                if wanted:
                    self._deliver(target, message_of(self._project, wanted))
            self._keep()

    def _keep(self) -> None:
        """Put on record what was told, so that nobody hears of it again after a restart."""
        with self._changed:
            told = self._memory.told
        try:
            record.save(self._kept, told, time.time(), time.monotonic())
        except OSError as error:
            self._tell(f"what people were told is not on record: {self._kept}: {error.strerror}")

    def _next(self) -> tuple[Happening, ...]:
        """Wait for what is to be told; nothing when there will be no more."""
        with self._changed:
            while True:
                now = time.monotonic()
                due = self._memory.due_in(now)
                if due == 0 or (due is not None and self._end is not None):
                    return self._memory.take(now)
                if self._end is not None:
                    return ()
                self._changed.wait(due)

    def _deliver(self, target: Target, message: Message) -> None:
        why = ""
        for tried in range(1, _TRIES + 1):
            try:
                send(target.address.word(), message)
            except SecretError as error:
                why = str(error)
            except SendingError as error:
                why = str(error)
                if error.lasting:
                    break
            else:
                return
            if tried == _TRIES or not self._rest(self._pause * tried):
                break
        self._tell(f"{target.name} is not told {message.title!r}: {why}")

    def _rest(self, seconds: float) -> bool:
        """Pause, and return whether there is time to try again."""
        with self._changed:
            self._changed.wait_for(lambda: self._end is not None, seconds)
            return self._end is None
