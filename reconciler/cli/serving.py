"""`run` for repositories: several at once, polled, and listened for.

Decides which sources there are and what listens for them. Each source is kept in a thread of its
own, so that one that fails holds up no other; a single one has the main thread.
"""

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.exits import Failure
from reconciler.cli.heralding import Herald
from reconciler.cli.keeping import Manner, keep
from reconciler.cli.operator import consult
from reconciler.cli.options import Chosen, Where
from reconciler.cli.place import Place, find
from reconciler.cli.remotes import fetched, remote_place, spec_of
from reconciler.cli.telling import Teller
from reconciler.cli.text import complain
from reconciler.controller.happenings import Halt, Happening, SourceTold
from reconciler.controller.writing import Writer
from reconciler.forges.forge import ForgeError
from reconciler.manifests import Operator
from reconciler.model.operator import Service, SourceSpec
from reconciler.notices import NoticesError
from reconciler.server.following import Followed
from reconciler.server.meter import Meter
from reconciler.server.secret import Secret
from reconciler.server.serving import Server, ServerError, Settings
from reconciler.sources.git import GitSource, Standing

_LEVELS = {Standing.CURRENT: "info", Standing.NEW: "info"}


class Listening(Struct, frozen=True):
    """Addresses given by flags; empty where the configuration's count."""

    hooks: str = ""
    metrics: str = ""


class _Kept:
    """One source as the others see it: where its loop hears, once there is one."""

    def __init__(self, spec: SourceSpec | None = None) -> None:
        self.spec = spec
        self.writer: Writer | None = None
        self.meter: Meter | None = None
        self.began = threading.Event()

    def told(self, standing: Standing, sentence: str) -> None:
        """Pass on how the source stands to its remote."""
        if self.writer is None:
            complain(sentence)
        else:
            level = _LEVELS.get(standing, "warning")
            self.put(SourceTold(level, sentence))

    def polled(self, standing: Standing) -> None:
        """Count a look at the remote."""
        if self.meter is not None:
            self.meter.polled(ok=standing is not Standing.UNREACHABLE)

    def put(self, happening: Happening) -> None:
        """Tell the loop something, if it has begun."""
        if self.writer is not None:
            self.writer.loop.put(happening)


def serve(
    source: Where | None,
    choice: Mapping[str, str],
    interval: float,
    chosen: Chosen,
    listening: Listening,
    manner: Manner,
) -> None:
    """Keep sources in force, and listen for news of them, until told to stop.

    Raises:
        Failure: when a source or an address cannot be meant, or a single source's project is
            another writer's.
    """
    operator = consult(chosen, source if isinstance(source, Path) else None)
    kept, places = _places(source, choice, interval, chosen, operator)
    plain = manner.speaker
    server = _server(places, operator.service, listening)

    def opened(place: Place, writer: Writer) -> None:
        here = kept[place.folder]
        if server is not None:
            here.meter = server.watch(writer.loop)
        if isinstance(place.source, GitSource):
            place.source.on_poll = here.polled
        here.writer = writer
        here.began.set()

    def speaker(place: Place) -> Teller:
        spec = kept[place.folder].spec
        git = place.source
        waiting = (lambda: git.waiting) if isinstance(git, GitSource) else (lambda: "")
        return Herald(plain(place), place.project, spec, operator.service.targets, waiting)

    manner = replace(manner, opened=opened, speaker=speaker)
    try:
        if len(places) == 1:
            _one(places[0], manner, server)
        else:
            _several(places, manner, kept, server)
    except (ServerError, ForgeError, NoticesError) as error:
        raise Failure(str(error)) from error
    finally:
        if server is not None:
            server.stop()


def _places(
    source: Where | None,
    choice: Mapping[str, str],
    interval: float,
    chosen: Chosen,
    operator: Operator,
) -> tuple[dict[Path, _Kept], list[Place]]:
    if isinstance(source, Path) or (source is None and not operator.service.sources):
        place = find(source or Path(), chosen)
        return {place.folder: _Kept()}, [place]
    specs = operator.service.sources
    if source is not None:
        same = [spec for spec in specs if spec.url == source]
        specs = tuple(same) if same and not choice else (
            spec_of(source, interval=interval, **choice),
        )  # fmt: skip
    if chosen.state is not None and len(specs) > 1:
        raise Failure("--state names one project's folder, and there are several sources")
    kept: dict[Path, _Kept] = {}
    places = []
    for spec in specs:
        here = _Kept(spec)
        place = remote_place(spec, chosen, operator, here.told)
        kept[place.folder] = here
        places.append(place)
    return kept, places


def _server(places: Sequence[Place], service: Service, given: Listening) -> Server | None:
    hooks = given.hooks or (service.hooks.address if service.hooks else "")
    metrics = given.metrics or service.metrics
    if not hooks and not metrics:
        return None
    secret = Secret()
    if service.hooks is not None:
        place = service.hooks.secret
        secret = Secret(file=Path(place.file) if place.file else None, env=place.env)
    sources = [(p.project, p.source) for p in places if isinstance(p.source, GitSource)]
    followed = [
        Followed(name, source.settings.url, _ref(source), source.nudge) for name, source in sources
    ]
    settings = Settings(hooks=hooks, metrics=metrics, secret=secret)
    return Server(followed, settings, lambda _, sentence: complain(sentence))


def _ref(source: GitSource) -> str:
    """Return what pushes name; of the remote's own branch nobody here knows the name."""
    return "" if source.settings.ref == "HEAD" else source.settings.ref


def _one(place: Place, manner: Manner, server: Server | None) -> None:
    opened = manner.opened

    def and_listen(place: Place, writer: Writer) -> None:
        opened(place, writer)
        if server is not None:
            server.start()

    keep(fetched(place), replace(manner, opened=and_listen))


def _several(
    places: Sequence[Place], manner: Manner, kept: Mapping[Path, _Kept], server: Server | None
) -> None:
    ended = threading.Event()

    def work(place: Place) -> None:
        here = kept[place.folder]
        try:
            keep(fetched(place), manner)
        except Exception as error:  # noqa: BLE001  # whatever befalls one, the others go on
            complain(f"source {place.source.name} is given up: {error}")
        finally:
            here.writer = None
            here.began.set()

    threads = [threading.Thread(target=work, args=(place,), name=place.project) for place in places]
    with _signalled(ended.set):
        for thread in threads:
            thread.start()
        for here in kept.values():
            here.began.wait(60)
        if server is not None:
            server.start()
        while any(thread.is_alive() for thread in threads) and not ended.wait(0.5):
            pass
        for here in kept.values():
            here.put(Halt("stopped; containers stay"))
        for thread in threads:
            thread.join()


class _signalled:  # noqa: N801  # reads as a statement
    """Within it, Ctrl-C and SIGTERM call back."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def __enter__(self) -> None:
        def hear(number: int, frame: FrameType | None) -> None:
            del number, frame
            self._callback()

        self._before = {n: signal.signal(n, hear) for n in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
