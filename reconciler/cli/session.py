"""A writer's time on the command line: from its source to its ending.

Decides what a signal, a deadline and the teller have to do with the loop; what the loop does
is not known here. Containers are left as they are, however the session ends.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.exits import Failure
from reconciler.cli.place import Place
from reconciler.cli.telling import Teller
from reconciler.cli.text import complain, length, plural
from reconciler.controller import revisions, writing
from reconciler.controller.happenings import Halt
from reconciler.controller.writing import Writer, read
from reconciler.model.catalog import Catalog
from reconciler.model.desired import Desired
from reconciler.sources.source import Snapshot

if TYPE_CHECKING:
    from reconciler.controller.core import Core
    from reconciler.controller.loop import Ending

_SIGNALS: Final = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


def read_valid(place: Place) -> tuple[Snapshot, Desired]:
    """Return a source's content and what it asks for.

    Raises:
        Failure: when it cannot be read whole, or has errors, which are shown.
    """
    snapshot, catalog = read(place.source, place.project, place.policy, place.hosts)
    if not snapshot.complete:
        raise Failure(
            f"nothing is changed, for the source cannot be read whole: {snapshot.problem}"
        )
    show_problems(place, catalog)
    if catalog.desired is None:
        raise Failure("nothing is changed, for the manifests have errors")
    return snapshot, catalog.desired


def to_apply(place: Place) -> tuple[Snapshot, Desired]:
    """Return what is to be applied: the pinned revision, else what the source says.

    Raises:
        Failure: as `read_valid`.
    """
    return pinned(place) or read_valid(place)


def pinned(place: Place) -> tuple[Snapshot, Desired] | None:
    """Return the revision that a person has pinned, None where none is; say so.

    Raises:
        Failure: when it cannot be applied any more.
    """
    found = writing.pinned(place.folder, place.project, place.policy, place.hosts)
    if found is None:
        return None
    snapshot, catalog = found
    way_out = f"`{place.command('unpin')}` follows the source again"
    if catalog.desired is None:
        why = revisions.summary(catalog.errors)
        raise Failure(f"revision {snapshot.revision} is pinned and has errors: {why}; {way_out}")
    complain(f"revision {snapshot.revision} is pinned, whatever the source says; {way_out}")
    return snapshot, catalog.desired


def show_problems(place: Place, catalog: Catalog) -> None:
    """Print what is wrong with the manifests, beside the answer."""
    if not catalog.problems:
        return
    from reconciler.cli.findings.text import as_text  # noqa: PLC0415  # only mistakes need it

    for line in as_text(catalog.problems, catalog.files, place.root):
        click.echo(line, err=True)


def put_in_force(writer: Writer, snapshot: Snapshot) -> None:
    """Put a valid revision on record, unless it is in force already."""
    kept = writer.ledger.revision_in_force()
    if kept is not None and kept[0] == snapshot.revision:
        if writer.core.history.revision(snapshot.revision) is None:
            writer.core.note([revisions.seen(snapshot, writer.clock.now())])
        return
    if writer.core.history.pinned_revision == snapshot.revision:
        writer.ledger.put_in_force(snapshot.revision)
        return
    writer.core.note([revisions.seen(snapshot, writer.clock.now())])
    count = plural(len(writer.core.desired.tasks), "task")
    message = f"revision {snapshot.revision} in force: {count}"
    said = revisions.keep(writer.ledger, snapshot, writer.clock.now())
    for kind, level, words in (("revision", "info", message), *said):
        writer.core.say(kind, words, level=level)


def listen(writer: Writer, teller: Teller) -> None:
    """Tell `teller` of every entry from now on, each once."""
    if teller.entry not in writer.core.scribe.listeners:
        writer.core.scribe.listeners.append(teller.entry)


def drive(
    writer: Writer, until: Callable[["Core"], bool], teller: Teller, timeout: float | None = None
) -> "Ending":
    """Run the loop to its end, told of by `teller`, halted by signals and by the deadline."""
    listen(writer, teller)
    writer.loop.on_turn = teller.turn
    halted: list[str] = []
    try:
        with _signals(writer, halted), _deadline(writer, timeout, halted):
            return writer.loop.run(until)
    finally:
        teller.close()
        warn_all(halted)


@contextmanager
def _signals(writer: Writer, halted: list[str]) -> Iterator[None]:
    """Let the first signal halt the loop in good order, and the second one end everything."""

    def hear(number: int, frame: FrameType | None) -> None:
        del frame
        if halted:
            raise KeyboardInterrupt
        _halt(writer, halted, f"stopped by {_SIGNALS[signal.Signals(number)]}")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _deadline(writer: Writer, timeout: float | None, halted: list[str]) -> Iterator[None]:
    if timeout is None:
        yield
        return
    over = f"the time allowed, {length(timeout)}, is over"
    timer = threading.Timer(timeout, _halt, (writer, halted, over))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _halt(writer: Writer, halted: list[str], reason: str) -> None:
    halted.append(reason)
    writer.loop.put(Halt(f"{reason}; containers stay"))


def heard(enough: Callable[["Core"], bool]) -> Callable[["Core"], bool]:
    """Return `enough`, but not before every node has had its say.

    One that hangs is told of by its deadline, rather than taken for one that is not there.
    """

    def done(core: "Core") -> bool:
        return all(node.asked for node in core.board.nodes.values()) and enough(core)

    return done


def warn_all(sentences: list[str]) -> None:
    """Say each of several sentences once."""
    for sentence in dict.fromkeys(sentences):
        complain(sentence)
