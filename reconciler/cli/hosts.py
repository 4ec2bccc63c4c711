"""The list of hosts that `--nodes` names: a file, a pipe, or standard input.

Decides which names this machine goes by, and that a file is read again when it has changed. What
a list means is judged by `manifests`.
"""

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from reconciler import manifests
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.options import Chosen
from reconciler.controller.happenings import Happening, HostsListed, SourceTold
from reconciler.model.hosts import Hosts
from reconciler.model.operator import Way
from reconciler.sources.folder import MAX_BYTES

if TYPE_CHECKING:
    from reconciler.cli.place import Place

_STANDARD: Final = Path("-")


def listed(chosen: Chosen, way: Way) -> Hosts | None:
    """Return the nodes of the list that was chosen, None where none was.

    Raises:
        Failure: when it cannot be read, or has errors, which are shown.
    """
    if chosen.nodes is None:
        return None
    path = "stdin" if chosen.nodes == _STANDARD else str(chosen.nodes)
    data = _read(chosen.nodes)
    found = manifests.host_list(path, data, way, _here())
    if found.problems:
        from reconciler.cli.findings.text import as_text  # noqa: PLC0415  # only mistakes need it

        for line in as_text(found.problems, {path: data}, Path.cwd()):
            click.echo(line, err=True)
    if found.hosts is None:
        raise Failure("nothing is started, for the list of hosts has errors")
    return found.hosts


@contextmanager
def followed(place: "Place", put: Callable[[Happening], None]) -> Iterator[None]:
    """For the length of a block, tell of the hosts whenever their file has changed.

    What was read from a pipe is not there any more, and does not change.
    """
    path = place.chosen.nodes
    if path is None or not path.is_file():
        yield
        return
    from reconciler.sources.file_watch import FileWatch  # noqa: PLC0415  # `run` alone needs it

    watch = FileWatch(path, lambda: put(_news(path, place.way)))
    if (news := _news(path, place.way)) != HostsListed(place.hosts or Hosts()):
        put(news)  # changed since it was read
    try:
        yield
    finally:
        watch.stop()


def _news(path: Path, way: Way) -> Happening:
    """Return what a list says now, or why it says nothing."""
    try:
        found = manifests.host_list(str(path), _read(path), way, _here())
    except Failure as failure:
        return SourceTold("warning", f"{failure}; the hosts that were listed before stay")
    if found.hosts is not None:
        return HostsListed(found.hosts)
    first = found.problems[0]
    stay = "the hosts that were listed before stay"
    return SourceTold("error", f"{first.at}: {first.message}; {stay}")


def _here() -> frozenset[str]:
    """Return the names of this machine, in lower case."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, name.partition(".")[0]})


def _read(path: Path) -> bytes:
    if path == _STANDARD:
        return bytes(sys.stdin.buffer.read(MAX_BYTES + 1))
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failure(
            f"the list of hosts {path} cannot be read: {error.strerror}", Exit.USAGE
        ) from error
