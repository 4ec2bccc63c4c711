"""The list of hosts that `--nodes` names, read once: a file, a pipe, or standard input.

Decides which names this machine goes by. What a list means is judged by `manifests`.
"""

import socket
import sys
from pathlib import Path
from typing import Final

import click

from reconciler import manifests
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.options import Chosen
from reconciler.manifests import Operator
from reconciler.model.hosts import Hosts
from reconciler.sources.folder import MAX_BYTES

_STANDARD: Final = Path("-")


def listed(chosen: Chosen, operator: Operator) -> Hosts | None:
    """Return the nodes of the list that was chosen, None where none was.

    Raises:
        Failure: when it cannot be read, or has errors, which are shown.
    """
    if chosen.nodes is None:
        return None
    path = "stdin" if chosen.nodes == _STANDARD else str(chosen.nodes)
    data = _read(chosen.nodes)
    found = manifests.host_list(path, data, operator.way, _here())
    if found.problems:
        from reconciler.cli.findings.text import as_text  # noqa: PLC0415  # only mistakes need it

        for line in as_text(found.problems, {path: data}, Path.cwd()):
            click.echo(line, err=True)
    if found.hosts is None:
        raise Failure("nothing is started, for the list of hosts has errors")
    return found.hosts


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
