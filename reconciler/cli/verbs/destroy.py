"""`destroy`: nothing of the project is left on any node."""

import sys
from typing import TYPE_CHECKING, Final

import click
from msgspec.structs import replace

from reconciler.cli import options
from reconciler.cli.asking import Wish, ask, in_force, wait_until
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.place import Place, find, look, opener
from reconciler.cli.standing import unknown_nodes
from reconciler.cli.text import echo, plural
from reconciler.controller.reading import Report
from reconciler.controller.writing import Writer, gone, nothing_wanted, read, reconciled
from reconciler.engines.engine import Engine
from reconciler.ledger import NoLedger, holder
from reconciler.model.desired import Desired

if TYPE_CHECKING:
    from reconciler.controller.core import Core

_NAMELESS: Final = "none"  # in place of the name of a revision that nobody can read


@click.command("destroy")
@options.source_argument
@options.operator_options
@options.take_over_option
@click.option("--forget", is_flag=True, help="Drop all outcomes from the ledger as well.")
@click.option("--volumes", is_flag=True, help="Remove the project's volumes and what is in them.")
@click.option("--task", "tasks", multiple=True, metavar="TASK",
              help="Only this task, which no manifest asks for any more.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--timeout", type=options.Duration(), help="Give up waiting after this long: 5m.")
def command(
    source: options.Where,
    operator: options.Chosen,
    take_over: bool,
    forget: bool,
    volumes: bool,
    tasks: tuple[str, ...],
    yes: bool,
    timeout: float | None,
) -> Exit:
    """Take down everything of SOURCE, and wait until it is gone.

    With --task, take down what is left of a task whose manifest is gone, protected or not.

    It stays so, also under `run`, until the next `apply` or a new revision. Outcomes stay on
    record unless --forget is given, but the next `apply` begins new runs.
    """
    place = find(source, operator)
    if forget and holder(place.folder) is not None:
        raise Failure("a reconciler is running, and --forget needs it ended first", Exit.HELD)
    report = look(place)
    if tasks:
        if forget or volumes:
            raise click.UsageError("--forget and --volumes are for everything: leave out --task")
        return _only(place, tasks, timeout)
    if not yes and sys.stdin.isatty():
        _confirm(report, forget=forget, volumes=volumes)
    wish = Wish(
        verb="destroy",
        arguments={},
        until=lambda core: gone(core) or _stuck(core),
        take_over=take_over,
        timeout=timeout,
        afterwards=lambda opened: _clean_up(opened, place, forget=forget),
    )
    message, carried_out_by = ask(place, _to_destroy(place), wish)
    if carried_out_by is not None and not wait_until(lambda: _nothing_left(look(place)), timeout):
        raise Failure("not everything is gone yet; it is still being torn down")
    if volumes:
        _remove_volumes(place, report)
    echo(message)
    return Exit.DONE


def _only(place: Place, tasks: tuple[str, ...], timeout: float | None) -> Exit:
    """Take down what is left of some tasks."""
    wish = Wish(verb="destroy", arguments={"tasks": list(tasks)}, until=reconciled, timeout=timeout)
    message, carried_out_by = ask(place, in_force(place), wish)
    if carried_out_by is not None and not wait_until(
        lambda: not _left(look(place), tasks), timeout
    ):
        raise Failure("not everything is gone yet; it is still being torn down")
    echo(message)
    return Exit.DONE


def _left(report: Report, tasks: tuple[str, ...]) -> bool:
    views = report.observed.nodes.values()
    return any(c.key.task in tasks for view in views for c in view.containers.values())


def _confirm(report: Report, *, forget: bool, volumes: bool) -> None:
    count = sum(len(view.containers) for view in report.observed.nodes.values())
    what = f"{plural(count, 'container')} of project {report.desired.project}"
    what += ", its volumes with all that is in them" if volumes else ""
    what += ", all outcomes on record" if forget else ""
    click.confirm(f"Remove {what}?", abort=True)


def _to_destroy(place: Place) -> Desired:
    """Return the revision to be torn down: the one in force, else what the source says now.

    It asks for nothing: nothing new is begun on the way. Its name is what keeps it torn down.
    """
    try:
        desired = in_force(place)
    except Failure as failure:
        if not isinstance(failure.__cause__, NoLedger):
            raise
        desired = nothing_wanted(place.project)
    if not desired.revision:
        snapshot, catalog = read(place.source, place.project, place.policy)
        desired = replace(catalog.desired or desired, revision=snapshot.revision or _NAMELESS)
    return replace(desired, project=place.project, tasks={}, prunable=True)


def _stuck(core: "Core") -> bool:
    """Whether what is left is on nodes that do not answer."""
    nodes = core.board.nodes.values()
    silent = [node for node in nodes if node.asked and not node.known]
    return bool(silent) and core.at_rest() and not any(n.containers for n in nodes if n.known)


def _clean_up(opened: Writer, place: Place, *, forget: bool) -> None:
    """Give the claim back, now that there is nothing left to claim, and forget if told to."""
    for node in opened.core.board.nodes.values():
        if not node.known:
            raise Failure(f"node {node.name} does not answer, so it is not clean: {node.reason}")
    engine_of = opener(place)
    for spec in opened.core.desired.nodes.values():
        _discard_data(engine_of(spec), opened.project)
        engine_of(spec).release(opened.project)
    if forget:
        opened.ledger.forget(list(opened.core.history.tasks))


def _discard_data(engine: Engine, project: str) -> None:
    """Keep nothing of what was fetched for the project: what is needed again is fetched again."""
    for data in engine.stored(project):
        engine.discard(project, data.key)
    engine.sweep(project)


def _nothing_left(report: Report) -> bool:
    silent = unknown_nodes(report)
    if silent:
        raise Failure(f"not all is known to be gone: {'; '.join(silent)}")
    return not any(view.containers for view in report.observed.nodes.values())


def _remove_volumes(place: Place, report: Report) -> None:
    for engine in report.engines.values():
        for name in engine.volumes(place.project):
            _remove(engine, name)


def _remove(engine: Engine, name: str) -> None:
    engine.remove_volume(name)
    echo(f"removed volume {name} on node {engine.node}")
