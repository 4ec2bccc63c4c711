"""`why`: sentences on why something is as it is, and what would change that."""

import json
from collections.abc import Sequence

import click

from reconciler.cli import options
from reconciler.cli.options import Target
from reconciler.cli.place import Place, find, look
from reconciler.cli.reasons import Reason, reason_of, sentences
from reconciler.cli.standing import Standing, standing_of
from reconciler.cli.targets import require
from reconciler.cli.text import echo, paint, plural, rfc3339
from reconciler.controller.reading import Report
from reconciler.model.action import InstanceState, Verdict
from reconciler.model.plain import escape


@click.command("why")
@options.target_argument
@options.source_option
@options.operator_options
@options.format_option
def command(target: Target, source: options.Where, operator: options.Chosen, form: str) -> None:
    """Say why TARGET, a TASK or TASK/INSTANCE, is as it is, and what would let it go on."""
    place = find(source, operator)
    report = look(place)
    require(report, target)
    standing = standing_of(report, target.task)
    verdicts = [v for v in standing.verdicts if target.instance in {None, v.key.instance}]
    reasons = [reason_of(report, verdict, place) for verdict in verdicts]
    if form == "json":
        echo(json.dumps(_plain(target, standing, reasons), indent=2, ensure_ascii=False))
    else:
        _tell(report, target, standing, reasons, place)


def _tell(
    report: Report, target: Target, standing: Standing, reasons: Sequence[Reason], place: Place
) -> None:
    if target.instance is None:
        said = f"{standing.name} is {standing.state.value}: {standing.reason}."
        echo(paint(escape(said), bold=True))
    elif not reasons:
        echo(f"{target} is not asked for any more, and nothing of it is left to run.")
    for group in _alike(reasons):
        for sentence in sentences(report, group[0]):
            echo(escape(sentence))
        if len(group) > 1:
            echo(f"The same goes for {plural(len(group) - 1, 'other instance')}.")
    if report.writer is not None:
        echo(f"Kept so by {report.writer}.")
    elif not all(reason.verdict.state is InstanceState.SUCCEEDED for reason in reasons):
        echo(f"Nobody runs this project now; `{place.command('run')}` would.")


def _alike(reasons: Sequence[Reason]) -> list[list[Reason]]:
    """Group instances that are as they are for the same reason."""
    groups: dict[object, list[Reason]] = {}
    for reason in reasons:
        groups.setdefault((reason.verdict.state, _common(reason.verdict)), []).append(reason)
    return list(groups.values())


def _common(verdict: Verdict) -> str:
    """Return a reason without what differs from instance to instance: its numbers."""
    return "".join(letter for letter in verdict.reason if not letter.isdecimal())


def _plain(target: Target, standing: Standing, reasons: Sequence[Reason]) -> dict[str, object]:
    return {
        "target": str(target),
        "state": standing.state.value,
        "reason": standing.reason,
        "instances": [_instance(reason) for reason in reasons],
    }


def _instance(reason: Reason) -> dict[str, object]:
    verdict, trouble = reason.verdict, reason.trouble
    return {
        "id": verdict.key.instance,
        "state": verdict.state.value,
        "reason": verdict.reason,
        "since": rfc3339(reason.since),
        "unblockedBy": reason.unblocked_by or None,
        "run": verdict.run or None,
        "attempt": verdict.attempt or None,
        "failures": reason.failures,
        "revision": reason.revision or None,
        "path": reason.at.path or None,
        "line": reason.at.line or None,
        "column": reason.at.column or None,
        "trouble": trouble
        and {
            "message": trouble.message,
            "count": trouble.count,
            "since": rfc3339(trouble.since),
            "retryAt": rfc3339(trouble.retry_at),
        },
    }
