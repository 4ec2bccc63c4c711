"""Statuses of commits, told to a forge by a thread of its own.

Decides when to try again: while the forge is away everything waits, longer each time. Whoever
speaks never waits. Must not know what the words mean.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from reconciler.forges.answers import Later, Refused, Taken, Verdict, judged
from reconciler.forges.dialects import authorization, request
from reconciler.forges.forge import Forge, Said, State
from reconciler.forges.outbox import Outbox
from reconciler.forges.repository import repository_of
from reconciler.forges.wire import Wire, WireError, sendable
from reconciler.secrets import SecretError

_LONGEST_PAUSE: Final = 300.0
_DEADLINE: Final = 10.0
_SHORTEST_DEADLINE: Final = 0.1


class Statuses:
    """What one source's forge is told of its commits."""

    def __init__(
        self,
        forge: Forge,
        source: str,
        project: str,
        tell: Callable[[str], None],
        pause: float = 1.0,
    ) -> None:
        """Check what can be checked without asking the forge.

        `source` is the source's URL. `tell` hears, on another thread, a sentence for each thing
        that goes wrong, once; `pause` is the first one after a failure.

        Raises:
            ForgeError: when the forge cannot be used as it is configured.
        """
        self._forge = forge
        self._repository = repository_of(forge.kind, source, api=forge.api, name=forge.repository)
        self._context = f"reconciler/{project}"
        self._wire = Wire(ca=forge.ca, proxy=forge.proxy)
        self._tell = tell
        self._pause = pause
        self._changed = threading.Condition()
        self._outbox = Outbox()
        self._failures = 0
        self._not_before = 0.0
        self._end: float | None = None
        self._told = ""
        self._thread: threading.Thread | None = None

    def say(self, commit: str, state: State, description: str) -> None:
        """Have a commit's status set, soon; a later word on the same commit replaces this one."""
        with self._changed:
            if self._end is not None:
                return
            self._outbox.put(commit, Said(state, description))
            if self._thread is None:
                name = f"statuses of {self._repository.name}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, within: float = 2.0) -> None:
        """Try once to say what is waiting, and end within so many seconds."""
        with self._changed:
            self._end = time.monotonic() + within
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(within)

    def _work(self) -> None:
        while (item := self._next()) is not None:
            self._settle(*item, self._asked(*item))

    def _next(self) -> tuple[str, Said] | None:
        """Wait for what is to be said; None when there will be no more."""
        with self._changed:
            while True:
                wait: float | None = self._not_before - time.monotonic()
                if self._end is not None:
                    return self._outbox.take() if self._left() > 0 else None
                if wait is not None and wait <= 0:
                    item = self._outbox.take()
                    if item is not None:
                        return item
                    wait = None
                self._changed.wait(wait)

    def _asked(self, commit: str, said: Said) -> Verdict:
        """Ask the forge to show what is said of a commit."""
        kind = self._forge.kind
        asked = request(kind, self._repository, self._context, commit, said, self._forge.link)
        token = ""
        try:
            token = self._forge.token.word()
            if not sendable(token):
                return Refused(f"{self._forge.token} holds no token: one word of ASCII is expected")
            answer = self._wire.post(asked, authorization(kind, token), self._deadline())
        except (SecretError, WireError) as error:
            return Later(str(error))
        # A forge that quotes what it was sent must not bring the token into a log.
        safe = answer.text.replace(token, "[token]")
        return judged(kind, replace(answer, text=safe), time.time())

    def _settle(self, commit: str, said: Said, verdict: Verdict) -> None:
        """Draw the consequences of an answer."""
        with self._changed:
            if isinstance(verdict, Later):
                self._wait(commit, said, verdict.after)
            else:
                self._failures = 0
            if isinstance(verdict, Taken):
                self._outbox.shown(commit, said)
                self._told = ""
                return
            news, self._told = verdict.why != self._told, verdict.why
        if news:
            fate = "is not set" if isinstance(verdict, Refused) else "has to wait"
            where = self._repository.api
            self._tell(f"the status of {commit[:12]} {fate}: {where}: {verdict.why}")

    def _wait(self, commit: str, said: Said, after: float | None) -> None:
        if self._end is not None:
            self._outbox.clear()  # one try was promised, and the forge is away
            return
        self._outbox.back(commit, said)
        pause = self._pause * 2.0 ** min(self._failures, 16)
        self._failures += 1
        self._not_before = time.monotonic() + max(after or 0.0, min(pause, _LONGEST_PAUSE))

    def _deadline(self) -> float:
        return max(_SHORTEST_DEADLINE, min(_DEADLINE, self._left()))

    def _left(self) -> float:
        """Return how long there is to go on."""
        return float("inf") if self._end is None else self._end - time.monotonic()
