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
from reconciler.cli.keeping import Manner, keep
from reconciler.cli.operator import consult
from reconciler.cli.options import Chosen, Where
from reconciler.cli.place import Place, find
from reconciler.cli.remotes import fetched, naming, remote_place, spec_of
from reconciler.cli.served import Kept, Served
from reconciler.cli.text import complain
from reconciler.controller.writing import Writer
from reconciler.forges.forge import ForgeError
from reconciler.manifests import Operator
from reconciler.model.operator import Service
from reconciler.notices import NoticesError
from reconciler.secrets import Secret
from reconciler.server.following import Followed
from reconciler.server.serving import Server, ServerError, Settings
from reconciler.sources.git import GitSource


class Listening(Struct, frozen=True):
    """Addresses given by flags; empty where the configuration's count."""

    hooks: str = ""
    metrics: str = ""


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
    server = _server(kept, places, operator.service, listening)
    served = Served(kept, server, operator.service.targets, manner.speaker)
    manner = replace(manner, opened=served.opened, speaker=served.herald)
    try:
        if len(places) == 1:
            _one(places[0], manner, served)
        else:
            _several(places, manner, served)
    except (ServerError, ForgeError, NoticesError) as error:
        raise Failure(str(error)) from error
    finally:
        served.close()


def _places(
    source: Where | None,
    choice: Mapping[str, str],
    interval: float,
    chosen: Chosen,
    operator: Operator,
) -> tuple[dict[Path, Kept], list[Place]]:
    if isinstance(source, Path) or (source is None and not operator.service.sources):
        place = find(source or Path(), chosen)
        return {place.folder: Kept()}, [place]
    specs = operator.service.sources
    if source is not None:
        same = [spec for spec in specs if spec.url == source]
        specs = tuple(same) if same and not choice else (
            spec_of(source, interval=interval, **choice),
        )  # fmt: skip
    if chosen.state is not None and len(specs) > 1:
        raise Failure("--state names one project's folder, and there are several sources")
    if chosen.nodes is not None and len(specs) > 1:
        raise Failure("--nodes lists one project's hosts, and there are several sources")
    kept: dict[Path, Kept] = {}
    places = []
    for spec in specs:
        here = Kept(spec)
        place = remote_place(spec, chosen, operator, here.told)
        kept[place.folder] = here
        places.append(place)
    return kept, places


def _server(
    kept: Mapping[Path, Kept], places: Sequence[Place], service: Service, given: Listening
) -> Server | None:
    hooks = given.hooks or (service.hooks.address if service.hooks else "")
    metrics = given.metrics or service.metrics
    if not hooks and not metrics:
        return None
    secret = Secret.at(service.hooks.secret) if service.hooks else None
    followed = [
        Followed(spec.name, spec.url, _ref(place.source), place.source.nudge)
        for place in places
        if isinstance(place.source, GitSource) and (spec := kept[place.folder].spec) is not None
    ]
    settings = Settings(hooks=hooks, metrics=metrics, secret=secret)
    return Server(followed, settings, lambda _, sentence: complain(sentence))


def _ref(source: GitSource) -> str:
    """Return what pushes name; of the remote's own branch nobody here knows the name."""
    return "" if source.settings.ref == "HEAD" else source.settings.ref


def _one(place: Place, manner: Manner, served: Served) -> None:
    def opened(place: Place, writer: Writer) -> None:
        served.opened(place, writer)
        served.listen()

    ready = _looked_up(place)
    if ready is None:
        served.listen()
        with _signalled(served.of(place).end):
            ready = served.awaited(place)
    if ready is not None:
        keep(ready, replace(manner, opened=opened))


def _several(places: Sequence[Place], manner: Manner, served: Served) -> None:
    ended = threading.Event()

    def work(place: Place) -> None:
        here = served.of(place)
        try:
            ready = _looked_up(place) or served.awaited(place)
            if ready is not None and not here.ended.is_set():
                keep(ready, manner)
        except Exception as error:  # noqa: BLE001  # whatever befalls one, the others go on
            complain(f"source {place.source.name} is given up: {error}")
        finally:
            here.over()

    threads = [threading.Thread(target=work, args=(place,), name=place.project) for place in places]
    with _signalled(ended.set):
        for thread in threads:
            thread.start()
        for place in places:
            served.of(place).began.wait(60)
        served.listen()
        while any(thread.is_alive() for thread in threads) and not ended.wait(0.5):
            pass
        for place in places:
            served.of(place).end()
            if isinstance(place.source, GitSource):
                place.source.interrupt()  # a first look may take minutes
        for thread in threads:
            thread.join()


def _looked_up(place: Place) -> Place | None:
    """Look at the remote once; None while nobody knows what the project is called."""
    if not isinstance(place.source, GitSource):
        return place
    fetched(place)
    found = naming(place).project
    return replace(place, project=found) if found else None


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
