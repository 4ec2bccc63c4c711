"""How an apply went, for people: a line for each task, a total, and what to do about trouble.

Decides the exit code of an apply from what the core thinks in the end.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from reconciler.cli.exits import Exit
from reconciler.cli.place import Place
from reconciler.cli.table import counts
from reconciler.cli.text import COLOURS, columns, echo, paint, plural
from reconciler.model.action import InstanceState, TaskState, Verb, Verdict
from reconciler.model.identity import AttemptKey
from reconciler.model.plain import escape
from reconciler.planning.status import task_state

if TYPE_CHECKING:
    from reconciler.controller.core import Core
    from reconciler.controller.writing import Writer

_SHOWN_FAILURES: Final = 3
_SHOWN_OUTPUTS: Final = 4
_LAST_LINES: Final = 5
_DEEDS: Final = {Verb.CREATE: "created", Verb.START: "started", Verb.STOP: "stopped",
                 Verb.COLLECT: "recorded", Verb.REMOVE: "removed",
                 Verb.REUSE: "taken over"}  # fmt: skip


def code_of(core: "Core", *, wait: bool) -> Exit:
    """Return what the end of an apply means for whoever called it."""
    if waits_for_person(core):
        return Exit.HELD
    failed = wait and any(_failed(core, name) for name in core.verdicts)
    if failed or any(v.blocked for v in core.all_verdicts()):
        return Exit.FAILED
    return Exit.HELD if left_alone(core) else Exit.DONE


def _failed(core: "Core", name: str) -> bool:
    """Whether a task has failed instances that it cannot do without."""
    verdicts = core.verdicts[name]
    if not any(v.state is InstanceState.FAILED for v in verdicts):
        return False
    return task_state(verdicts, core.desired.tasks.get(name))[0] is not TaskState.SUCCEEDED


def waits_for_person(core: "Core") -> list[str]:
    """Return why something large or uncertain is left to a person, a sentence each."""
    said = [hold.message for hold in core.holds]
    if core.history.lost:
        said.append("held: the ledger was lost, so no batch work begins; `relearn` confirms")
    if not core.desired.prunable and core.all_verdicts():
        said.append("held: an empty source tears nothing down; `destroy` does")
    return said


def left_alone(core: "Core") -> list[str]:
    """Return what reality asks for and the saved plan that was carried out does not hold."""
    left = [v for v in core.all_verdicts() if v.left_alone]
    said = [f"{verdict.key}: {verdict.reason}" for verdict in left[:_SHOWN_FAILURES]]
    if len(left) > _SHOWN_FAILURES:
        said.append(f"… and {len(left) - _SHOWN_FAILURES} more")
    return (
        [*said, "reality asks for more than the saved plan holds: run `plan` again"] if said else []
    )


def obstacles(core: "Core") -> list[str]:
    """Return what keeps instances from going on, other than what waits for a person."""
    held = {name for hold in core.holds for name in hold.tasks}
    person = core.history.lost or not core.desired.prunable
    found: dict[str, list[Verdict]] = {}
    for verdict in core.all_verdicts():
        excused = verdict.key.task in held or (person and verdict.settled)
        if verdict.blocked and not excused:
            found.setdefault(verdict.reason, []).append(verdict)
    return [f"{_whose(verdicts)}: {reason}" for reason, verdicts in found.items()]


def _whose(verdicts: Sequence[Verdict]) -> str:
    more = f" and {len(verdicts) - 1} more" if len(verdicts) > 1 else ""
    return f"{verdicts[0].key}{more}"


def show(core: "Core") -> None:
    """Print a line for each task and a total."""
    names = sorted({*core.effective().tasks, *core.verdicts})
    for line in columns([_row(core, name) for name in names], {1: COLOURS}):
        echo(line)
    verdicts = core.all_verdicts()
    what = f"{plural(len(verdicts), 'instance')} in {plural(len(names), 'task')}"
    said = [f"{core.deeds[verb]} {word}" for verb, word in _DEEDS.items() if core.deeds[verb]]
    echo(f"{what}: {', '.join(said) or 'nothing to do'}")


def _row(core: "Core", name: str) -> tuple[str, str, str]:
    verdicts = core.verdicts.get(name, ())
    state, reason = task_state(verdicts, core.desired.tasks.get(name))
    return name, state.value, counts(verdicts, reason) or reason


def show_failures(writer: "Writer", place: Place) -> None:
    """Print the failed instances: why, what they printed last, and what to try next."""
    failed = [v for v in writer.core.all_verdicts() if v.state is InstanceState.FAILED]
    for verdict in failed[:_SHOWN_FAILURES]:
        echo()
        echo(f"{paint(f'{verdict.key} failed', 'red', bold=True)}: {escape(verdict.reason)}")
        _show_output(writer, verdict, "  | ")
        echo(f"  try: {place.command('why', str(verdict.key))}")
        echo(f"       {place.command('logs', str(verdict.key))}")
    if len(failed) > _SHOWN_FAILURES:
        echo(f"\n… and {len(failed) - _SHOWN_FAILURES} more failed; `status` names them")


def show_outputs(writer: "Writer") -> None:
    """Print what a few of the instances that have just succeeded printed."""
    ended = _succeeded_now(writer.core)
    if ended:
        echo()
        echo(paint("What they printed:", bold=True))
    for verdict in ended[:_SHOWN_OUTPUTS]:
        _show_output(writer, verdict, f"  {verdict.key} | ")
    if len(ended) > _SHOWN_OUTPUTS:
        echo(f"  … and {len(ended) - _SHOWN_OUTPUTS} more")


def _succeeded_now(core: "Core") -> Sequence[Verdict]:
    return [
        v
        for v in core.all_verdicts()
        if v.state is InstanceState.SUCCEEDED and _ended_at(core, v) >= core.began
    ]


def _ended_at(core: "Core", verdict: Verdict) -> float:
    record = core.history.attempt(AttemptKey(verdict.key, verdict.run, verdict.attempt))
    return record.ended_at if record else 0.0


def _show_output(writer: "Writer", verdict: Verdict, prefix: str) -> None:
    kept = writer.ledger.logs(AttemptKey(verdict.key, verdict.run, verdict.attempt)) or b""
    for line in escape(kept.decode("utf-8", "replace")).splitlines()[-_LAST_LINES:]:
        echo(f"{paint(prefix, dim=True)}{line}")
