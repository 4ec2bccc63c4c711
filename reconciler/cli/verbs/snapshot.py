"""`snapshot`: what running instances have written so far is stored now, once."""

import click

from reconciler.cli import options
from reconciler.cli.asking import Wish, ask, in_force, wait_until
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.options import Target
from reconciler.cli.place import find, look
from reconciler.cli.targets import require
from reconciler.cli.text import echo, plural
from reconciler.controller.reading import Past, past_of
from reconciler.controller.writing import reconciled
from reconciler.model.data import Snapshot
from reconciler.model.identity import SNAPSHOT, AttemptKey, InstanceKey
from reconciler.model.quantities import size
from reconciler.model.run import Attempt

Asked = dict[AttemptKey, Attempt]


@click.command("snapshot")
@click.argument("target", type=options.TargetType())
@options.source_option
@options.operator_options
@click.option("--timeout", type=options.Duration(), help="Give up waiting after this long: 1m.")
def command(
    target: Target, source: options.Where, operator: options.Chosen, timeout: float | None
) -> Exit:
    """Store what instances of TARGET, a TASK or TASK/INSTANCE, have written so far.

    It is what would be kept of them in the end; only files that have changed are sent.
    """
    place = find(source, operator)
    desired = in_force(place)
    require(look(place), target)
    before = _attempts(past_of(place.folder, place.project), target)
    wish = Wish(verb="snapshot", arguments=target.arguments(), until=reconciled, timeout=timeout)
    ask(place, desired, wish)

    def asked() -> tuple[Past, Asked]:
        past = past_of(place.folder, place.project)
        found = _attempts(past, target)
        return past, {k: a for k, a in found.items() if _asked_at(a) > _asked_at(before.get(k))}

    def over() -> bool:
        past, found = asked()
        return all(_is_over(past, place.project, *one) for one in found.items())

    if not wait_until(over, timeout):
        raise Failure(f"snapshots of {target} are asked for, and have not been taken yet")
    past, found = asked()
    _tell(past, place.project, found)
    return Exit.DONE


def _attempts(past: Past, target: Target) -> Asked:
    """Return the attempts of a target that have not ended, or have been asked for a snapshot."""
    known = past.history.tasks.get(target.task)
    return {
        AttemptKey(InstanceKey(target.task, instance), run.number, attempt.number): attempt
        for run in (known.runs.values() if known else ())
        for instance, attempts in sorted(run.attempts.items())
        for attempt in attempts
        if attempt.snapshot is not None and target.instance in {None, instance}
    }


def _asked_at(attempt: Attempt | None) -> float:
    return ((attempt and attempt.snapshot) or Snapshot()).asked_at


def _is_over(past: Past, project: str, key: AttemptKey, attempt: Attempt) -> bool:
    taken = attempt.snapshot or Snapshot()
    refused = _subject(past, project, key) in past.history.troubles
    return taken.at >= taken.asked_at or attempt.ended or refused


def _subject(past: Past, project: str, key: AttemptKey) -> str:
    return f"{SNAPSHOT}{past.history.container_name(key, project)}"


def _tell(past: Past, project: str, found: Asked) -> None:
    refused = []
    for key, attempt in found.items():
        taken = attempt.snapshot or Snapshot()
        trouble = past.history.troubles.get(_subject(past, project, key))
        if taken.at >= taken.asked_at:
            what = f"{plural(taken.files, 'file')} of {size(taken.bytes)} bytes"
            echo(f"{key.key}: {what} that had changed are stored")
        elif attempt.ended:
            echo(f"{key.key}: it has ended meanwhile; see `results`")
        elif trouble is not None:
            refused.append(f"{key.key}: {trouble.message}")
    if refused:
        raise Failure(f"{'; '.join(refused)}; it is tried again")
