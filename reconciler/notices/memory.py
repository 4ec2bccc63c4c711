"""What has been told and what is to be told: nothing twice, and not too much at a time.

Decides what is news and when it may go. Pure but for what it remembers; times are given, in
seconds of a clock that never jumps. Must not know who is told, nor how.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from reconciler.notices.happening import Failure, Happening, Recovery

_MOST_SUBJECTS: Final = 10_000


class Pace(Struct, frozen=True):
    """How notices follow each other, in seconds.

    What happens within `gather` makes one message. In any `span` there are at most `messages`,
    and what comes then is gathered until the next may go. A failure that lasts is news again
    after `again`.
    """

    gather: float = 2.0
    messages: int = 6
    span: float = 600.0
    again: float = 3600.0


class Told(Struct, frozen=True):
    """A failure that was told, and when."""

    failure: Failure
    at: float


class Memory(Struct):
    """What everybody has been told, and what waits."""

    pace: Pace = field(default_factory=Pace)
    _told: dict[str, Told] = field(default_factory=dict)
    _waiting: dict[str, Happening] = field(default_factory=dict)
    _sent: deque[float] = field(default_factory=deque)
    _since: float = 0.0

    @property
    def told(self) -> tuple[Told, ...]:
        """The failures that were told and have not recovered, the oldest first."""
        return tuple(self._told.values())

    def recall(self, told: Iterable[Told]) -> None:
        """Take in what was told before this memory began."""
        self._told |= {one.failure.subject: one for one in told}

    def learn(self, happening: Happening, now: float) -> None:
        """Take in what happens. What is over before anybody heard of it is no news."""
        if not self._is_news(happening, now):
            self._waiting.pop(happening.subject, None)
            return
        if not self._waiting:
            self._since = now
        self._waiting[happening.subject] = happening

    def due_in(self, now: float) -> float | None:
        """Return in how many seconds something may be told, None while there is nothing."""
        if not self._waiting:
            return None
        ready = self._since + self.pace.gather
        if len(self._sent) >= self.pace.messages:
            ready = max(ready, self._sent[0] + self.pace.span)
        return max(0.0, ready - now)

    def take(self, now: float) -> tuple[Happening, ...]:
        """Return what is to be told now, in the order it was learned, and note it as told."""
        happenings = tuple(self._waiting.values())
        self._waiting.clear()
        for happening in happenings:
            self._told.pop(happening.subject, None)
            if isinstance(happening, Failure):
                self._told[happening.subject] = Told(happening, now)
        while len(self._told) > _MOST_SUBJECTS:
            del self._told[next(iter(self._told))]
        self._sent.append(now)
        while len(self._sent) > self.pace.messages:
            self._sent.popleft()
        return happenings

    def _is_news(self, happening: Happening, now: float) -> bool:
        told = self._told.get(happening.subject)
        if isinstance(happening, Recovery) or told is None:
            return isinstance(happening, Failure) or told is not None
        return told.failure.cause != happening.cause or now - told.at >= self.pace.again
