"""`images`: which images a source uses and where they are; lock, build, push and prune them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from reconciler.cli import options
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.images_output import locking_lines, standing_lines, standings_json
from reconciler.cli.place import Place, find, opener
from reconciler.cli.session import read_valid
from reconciler.cli.text import complain, echo, json_text
from reconciler.controller import imaging
from reconciler.controller.disclosing import Disclosing
from reconciler.controller.logins import logging_in
from reconciler.controller.materials import supplying
from reconciler.controller.obtaining import Means
from reconciler.controller.seed import Seed
from reconciler.engines.engine import Engine, EngineError
from reconciler.manifests import lock_text
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.images import LOCK_FILE
from reconciler.sources.folder import FolderSource

_WAY_OUT: Final = (
    "its engine asks the registry: see that it is reached from there and that there is a login for"
    " it; nothing is written"
)


_CLONE: Final = (
    "a lock file is written into a folder: run `reconciler images lock` in a clone of the"
    " repository, there where the source's manifests are, and commit reconciler.lock"
)


class _Asked(Struct):
    """A source as it is now, and the engines of its nodes."""

    desired: Desired
    engines: dict[str, Engine]
    means: Means

    def task(self, name: str) -> DesiredTask:
        """Return a task by name."""
        if name not in self.desired.tasks:
            raise Failure(f"there is no task {name}")
        return self.desired.tasks[name]


def _asked(source: options.Where, operator: options.Chosen) -> _Asked:
    return _asked_at(find(source, operator))


def _asked_at(place: Place) -> _Asked:
    _, desired = read_valid(place)
    open_engine, disclosing = opener(place), Disclosing(Seed(), place.identities)
    means = Means(supplying(place.source), logging_in(place.data.credentials, disclosing))
    engines = {name: open_engine(spec) for name, spec in desired.nodes.items()}
    return _Asked(desired, engines, means)


@click.group("images")
def command() -> None:
    """Look after the images that a source uses: where they are, and what their tags stand for."""


@command.command("ls")
@options.source_option
@options.operator_options
@options.format_option
def ls(source: options.Where, operator: options.Chosen, form: str) -> None:
    """List the images that are used: on which nodes they are, their digests, sizes and locks."""
    asked = _asked(source, operator)
    found = list(imaging.standings(asked.desired, asked.engines))
    if form == "json":
        echo(json_text(standings_json(asked.desired.project, found)))
        return
    for line in standing_lines(found):
        echo(line)


@command.command("lock")
@click.argument("source", type=options.SourceType(), default=Path())
@click.option("--check", is_flag=True,
              help="Write nothing; exit 1 where the lock file is not as it should be.")  # fmt: skip
@click.option("--registry", is_flag=True,
              help="With --check: ask registries, too; exit 2 where only tags moved.")  # fmt: skip
@click.option("--update", "anew", multiple=True, metavar="IMAGE",
              help="Ask anew what this image's tag stands for.")  # fmt: skip
@options.operator_options
def lock(  # its options, each named
    source: options.Where,
    operator: options.Chosen,
    check: bool,
    registry: bool,
    anew: tuple[str, ...],
) -> Exit:
    """Write to reconciler.lock which digests the tags of images stand for, and keep what is there.

    Registries are asked by way of the nodes' engines. With --check alone nobody is asked: the lock
    file is held against the manifests.
    """
    if registry and not check:
        raise click.UsageError("--registry belongs to --check: `--update IMAGE` locks anew")
    place = find(source, operator)
    if check:
        return _checked(_asked_at(place), registry=registry)
    if not isinstance(place.source, FolderSource):
        raise Failure(_CLONE)
    found = _locked(_asked_at(place), place.source.root / LOCK_FILE, anew)
    _tell(found)
    return Exit.DONE


def _checked(asked: _Asked, *, registry: bool) -> Exit:
    found = _answered(asked, imaging.held) if registry else imaging.differing(asked.desired)
    _tell(found)
    if found.new or found.gone:
        return Exit.FAILED
    return Exit.CHANGES if found.moved else Exit.DONE


def _locked(asked: _Asked, path: Path, anew: tuple[str, ...]) -> imaging.Locking:
    """Write the lock file anew where it is to hold something else."""
    unknown = sorted(set(anew) - imaging.tags(asked.desired).keys())
    if unknown:
        raise Failure(f"no task uses the image {unknown[0]} by a tag; `images ls` lists them")
    found = _answered(asked, partial(imaging.resolved, anew=anew))
    text = lock_text(found.locks)
    if not path.exists() or path.read_text() != text:
        draft = path.with_name(f".{path.name}.draft")
        draft.write_text(text)
        draft.replace(path)
    return found


def _answered(
    asked: _Asked, question: Callable[[Desired, imaging.Ask], imaging.Locking]
) -> imaging.Locking:
    """Return what comes of a question for which registries are asked."""

    def ask(image: str, task: DesiredTask) -> str:
        action = imaging.pull_of(asked.desired, task, "")
        login = asked.means.login(action)
        return imaging.first_answer(asked.engines.values(), lambda e: e.digest(image, login))

    try:
        return question(asked.desired, ask)
    except EngineError as error:
        raise Failure(f"{error}; {_WAY_OUT}") from error


def _tell(found: imaging.Locking) -> None:
    for line in locking_lines(found):
        echo(line)


@command.command("build")
@click.argument("task", required=False, default="")
@options.source_option
@options.operator_options
def build(task: str, source: options.Where, operator: options.Chosen) -> Exit:
    """Have the images of tasks, or of one TASK, built or loaded on all nodes that lack them."""
    asked, code = _asked(source, operator), Exit.DONE
    tasks = [asked.task(task)] if task else list(asked.desired.tasks.values())
    images = {one.spec.image: one for one in tasks if one.spec.origin is not None}
    if task and not images:
        raise Failure(f"the image of task {task} is not made of the source")
    for image, one in sorted(images.items()):
        for node, engine in sorted(asked.engines.items()):
            try:
                made = imaging.make(asked.desired, one, engine, asked.means)
            except EngineError as error:
                complain(str(error))
                code = Exit.FAILED
                continue
            echo(f"{image} {'made' if made else 'is there'} on node {node}")
    return code


@command.command("push")
@click.argument("task")
@click.argument("name", metavar="REPOSITORY[:TAG]")
@options.source_option
@options.operator_options
def push(task: str, name: str, source: options.Where, operator: options.Chosen) -> Exit:
    """Put the image of TASK into a registry under another name, and print its digest.

    It is made first where it has to be. The login is the one that the task's image has, else
    Docker's own.
    """
    asked = _asked(source, operator)
    one = asked.task(task)
    node, engine = min(asked.engines.items())
    try:
        action = imaging.pull_of(asked.desired, one, node)
        imaging.make(asked.desired, one, engine, asked.means)
        digest = engine.push(one.spec.image, name, None, asked.means.login(action))
    except EngineError as error:
        raise Failure(str(error)) from error
    echo(f"{name}@{digest}")
    return Exit.DONE


@command.command("prune")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@options.source_option
@options.operator_options
def prune(source: options.Where, operator: options.Chosen, dry_run: bool) -> Exit:
    """Remove images that were made of this source and that it does not ask for any more.

    Only those, and none that a container uses.
    """
    asked, code = _asked(source, operator), Exit.DONE
    for node, engine in sorted(asked.engines.items()):
        try:
            for image in imaging.unneeded(asked.desired, engine):
                gone = dry_run or engine.remove_image(image.name)
                what = "would go" if dry_run else "removed" if gone else "is used, and stays"
                echo(f"{image.name} {what} on node {node}")
        except EngineError as error:
            complain(str(error))
            code = Exit.FAILED
    return code
