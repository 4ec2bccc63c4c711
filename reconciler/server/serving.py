"""The server as `run` sees it: what it listens on, from `start` to `stop`.

Decides which listeners there are: none for webhooks without a secret. Puts the parts together
and knows none of their affairs.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self

from msgspec import Struct, field

from reconciler.controller.loop import Loop
from reconciler.secrets import Secret, SecretError
from reconciler.server.connection import Limits
from reconciler.server.hinted import Hinted
from reconciler.server.hooks import Hooks, Tell
from reconciler.server.listener import Address, Listener, ServerError
from reconciler.server.meter import CommittedAt, Meter
from reconciler.server.metrics import Metrics
from reconciler.server.nudging import PAUSE_SECONDS, Nudging
from reconciler.server.rate import Rate
from reconciler.server.vigil import Vigil
from reconciler.server.watching import Watching

# A scrape needs few connections, and no body at all.
_SCRAPES: Final = Limits(body_bytes=0, connections=32, connections_each=32)
# How long a thread at work may keep the interpreter from one that has been asked something, in
# seconds. A tenth of what is usual: planning must not keep webhooks waiting.
_SWITCH_SECONDS: Final = 0.0005


class Settings(Struct, frozen=True, kw_only=True):
    """What the operator decides: addresses as HOST:PORT or PORT, empty for no listener."""

    hooks: str = ""
    metrics: str = ""
    secret: Secret | None = None
    limits: Limits = field(default_factory=Limits)
    rate: Rate = field(default_factory=Rate)
    # After how long without a turn a loop is taken for dead, and the least time between two
    # nudges of a source; in seconds.
    stale: float = 60.0
    pause: float = PAUSE_SECONDS


class Server:
    """Listens, in threads of its own, between `start` and `stop`."""

    def __init__(self, sources: Sequence[Hinted], settings: Settings, tell: Tell) -> None:
        """Be ready for webhooks of `sources`.

        `tell` hears, from any thread, a level and a sentence about what goes wrong; foreign text
        in it is not escaped.
        """
        self._settings = settings
        self._tell = tell
        self._vigils: list[Vigil] = []
        self._expected: dict[str, str] = {}
        self._metrics = Metrics(self._vigils)
        self._nudging = Nudging(sources, self._fault, settings.pause)
        self._sources = sources
        self._listeners: dict[str, Listener] = {}
        self._switch_before = sys.getswitchinterval()

    def watch(self, loop: Loop, committed_at: CommittedAt = lambda _: 0.0) -> Meter:
        """Measure a project's loop, which has not begun yet; see `Meter`."""
        meter = Meter(loop.core.desired.project, self._metrics, committed_at)
        self._vigils.append(meter)
        loop.witness = meter
        loop.core.scribe.ledger = meter.timed(loop.core.scribe.ledger)
        return meter

    @contextmanager
    def expecting(self, project: str) -> Iterator[Callable[[str], None]]:
        """Take a project for one that is not ready, for as long as it has no loop to watch.

        What is called with a sentence says why.
        """
        self._expected[project] = "it has no revision yet"
        try:
            yield lambda why: self._expected.update({project: why})
        finally:
            del self._expected[project]

    def start(self) -> None:
        """Bind what is to be bound and begin to answer.

        Raises:
            ServerError: when an address cannot be had, or webhooks have no secret; then nothing
                listens.
        """
        try:
            if self._settings.metrics:
                self._watching()
            if self._settings.hooks:
                self._hooks()
        except ServerError:
            self.stop()
            raise

    def stop(self) -> None:
        """Answer no more; hints that nobody has followed yet are dropped."""
        for listener in self._listeners.values():
            listener.stop()
        self._nudging.stop()
        sys.setswitchinterval(self._switch_before)

    def address(self, of: str) -> str:
        """Return where `hooks` or `metrics` are to be reached, empty where they are not."""
        listener = self._listeners.get(of)
        return str(listener.address) if listener else ""

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _hooks(self) -> None:
        hooks = Hooks(
            self._sources,
            _readable(self._settings.secret),
            self._settings.rate,
            self._nudging.ask,
            count=self._metrics.count_webhook,
            tell=self._tell,
        )
        address = Address.parse(self._settings.hooks)
        listener = Listener("webhooks", address, hooks, self._fault, self._settings.limits)
        self._begin("hooks", listener)
        self._nudging.start()
        sys.setswitchinterval(_SWITCH_SECONDS)

    def _watching(self) -> None:
        watching = Watching(self._vigils, self._expected, self._metrics, self._settings.stale)
        address = Address.parse(self._settings.metrics)
        self._begin("metrics", Listener("metrics", address, watching, self._fault, _SCRAPES))

    def _begin(self, name: str, listener: Listener) -> None:
        listener.start()
        self._listeners[name] = listener

    def _fault(self, error: BaseException) -> None:
        self._tell("error", f"{type(error).__name__}: {error}")


def _readable(secret: Secret | None) -> Secret:
    """Return the secret of webhooks, if there is one that can be read."""
    if secret is None:
        raise ServerError("webhooks need a secret, and none is configured: name its file")
    try:
        secret.word()
    except SecretError as error:
        raise ServerError(f"webhooks need a secret: {error}") from error
    return secret


__all__ = ["Server", "ServerError", "Settings"]
