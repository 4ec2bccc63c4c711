"""`up`: one task from flags, run once: what one would do with `docker run`."""

import shlex
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import click
from msgspec.structs import replace

from reconciler.cli import options, session
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.onerun import flags as onerun
from reconciler.cli.onerun.attended import Audience
from reconciler.cli.onerun.flags import Flags
from reconciler.cli.onerun.lifetime import Manner, live
from reconciler.cli.operator import consult
from reconciler.cli.place import Place, find
from reconciler.cli.telling import Log
from reconciler.cli.terminal import Hands, hands, require_terminal
from reconciler.cli.text import complain
from reconciler.cli.trailing import Trailing
from reconciler.controller.folders import state_folder
from reconciler.ledger import prepare_state_folder
from reconciler.sources.source import SOURCE_FILE

_SOURCE = "source"


@click.command("up", cls=Trailing)
@click.option("--image", required=True, help="What to run.")
@click.option("--name", default="", help="What it is called; by default after its image.")
@click.option("--profile", default="", help="What else it is made of.  [default: docker-batch]")
@click.option("--instances", type=click.IntRange(min=1), default=1, help="How many.")
@click.option("--cluster", is_flag=True, help="As a cluster whose first instance decides.")
@click.option("--as-me", is_flag=True, help="As the caller: user, groups, home, this folder.")
@click.option("--no-add-user", is_flag=True, help="With --as-me: no entries for the user.")
@click.option("--no-add-wd", is_flag=True, help="With --as-me: without this folder.")
@click.option("-i", "--interactive", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty/--no-tty", "terminal", help="Give the program a terminal.")
@click.option("--mount", "mounts", multiple=True, metavar="SOURCE:TARGET[:ro]",
              help="A folder, or a volume, within.")  # fmt: skip
@click.option("-e", "--env", multiple=True, metavar="NAME=VALUE", help="A variable.")
@click.option("--constant", "constants", multiple=True, metavar="NAME=VALUE",
              help="One of the profile's constants.")  # fmt: skip
@click.option("--cpus", default="", help="Processors: 0.5, 2.")
@click.option("--memory", default="", help="Memory: 512Mi.")
@click.option("--user", default="", help="USER[:GROUP], by name or number.")
@click.option("--network", default="", help="none or bridge; by default the profile's.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE",
              help="Write the manifest that this stands for.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave containers, volumes and record as they are.")
@options.hosts_options
@options.verbose_option
def command(
    image: str,
    name: str,
    profile: str,
    instances: int,
    cluster: bool,
    as_me: bool,
    no_add_user: bool,
    no_add_wd: bool,
    interactive: bool,
    terminal: bool,
    mounts: tuple[str, ...],
    env: tuple[str, ...],
    constants: tuple[str, ...],
    cpus: str,
    memory: str,
    user: str,
    network: str,
    save: Path | None,
    keep: bool,
    operator: options.Chosen,
    verbose: bool,
    words: tuple[str, ...],
) -> int:
    """Run an image once, and the program after -- in it; what was made for it is removed again.

    Shows what it prints and passes its exit code on; of several instances the highest, and each
    line begins with `INSTANCE | `. Ctrl-C stops it. `-it` gives it this terminal.
    """
    if interactive and instances > 1:
        raise click.UsageError("-i is for one instance: leave out --instances")
    if interactive and terminal:
        require_terminal()
    asked = Flags(
        image=image,
        words=words,
        name=onerun.name_for(image, name),
        profile=_profile(profile, cluster=cluster, as_me=as_me),
        instances=instances,
        cluster=cluster,
        interactive=interactive,
        terminal=terminal,
        mounts=mounts,
        env=env,
        constants=constants,
        cpus=cpus,
        memory=memory,
        user=user,
        network=network,
        add_user=not no_add_user,
        add_folder=not no_add_wd,
    )
    if (no_add_user or no_add_wd) and not as_me:
        raise click.UsageError("--no-add-user and --no-add-wd are for --as-me")
    manifest = onerun.manifest_of(asked)
    if save is not None:
        _save(save, manifest)
    manner = Manner(asked.name, 0 if cluster else None, keep)
    with _home(asked, manifest, operator, keep=keep) as place, _hands(asked) as ours:
        found = session.read_valid(place)
        names = {number: str(number) for number in range(instances)} if instances > 1 else {}
        speaker = Log("debug" if verbose else "error")
        return live(place, found, manner, Audience(names, ours), speaker)


def _profile(given: str, *, cluster: bool, as_me: bool) -> str:
    chosen = [given, onerun.CLUSTER if cluster else "", onerun.AS_ME if as_me else ""]
    named = [name for name in chosen if name]
    if len(named) > 1:
        raise click.UsageError("--profile, --cluster and --as-me exclude one another")
    return named[0] if named else onerun.PLAIN


def _save(path: Path, manifest: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(manifest)
    except FileExistsError:
        raise Failure(f"nothing is overwritten, and there is already {path}") from None


@contextmanager
def _home(asked: Flags, manifest: str, operator: options.Chosen, *, keep: bool) -> Iterator[Place]:
    """Have a source and a state folder of its own, which go when all that was made is gone."""
    root = operator.state or consult(operator, None).state_root
    folder = state_folder(asked.project, Path(root) / asked.project if root else None)
    if folder.exists():
        raise Failure(
            f"something is left of an `up` by the name {asked.name}, or it runs; "
            f"`{_command('destroy', folder)}` takes it down, then remove {folder}",
            Exit.HELD,
        )
    source = prepare_state_folder(folder) / _SOURCE
    source.mkdir()
    (source / SOURCE_FILE).write_text(f"project: {asked.project}\n")
    (source / f"{asked.name}.yaml").write_text(manifest)
    left = True
    try:
        yield find(source, replace(operator, state=folder))
        left = keep
    except Failure:
        left = (folder / "ledger.db").exists()
        raise
    finally:
        if left:
            complain(f"it stays: `{_command('status', folder)}`, `{_command('destroy', folder)}`")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _command(verb: str, folder: Path) -> str:
    return shlex.join(["reconciler", verb, "-s", str(folder / _SOURCE), "--state", str(folder)])


def _hands(asked: Flags) -> "AbstractContextManager[Hands | None]":
    if asked.interactive or asked.terminal:
        return hands(stdin=asked.interactive, terminal=asked.terminal)
    return nullcontext()
