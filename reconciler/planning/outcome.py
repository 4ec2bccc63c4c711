"""What a carried-out action means for the record: results in, facts out.

The only judge of an exit. An attempt that we ended on purpose keeps its own result only where
it had finished before we asked.
"""

from typing import Final

from msgspec import Struct

from reconciler.model.action import Action
from reconciler.model.fact import (
    AttemptEnded,
    Fact,
    ImageResolved,
    Result,
    TroubleCleared,
    TroubleSeen,
)
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from reconciler.model.images import moved
from reconciler.model.observed import ContainerDetail, Phase
from reconciler.model.run import Attempt
from reconciler.planning.backoff import trouble_delay
from reconciler.planning.start_script import EXITS, SAYS

_STARTING: Final = {"create", "start", "reuse"}
# What a shell, and a container's init, exit with when a program cannot be run or is not found.
_NOT_STARTED: Final = {126, 127}
# What makes an image of a source works long, and fails for long: another revision cures it.
_DEAR: Final = 10
_LAST_WORDS: Final = 200
_MENDED_WITHIN: Final = 60.0
_RESTARTED: Final = "its engine restarted while it ran, so how it ended is not known"
# What engine 20.10 says of a container that it took over and that had ended, it knows not how.
_MADE_UP: Final = 255
_UNSEEN: Final = (
    f"exit code {_MADE_UP} after its engine was out of sight, which engines make up for what they"
    " have not seen the end of"
)
_CUT_OFF: Final = "its engine restarted while it was started, so whether it has begun is not known"
_ON_ITS_WAY: Final = "its node was lost while it was started, so whether it has begun is not known"
_TAKEN: Final = "but its container was removed by somebody else before its results were stored"
_TOLD: Final = "exit code 0 after somebody else, or its engine, had told it to end"


class DieHint(Struct, frozen=True):
    """That a program was seen to have ended: its exit code, when (epoch seconds), in which era.

    As an engine told it that lived on: an end that may not be there to inspect any more.
    """

    exit_code: int | None
    at: float
    era: str = ""


class Witnessed(Struct, frozen=True):
    """What was seen of an end, apart from the container itself. `era` is the engine's now.

    `told` is when, by the engine's clock, somebody first sent the program a signal that ends
    programs, 0.0 for never. `oom`: memory ran out. `hidden`: it ran when its engine was last in
    sight, and had ended when that came back.
    `ahead` is by how many seconds clocks are ahead of the time that lengths are measured in, and
    `set_at` when they were seen to be set last, in that time; 0.0 for never.
    """

    die: DieHint | None = None
    era: str = ""
    told: float = 0.0
    oom: bool = False
    hidden: bool = False
    ahead: float = 0.0
    set_at: float = 0.0


def ended(  # noqa: PLR0913  # everything an end is judged by
    attempt: AttemptKey,
    node: str,
    detail: ContainerDetail | None,
    record: Attempt | None,
    seen: Witnessed,
    logs: bytes,
    now: float,
) -> AttemptEnded | None:
    """Return the outcome of an attempt that was looked at, None while it is still running."""
    if detail is not None and detail.container.phase is Phase.RUNNING:
        return None
    if detail is None:
        return _gone(attempt, node, record, seen, now)
    if detail.container.phase is Phase.CREATED:
        return _not_begun(attempt, node, detail, record, seen, now)
    code = detail.container.exit_code
    exit_ = _Exit(code, detail.finished_at, detail.oom)
    result, reason = _judge(exit_, record, seen)
    return AttemptEnded(
        attempt,
        node,
        result,
        now,
        exit_code=None if result is Result.LOST else code,
        oom=detail.oom,
        started_at=detail.started_at,
        finished_at=detail.finished_at,
        reason=_with_last_words(reason, code, logs),
        logs=logs,
    )


def _with_last_words(reason: str, code: int | None, logs: bytes) -> str:
    """Say why a program was not even started, which is printed, and which the exit code hides."""
    lines = logs.decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    ours = code in EXITS and last.startswith(SAYS)
    told = last.removeprefix(SAYS) if ours else last
    return f"{reason}: {told[:_LAST_WORDS]}" if (ours or code in _NOT_STARTED) and told else reason


def not_startable(
    attempt: AttemptKey, node: str, message: str, exit_code: int, now: float
) -> AttemptEnded:
    """Return the outcome of a program that the engine could not start at all."""
    return AttemptEnded(
        attempt, node, Result.FAILED, now, exit_code=exit_code, reason=message, finished_at=now
    )


def unusable(attempt: AttemptKey, node: str, message: str, now: float) -> AttemptEnded:
    """Burn an attempt of which the container is no use; the next one has another name."""
    return AttemptEnded(attempt, node, Result.BURNT, now, reason=message)


def stranded(attempt: AttemptKey, node: str, message: str, now: float) -> AttemptEnded:
    """Give an attempt up whose start was cut off: it may have begun, so it counts as one."""
    return AttemptEnded(attempt, node, Result.LOST, now, reason=message)


def trouble_subject(action: Action) -> str:
    """Return what a refusal of this action keeps waiting."""
    if action.attempt is not None and action.verb.value in _STARTING:
        return str(action.attempt.key)
    return action.subject


def resolved(action: Action, reference: str, history: History, now: float) -> list[ImageResolved]:
    """Return what an image means to all runs that have been waiting for it.

    A pull may outlive what it is for. Nodes may ask for a tag side by side, and it may move
    meanwhile, or mean something else on a node since long: what has not the digest that a run has
    got by then is not for it, and is asked for again by the digest.
    """
    runs = ((action.task, action.run), *action.sharers)
    return [
        ImageResolved(
            task, run, action.node, reference, now, _before(history, task, run, reference)
        )
        for task, run in runs
        if history.has_run(task, run) and history.tasks[task].runs[run].means(reference)
    ]


def _before(history: History, task: str, run: int, reference: str) -> str:
    """Return what an image meant in the run before, where its tag has been moved since."""
    earlier = [one for number, one in sorted(history.tasks[task].runs.items()) if number < run]
    known = (known for one in reversed(earlier) for known in one.images.values())
    last = next(known, "")
    return last if moved(last, reference) else ""


def refused(
    action: Action, message: str, history: History, now: float, *, for_people: bool = False
) -> TroubleSeen:
    """Return the refusal with its place in the row and the time of the next try.

    `for_people`: somebody has to mend something first, so there is no hurry.
    """
    subject = trouble_subject(action)
    before = history.troubles.get(subject)
    count = before.count + 1 if before else 1
    wait = trouble_delay(count) * (_DEAR if action.origin is not None else 1)
    wait = max(wait, _MENDED_WITHIN if for_people else 0.0)
    return TroubleSeen(subject, message, count, now + wait, now)


def recovered(action: Action, history: History, now: float) -> list[Fact]:
    """Return the end of the trouble that this action's success is. A start ends an instance's."""
    subject = trouble_subject(action)
    if subject not in history.troubles or action.verb.value == "create":
        return []
    return [TroubleCleared(subject, now)]


class _Exit(Struct, frozen=True):
    """An exit as it is told of: its code, when (epoch seconds), whether memory ran out."""

    code: int | None
    at: float
    oom: bool


def _not_begun(  # everything it is judged by
    attempt: AttemptKey,
    node: str,
    detail: ContainerDetail,
    record: Attempt | None,
    seen: Witnessed,
    now: float,
) -> AttemptEnded:
    """Judge an attempt that is made and does not run.

    Of one that was given up, the start may still be on its way to the engine, which carries it out
    even though whoever asked for it has gone: it may yet begin. Of one whose engine died while it
    was started, the program may have begun, and run on where nothing shows it.
    """
    if record is not None and record.forsaken_at and not detail.error:
        return stranded(attempt, node, _ON_ITS_WAY, now)
    asked = record is not None and record.start_requested_at
    if asked and not detail.error and _spans_restart(record, seen):
        return stranded(attempt, node, _CUT_OFF, now)
    return AttemptEnded(attempt, node, Result.BURNT, now, reason=detail.error or "never started")


def _gone(
    attempt: AttemptKey, node: str, record: Attempt | None, seen: Witnessed, now: float
) -> AttemptEnded:
    """Judge an attempt whose container is not there: by the sight of its end, if it was seen."""
    if seen.die is not None:
        exit_ = _Exit(seen.die.exit_code, seen.die.at, seen.oom)
        result, reason = _judge(exit_, record, seen)
        if result is Result.SUCCEEDED and record and record.outputs and record.results is None:
            result, reason = Result.LOST, f"{reason}, {_TAKEN}"
        return AttemptEnded(
            attempt,
            node,
            result,
            now,
            exit_code=None if result is Result.LOST else exit_.code,
            oom=exit_.oom,
            started_at=record.started_at if record else 0.0,
            finished_at=exit_.at,
            reason=reason,
        )
    if record is not None and record.stop_requested_at:
        return AttemptEnded(attempt, node, record.stop_result, now, reason=record.stop_reason)
    if record is not None and not record.start_requested_at:
        return AttemptEnded(attempt, node, Result.BURNT, now, reason="removed before it started")
    reason = f"container of attempt {attempt.attempt} was removed by somebody else"
    return AttemptEnded(attempt, node, Result.LOST, now, reason=reason)


def _judge(exit_: _Exit, record: Attempt | None, seen: Witnessed) -> tuple[Result, str]:
    stopped = record.stop_requested_at if record else 0.0
    finished_before = exit_.code == 0 and _is_before(exit_.at, stopped, seen)
    if stopped and record is not None and not finished_before:
        return record.stop_result, record.stop_reason
    unknown = _unknown(exit_, record, seen)
    if unknown:
        return Result.LOST, unknown
    if exit_.code == 0:
        return Result.SUCCEEDED, "exit code 0"
    memory = " (out of memory)" if exit_.oom else ""
    return Result.FAILED, f"exit code {exit_.code}{memory}"


def _unknown(exit_: _Exit, record: Attempt | None, seen: Witnessed) -> str:
    """Return why it is not known how a program ended, empty where it is."""
    if _spans_restart(record, seen):
        return _RESTARTED
    if exit_.code is None:
        return "its exit code is not known"
    if exit_.code == _MADE_UP and seen.hidden:
        return _UNSEEN
    stopped = record.stop_requested_at if record else 0.0
    by_others = not stopped or _is_before(seen.told, stopped, seen)
    return _TOLD if exit_.code == 0 and seen.told and by_others else ""


def _is_before(at: float, stopped: float, seen: Witnessed) -> bool:
    """Whether something was, by the engine's clock, before we asked for a program's end.

    If that clock was set since, nobody can tell: then it was not.
    """
    return 0 < at < stopped + seen.ahead and not 0 < stopped <= seen.set_at


def _spans_restart(record: Attempt | None, seen: Witnessed) -> bool:
    """Whether the engine died between the attempt's start and the first sight of its end.

    What it says of the exit after that may be its own doing: it ends what it finds running, and
    makes up a code for what it does not find any more.
    """
    began = record.era if record else ""
    # Its stream may tell of an engine's new era before a list does.
    ended_in = (seen.die.era if seen.die else "") or seen.era
    return bool(began and ended_in) and began != ended_in
