"""What `run` serves: its sources as the others see them, and what listens for news of them.

Decides who hears of what becomes of a source, before it has a loop and after. How sources are
kept is not known here.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reconciler.cli.awaiting import awaited
from reconciler.cli.heralding import Herald
from reconciler.cli.place import Place
from reconciler.cli.telling import Teller
from reconciler.cli.text import complain
from reconciler.controller.happenings import Halt, Happening, SourceTold
from reconciler.controller.writing import Writer
from reconciler.model.operator import SourceSpec, Target
from reconciler.server.meter import Meter
from reconciler.server.serving import Server
from reconciler.sources.git import GitSource, Standing

_LEVELS = {Standing.CURRENT: "info", Standing.NEW: "info"}


class Kept:
    """One source as the others see it: where its loop hears, once there is one.

    `began` is set once there is a loop, or a wait for the first revision, or neither any more.
    """

    def __init__(self, spec: SourceSpec | None = None) -> None:
        self.spec = spec
        self.began = threading.Event()
        self.ended = threading.Event()
        self._writer: Writer | None = None
        self._meter: Meter | None = None

    def told(self, standing: Standing, sentence: str) -> None:
        """Pass on how the source stands to its remote."""
        if self._writer is None:
            complain(sentence)
        else:
            level = _LEVELS.get(standing, "warning")
            self._put(SourceTold(level, sentence))

    def polled(self, standing: Standing) -> None:
        """Count a look at the remote."""
        if self._meter is not None:
            self._meter.polled(ok=standing is not Standing.UNREACHABLE)

    def begin(self, writer: Writer, meter: Meter | None) -> None:
        """Note the loop, which ends at once if it was to end before it began."""
        self._writer, self._meter = writer, meter
        self.began.set()
        if self.ended.is_set():
            self.end()

    def end(self) -> None:
        """Have whatever is under way for the source end."""
        self.ended.set()
        self._put(Halt("stopped; containers stay"))

    def over(self) -> None:
        """Note that there is no loop any more."""
        self._writer = None
        self.began.set()

    def _put(self, happening: Happening) -> None:
        if self._writer is not None:
            self._writer.loop.put(happening)


class Served:
    """All sources by their state folders, and the server, if there is one."""

    def __init__(
        self,
        kept: Mapping[Path, Kept],
        server: Server | None,
        targets: Sequence[Target],
        plain: Callable[[Place], Teller],
    ) -> None:
        """Serve nothing yet; `plain` tells whoever looks at this process."""
        self._kept = kept
        self._server = server
        self._targets = targets
        self._plain = plain
        self._listening = False

    def of(self, place: Place) -> Kept:
        """Return the source of a place."""
        return self._kept[place.folder]

    def herald(self, place: Place) -> Herald:
        """Return who tells forge and people of a source."""
        return Herald(self._plain(place), place, self.of(place).spec, self._targets)

    def opened(self, place: Place, writer: Writer) -> None:
        """Note a source's loop before it works."""
        meter = self._server.watch(writer.loop) if self._server is not None else None
        here = self.of(place)
        if isinstance(place.source, GitSource):
            place.source.on_poll = here.polled
        here.begin(writer, meter)

    def awaited(self, place: Place) -> Place | None:
        """Wait for the first revision of a source; None when it was ended before."""
        here = self.of(place)
        here.began.set()
        if self._server is None:
            return awaited(place, self.herald(place), here.ended, lambda _: None)
        with self._server.expecting(place.project) as told:
            return awaited(place, self.herald(place), here.ended, told)

    def listen(self) -> None:
        """Listen from now on.

        Raises:
            ServerError: when that cannot be.
        """
        if self._server is not None and not self._listening:
            self._server.start()
        self._listening = True

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.stop()
