"""`buckets`: which there are, what is in them, and data carried there and back."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from reconciler.buckets.bucket import AbsentError, Entry, UnfitNameError
from reconciler.buckets.carrying import Errand
from reconciler.buckets.crew import together
from reconciler.buckets.folder import FolderBucket
from reconciler.cli import options
from reconciler.cli.buckets import output
from reconciler.cli.buckets.progress import view
from reconciler.cli.buckets.sides import (
    Declared,
    Side,
    declared,
    folder_side,
    is_bucket,
    passed_over,
    side_of,
)
from reconciler.cli.buckets.transfer import Outcome, Transfer, transfer
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.text import complain, echo, json_text, plural

_SHOWN = 10


@click.group("buckets", invoke_without_command=True)
@options.source_option
@options.operator_options
@options.format_option
def command(source: options.Where, operator: options.Chosen, form: str) -> None:
    """List the declared buckets and whether they can be reached; or see what is in them.

    What begins with a bucket's name is in that bucket; write ./NAME for a folder of that name.
    """
    if click.get_current_context().invoked_subcommand is None:
        _list_buckets(declared(source, operator), form)


@command.command("ls")
@click.argument("place", required=False, metavar="[BUCKET[/PREFIX]]")
@options.source_option
@options.operator_options
@options.format_option
def ls(place: str | None, source: options.Where, operator: options.Chosen, form: str) -> None:
    """List the objects of a bucket whose names begin with PREFIX; without one, the buckets."""
    known = declared(source, operator)
    if place is None:
        _list_buckets(known, form)
        return
    side = side_of(place, known)
    found: list[Entry] = []
    unfit: UnfitNameError | None = None
    try:
        found.extend(side.bucket.list(side.prefix))
    except UnfitNameError as error:  # told when all others are
        unfit = error
    if form == "json":
        echo(json_text(output.objects_json(known.project, side, found)))
    else:
        for line in output.objects_text(found):
            echo(line)
    if unfit is not None:
        raise unfit


@command.command("get")
@click.argument("place", metavar="BUCKET/NAME|BUCKET/PREFIX/")
@click.argument("target")
@options.source_option
@options.operator_options
def get(place: str, target: str, source: options.Where, operator: options.Chosen) -> Exit:
    """Copy an object to the file or folder TARGET, or all objects below PREFIX/ to a folder.

    What is there already is left alone; what was cut off is gone on with.
    """
    side = side_of(place, declared(source, operator))
    if not side.single:
        goal = folder_side(Path(target), make=True)
        return _carry("getting", Transfer(side.bucket, goal.bucket, "", _below(side, "")))
    entry = _object(side)
    path = Path(target)
    into = path.is_dir() or target.endswith("/")
    folder, name = (path, side.last) if into else (path.parent, path.name)
    goal = folder_side(folder, make=True)
    return _carry("getting", Transfer(side.bucket, goal.bucket, "", [Errand(entry, name)]))


@command.command("put")
@click.argument("origin", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.argument("place", metavar="BUCKET[/PREFIX]")
@options.source_option
@options.operator_options
def put(origin: Path, place: str, source: options.Where, operator: options.Chosen) -> Exit:
    """Copy a file to an object, or all of a folder to objects below PREFIX.

    A file gets its own name where PREFIX ends with a slash, or there is none. What is there
    already is left alone.
    """
    goal = side_of(place, declared(source, operator))
    ours = folder_side(origin)
    if ours.single:
        name = goal.prefix if goal.single else goal.base + ours.last
        errands = [Errand(_object(ours), name)]
    else:
        errands = _below(ours, goal.base)
    return _carry("putting", Transfer(ours.bucket, goal.bucket, goal.base, errands))


@command.command("sync")
@click.argument("origin", metavar="SOURCE")
@click.argument("goal", metavar="TARGET")
@click.option("--delete", is_flag=True, help="Remove from TARGET what SOURCE does not have.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@options.source_option
@options.operator_options
def sync(
    origin: str,
    goal: str,
    delete: bool,
    dry_run: bool,
    source: options.Where,
    operator: options.Chosen,
) -> Exit:
    """Make TARGET have all that SOURCE has: BUCKET[/PREFIX] or a folder, one of them a bucket."""
    known = declared(source, operator)
    if not is_bucket(origin, known) and not is_bucket(goal, known):
        there = ", ".join(known.buckets) or "none"
        raise Failure(f"neither {origin} nor {goal} is a declared bucket: {there}", Exit.USAGE)
    ours = side_of(origin, known) if is_bucket(origin, known) else folder_side(Path(origin))
    theirs = (
        side_of(goal, known)
        if is_bucket(goal, known)
        else folder_side(Path(goal), make=not dry_run)
    )
    if ours.single and not is_bucket(origin, known):
        raise Failure(f"{origin} is a file, and `sync` takes folders; use `put`", Exit.USAGE)
    errands = _below(ours, theirs.base)
    wanted = Transfer(ours.bucket, theirs.bucket, theirs.base, errands, dry=dry_run)
    surplus = _surplus(theirs, errands) if delete else []
    return _carry("syncing", wanted, surplus)


@command.command("rm")
@click.argument("place", metavar="BUCKET/NAME|BUCKET/PREFIX/")
@click.option("-r", "--recursive", is_flag=True, help="Remove all objects below PREFIX/.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.source_option
@options.operator_options
def rm(
    place: str, recursive: bool, yes: bool, source: options.Where, operator: options.Chosen
) -> Exit:
    """Remove an object, or with --recursive all that are below PREFIX/."""
    side = side_of(place, declared(source, operator))
    if recursive:
        found = list(side.bucket.list(side.base))
    elif side.single:
        found = [_object(side)]
    else:
        raise Failure(f"{place} is no object; --recursive removes all that are below", Exit.USAGE)
    what = f"{plural(len(found), 'object')} of {place}" if recursive else place
    if found and not yes:
        if not sys.stdin.isatty():
            raise Failure(f"--yes says that {what} shall be removed", Exit.USAGE)
        click.confirm(f"Remove {what}?", abort=True)
    failed = _remove(side, found)
    echo(f"{plural(len(found) - len(failed), 'object')} removed")
    return _ended(failed)


def _list_buckets(known: Declared, form: str) -> None:
    found = [output.Seen(bucket) for bucket in known.buckets.values()]
    for _ in together(found, lambda seen: output.probe(seen, known), lambda: None):
        pass
    if form == "json":
        echo(json_text(output.buckets_json(known.project, found)))
        return
    for line in output.buckets_text(known.project, found):
        echo(line)


def _object(side: Side) -> Entry:
    """Return the one object that is meant."""
    entry = side.bucket.look(side.prefix)
    if entry is None:
        below = next(iter(side.bucket.list(side.base)), None)
        hint = f"; for all that is below, write {side.told}/" if below else ""
        raise AbsentError(f"bucket {side.bucket.name} has no {side.prefix}{hint}")
    return entry


def _below(side: Side, base: str) -> list[Errand]:
    """Return all that is below a side's prefix, with the names that it gets below another."""
    found = list(side.bucket.list(side.base))
    if isinstance(side.bucket, FolderBucket) and not side.prefix:
        left = passed_over(side.bucket.descent.root, {entry.name for entry in found})
        if left:
            said = f"{plural(len(left), 'link')} to folders or out of {side.told}"
            complain(f"{said} left out, {left[0]} among them")
    return [Errand(entry, base + entry.name.removeprefix(side.base)) for entry in found]


def _surplus(side: Side, errands: Iterable[Errand]) -> list[Entry]:
    wanted = {errand.name for errand in errands}
    return [entry for entry in side.bucket.list(side.base) if entry.name not in wanted]


def _carry(what: str, wanted: Transfer, surplus: list[Entry] | None = None) -> Exit:
    surplus = surplus or []
    with view() as looking_on:
        outcome = transfer(what, wanted, looking_on)
    if wanted.dry:
        _foretell(outcome, surplus)
        return _ended(outcome.failed)
    failed = outcome.failed
    # What could not be carried may be the reason why something looks like too much.
    if surplus and not failed:
        failed = _removed_from(wanted, surplus)
    echo(output.summary(outcome, "copied", len(surplus) - len(failed) if not outcome.failed else 0))
    return _ended(failed)


def _foretell(outcome: Outcome, surplus: Iterable[Entry]) -> None:
    for errand in outcome.carried:
        echo(f"would copy {errand.name}")
    for entry in surplus:
        echo(f"would remove {entry.name}")
    echo(output.summary(outcome, "to copy"))


def _removed_from(wanted: Transfer, surplus: list[Entry]) -> list[tuple[str, str]]:
    return _remove(Side(wanted.target, wanted.base, ""), surplus)


def _remove(side: Side, found: list[Entry]) -> list[tuple[str, str]]:
    remove: Callable[[Entry], None] = lambda entry: side.bucket.remove(entry.name)  # noqa: E731
    return [
        (done.thing.name, str(done.error))
        for done in together(found, remove, lambda: None)
        if done.error
    ]


def _ended(failed: list[tuple[str, str]]) -> Exit:
    for name, why in failed[:_SHOWN]:
        complain(f"{name}: {why}")
    if len(failed) > _SHOWN:
        complain(f"and {len(failed) - _SHOWN} more")
    return Exit.FAILED if failed else Exit.DONE
