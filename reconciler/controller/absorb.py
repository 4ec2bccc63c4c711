"""What a finished call means: the board moves on, and facts come out.

The board is moved by what the engine answered; what goes on record is judged by
`planning.outcome`. An answer that never came means that nothing is known.
"""

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.controller.almanac import Dates
from reconciler.controller.board import Board
from reconciler.controller.happenings import Done, Finished
from reconciler.engines.engine import (
    ConflictError,
    DataMissingError,
    EngineError,
    ImageMissingError,
    PermanentError,
    StrandedError,
    UnreachableError,
)
from reconciler.model.action import Action, Verb
from reconciler.model.claim import claim_in
from reconciler.model.data import Resolved, Results, Taking
from reconciler.model.fact import (
    AttemptEnded,
    Fact,
    ImageResolved,
    InputsResolved,
    Result,
    ResultsGone,
    ResultsSent,
    ResultTakenOver,
    SnapshotTaken,
    TroubleCleared,
    TroubleSeen,
)
from reconciler.model.history import History
from reconciler.model.identity import SNAPSHOT
from reconciler.model.observed import Container, Phase
from reconciler.planning import outcome


class Absorbed(Struct):
    """Facts to record, tasks to plan again, and why the node is not to be believed any more."""

    facts: list[Fact] = field(default_factory=list)
    unreachable: str = ""
    error: str = ""


def absorb(
    board: Board, history: History, finished: Finished, now: float, dates: Dates
) -> Absorbed:
    """Take the result of one action in. `dates` tell what engines' clocks say of a time."""
    action = finished.action
    if isinstance(finished.outcome, UnreachableError):
        return Absorbed(unreachable=str(finished.outcome), error=str(finished.outcome))
    if isinstance(finished.outcome, EngineError):
        return _refusal(history, action, finished.outcome, now)
    facts = outcome.recovered(action, history, now)
    if action.verb is Verb.COLLECT:
        facts += _collected(board, history, action, finished.outcome, now, dates)
    else:
        facts += _success(board, history, action, finished.outcome, now)
    return Absorbed(facts)


def _success(board: Board, history: History, action: Action, done: Done, now: float) -> list[Fact]:
    if action.verb is Verb.PULL:
        return [*outcome.resolved(action, done.reference, history, now)]
    if done.resolved is not None and action.fetching is not None:
        return _fetched(history, action, action.fetching.description, done.resolved, now)
    if action.verb is Verb.CREATE:
        board.put(_created(action, done))
    elif action.verb is Verb.START:
        board.started(action.node, action.container)
    elif action.verb is Verb.REMOVE:
        board.drop(action.node, action.container or action.subject)
    elif action.taking is not None:
        return _taken(history, action, action.taking, done, now)
    elif done.results is not None:
        return _stored(history, action, done.results, now)
    elif done.network is not None:
        board.put_network(action.node, done.network)
    elif action.verb is Verb.DISSOLVE and action.network is not None:
        board.drop_network(action.node, action.network.name)
    return []


def _stored(history: History, action: Action, results: Results, now: float) -> list[Fact]:
    """Return what is on record of files that are stored, of an attempt that is not over."""
    record = history.attempt(action.attempt) if action.attempt else None
    if action.attempt is None or record is None or record.ended:
        return []
    if action.verb is Verb.SNAPSHOT:
        return [SnapshotTaken(action.attempt, results.files, results.sent, now)]
    return [ResultsSent(action.attempt, results, now)]


def _taken(history: History, action: Action, taking: Taking, done: Done, now: float) -> list[Fact]:
    """Return that an attempt has succeeded by what another one has come to, or why it has not."""
    attempt = action.attempt
    if attempt is None or not history.has_run(action.task, action.run):
        return []
    if done.gone:
        return [ResultsGone(taking.source, attempt, done.gone, now)]
    if history.attempt(attempt) is not None:
        return []
    return [
        ResultTakenOver(
            attempt, action.node, taking.revision, taking.origin, taking.equal, now,
            taking.count, done.results, taking.outputs,
        )
    ]  # fmt: skip


def _fetched(
    history: History, action: Action, description: str, found: Resolved, now: float
) -> list[Fact]:
    runs = ((action.task, action.run), *action.sharers)
    return [
        InputsResolved(task, run, action.node, description, found.key, now, found.size, found.files)
        for task, run in runs
        if history.has_run(task, run)
    ]


def _lost(history: History, action: Action, key: str, now: float) -> list[Fact]:
    """Return that data which a run has used on a node are gone from there."""
    known = history.tasks.get(action.task)
    run = known.runs.get(action.run) if known else None
    there = run.inputs.get(action.node, {}) if run else {}
    return [
        InputsResolved(action.task, action.run, action.node, description, "", now)
        for description, kept in there.items()
        if kept.resolved.key == key
    ]


def _created(action: Action, done: Done) -> Container:
    if action.request is None or action.attempt is None:
        message = f"{action.subject}: a create without a request"
        raise TypeError(message)
    labels = dict(action.request.labels)
    return Container(
        id=done.container,
        name=action.subject,
        node=action.node,
        attempt_key=action.attempt,
        work=labels["io.reconciler.work"],
        shape=labels["io.reconciler.shape"],
        phase=Phase.CREATED,
        health="starting" if action.request.spec.health.command else "",
        job=labels.get("io.reconciler.job", ""),
        revision=labels.get("io.reconciler.revision", ""),
        values=labels.get("io.reconciler.values", ""),
        claim=claim_in(labels),
        secrets=done.secrets,
    )


def _collected(
    board: Board, history: History, action: Action, done: Done, now: float, dates: Dates
) -> list[Fact]:
    if action.attempt is None:
        return []
    if done.detail is None:
        board.drop(action.node, action.container or action.subject)
    else:
        board.put(done.detail.container)
    record = history.attempt(action.attempt)
    seen = board.witnessed(action.node, action.subject)
    seen = replace(seen, ahead=dates.ahead(now), set_at=dates.set_at)
    ended = outcome.ended(action.attempt, action.node, done.detail, record, seen, done.logs, now)
    if ended is None or (record is not None and record.ended):
        return []
    board.forget(action.subject)
    used = done.usage
    if action.forgoing and ended.result is Result.SUCCEEDED:
        ended = replace(ended, result=Result.CANCELLED, reason=action.forgoing)
    passing = f"{SNAPSHOT}{action.subject}"
    cleared = [TroubleCleared(passing, now)] if passing in history.troubles else []
    return [*cleared, replace(ended, cpu_seconds=used.cpu_seconds, peak_memory=used.memory)]


def _refusal(history: History, action: Action, error: EngineError, now: float) -> Absorbed:
    for_people = action.verb is Verb.FETCH and isinstance(error, PermanentError)
    refusal = outcome.refused(action, str(error), history, now, for_people=for_people)
    facts: list[Fact] = [refusal]
    if action.attempt is None:
        return Absorbed(facts, error=str(error))
    gone = _lost(history, action, error.key, now) if isinstance(error, DataMissingError) else []
    end = _end_at_start(action, error, now)
    if end is not None:
        return Absorbed([end, *gone], error=str(error))
    facts += gone
    if isinstance(error, ConflictError) and action.verb is Verb.CREATE:
        facts = [_first_at_once(refusal)]
        facts.append(outcome.unusable(action.attempt, action.node, str(error), now))
    if isinstance(error, ImageMissingError) and history.has_run(action.task, action.run):
        facts.append(ImageResolved(action.task, action.run, action.node, "", now))
    return Absorbed(facts, error=str(error))


def _first_at_once(refusal: TroubleSeen) -> TroubleSeen:
    """The next attempt has another name: only one refusal after the other is worth a wait."""
    return replace(refusal, retry_at=refusal.at) if refusal.count == 1 else refusal


def _end_at_start(action: Action, error: EngineError, now: float) -> AttemptEnded | None:
    """Return the attempt's end where there is nothing to be gained by another start."""
    if action.verb is not Verb.START or action.attempt is None:
        return None
    if isinstance(error, DataMissingError):
        return outcome.unusable(action.attempt, action.node, str(error), now)
    if isinstance(error, StrandedError):
        return outcome.stranded(action.attempt, action.node, str(error), now)
    if not isinstance(error, PermanentError) or error.exit_code is None:
        return None
    return outcome.not_startable(action.attempt, action.node, str(error), error.exit_code, now)
