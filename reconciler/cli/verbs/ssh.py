"""`ssh`: into an instance whose profile lets people in, by the system's own ssh."""

import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from reconciler.cli import options
from reconciler.cli.exits import Failure
from reconciler.cli.inside import one_of
from reconciler.cli.options import Target
from reconciler.cli.place import find, look
from reconciler.cli.trailing import Trailing
from reconciler.controller.keys import Keys
from reconciler.controller.reading import Report
from reconciler.controller.seed import Seed
from reconciler.engines.dialogue import Command
from reconciler.engines.engine import EngineError
from reconciler.model.identity import parse_container_name
from reconciler.model.observed import Container

_SIGNALLED: Final = 128


class Door(Struct, frozen=True):
    """Where an instance lets people in, as whom, and the key by which it is known."""

    host: str
    port: int
    user: str
    key: str
    name: str


@click.command("ssh", cls=Trailing)
@options.target_argument
@options.source_option
@options.operator_options
@click.option("-i", "identity", type=click.Path(path_type=Path), metavar="FILE",
              help="The private key to log in with.")  # fmt: skip
@click.option("-o", "chosen", multiple=True, metavar="OPTION", help="Any option of ssh's own.")
@click.option("-t", "terminal", is_flag=True, help="Have a terminal, whatever is executed.")
def command(
    target: Target,
    source: options.Where,
    operator: options.Chosen,
    identity: Path | None,
    chosen: tuple[str, ...],
    terminal: bool,
    words: tuple[str, ...],
) -> int:
    """Log into TARGET, a TASK or TASK/INSTANCE whose profile has ssh, or execute a program there.

    It is known by the key that its containers were given. The exit code is the program's, and 255
    where ssh itself fails.
    """
    report = look(find(source, operator))
    door = _door(report, target)
    given = ["-i", str(identity)] if identity is not None else []
    given += [word for option in chosen for word in ("-o", option)]
    given += ["-t"] if terminal else []
    with tempfile.TemporaryDirectory(prefix="reconciler-ssh-") as folder:
        known = Path(folder, "known_hosts")
        known.write_text(f"{door.name} {door.key}\n")
        return _talk(["ssh", *given, *_known_by(door, known), "--", door.host, *_remote(words)])


def _door(report: Report, target: Target) -> Door:
    """Return the way into a target.

    Raises:
        Failure: there is none, and why.
    """
    container = one_of(report, target)
    key = container.key
    task = report.desired.tasks.get(key.task)
    login = task.spec.ssh if task else None
    if task is None or login is None:
        raise Failure(
            f"task {key.task} lets nobody in by ssh: its profile has none, as docker-network-ssh "
            f"has; `reconciler exec {key} -it -- sh` opens a shell in it"
        )
    engine = report.engines[container.node]
    ports = {port.container: port.host for port in container.ports if port.protocol == "tcp"}
    port = login.port if task.spec.network == "host" else ports.get(login.port)
    if port is None or not engine.address:
        raise Failure(f"nobody can say where {key} is reached: `status` shows its ports")
    named = parse_container_name(container.name)
    if named is None:
        raise TypeError(container.name)
    # As the task was called when its containers were made.
    public = Keys(Seed(report.folder)).host_public(named[0], named[1].key.task, container.run)
    return Door(engine.address, port, _user_of(report, container), public, container.name)


def _user_of(report: Report, container: Container) -> str:
    """Return what the container's own user is called in it."""
    try:
        dialogue = report.engines[container.node].execute(container.id, Command(("id", "-un")))
        said = b"".join(one.data for one in dialogue.output() if not one.error)
        if dialogue.exit_code() == 0 and (name := said.decode("utf-8", "replace").strip()):
            return name
    except EngineError as error:
        raise Failure(f"whom {container.key} lets in cannot be told: {error}") from error
    raise Failure(f"whom {container.key} lets in cannot be told: its user has no name there")


def _known_by(door: Door, known: Path) -> list[str]:
    said = {
        "HostKeyAlias": door.name,
        "UserKnownHostsFile": str(known),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "CheckHostIP": "no",
        "UpdateHostKeys": "no",
    }
    named = ["-l", door.user, "-p", str(door.port)]
    return [*named, *(word for name, value in said.items() for word in ("-o", f"{name}={value}"))]


def _remote(words: Sequence[str]) -> list[str]:
    """Return a program's words as one: the shell over there takes them apart again."""
    return [shlex.join(words)] if words else []


def _talk(program: Sequence[str]) -> int:
    """Run ssh, whose Ctrl-C is its own; return its exit code."""
    try:
        process = subprocess.Popen([*program])
    except FileNotFoundError:
        raise Failure("there is no ssh here: install OpenSSH's client, and ask again") from None
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        process.kill()
    return code if code >= 0 else _SIGNALLED - code
