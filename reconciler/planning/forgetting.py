"""What of a task's past is known no more, so that neither memory nor ledger grow for ever.

Theory of operation. What a rule may ask about is kept: the present run and what is not over, the
newest run, what nodes still show or may still have. Of all else the newest are kept, so many of
the runs that a manifest could resume, and so many of the others. Within a run each instance keeps
its newest attempts, and those that tell something that no newer one tells. What counts of the
others is kept as numbers: failures, lives in a row, and the firings that their runs were for.
Forgetting changes nothing of what is planned, but that work of which the run is forgotten has not
been done.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from typing import Final

from reconciler.model.desired import DesiredTask
from reconciler.model.fact import AttemptsForgotten, Fact, Result, RunsForgotten
from reconciler.model.identity import InstanceKey
from reconciler.model.run import Attempt, Forgotten, Run, TaskHistory
from reconciler.planning.backoff import STEADY, lived, short_lives
from reconciler.planning.scene import Pass
from reconciler.planning.sightings import Seen
from reconciler.planning.tries import counting, speaks

# Of each kind so many runs are kept, if they have no more instances than that together; but some.
RUNS_KEPT: Final = 100
INSTANCES_KEPT: Final = 10_000
RUNS_KEPT_ANYWAY: Final = 3
# Of each instance so many attempts that say something about the work, and so many that do not.
ATTEMPTS_KEPT: Final = 20
SPANS_KEPT: Final = 100
# Of the slots of a pool that were closed so many may be asked how they were prepared.
SLOTS_KEPT: Final = 20

Span = tuple[float, float]


def forgotten(given: Pass, task: DesiredTask, seen: Seen) -> Iterator[Fact]:
    """Yield what of a task is to be forgotten; to be recorded after all else of the pass."""
    known = given.history.tasks.get(task.name)
    if known is None:
        return
    gone = _runs_to_forget(given, task, known, seen)
    if gone:
        fired = _spans(given, known, [known.runs[number] for number in gone])
        yield RunsForgotten(task.name, tuple(gone), given.now, fired)
    for number in sorted(known.unfinished.difference(gone)):
        yield from _attempts_to_forget(given, task.name, known.runs[number], seen)
        if task.prepares:
            yield from _closed_slots(given, task, known.runs[number], seen)


# --- runs ------------------------------------------------------------------------------------


def _runs_to_forget(given: Pass, task: DesiredTask, known: TaskHistory, seen: Seen) -> list[int]:
    """Return the numbers of runs that are over and beyond what is kept, ascending."""
    instances = sum(len(run.attempts) for run in known.runs.values())
    if len(known.runs) <= RUNS_KEPT and instances <= INSTANCES_KEPT:
        return []
    beyond = {number for kind in _kinds(known) for number in _beyond(kind)} - _needed(task, known)
    if beyond:
        beyond -= {container.run for group in seen.values() for container in group}
    return sorted(number for number in beyond if _is_over(given, known, known.runs[number]))


def _kinds(known: TaskHistory) -> tuple[list[Run], list[Run]]:
    """Return the runs that a manifest could resume, and all others; the newest first."""
    resumable, others, met = list[Run](), list[Run](), set[tuple[str, str, int]]()
    for number in sorted(known.runs, reverse=True):
        run = known.runs[number]
        what = (run.work, run.matrix, run.rerun)
        if run.closed or what in met:
            others.append(run)
        else:
            resumable.append(run)
            met.add(what)
    return resumable, others


def _beyond(runs: Sequence[Run]) -> Iterator[int]:
    """Yield the runs behind the newest, which are kept."""
    instances = 0
    for place, run in enumerate(runs):
        instances += len(run.attempts)
        if place >= RUNS_KEPT or (place >= RUNS_KEPT_ANYWAY and instances > INSTANCES_KEPT):
            yield run.number


def _needed(task: DesiredTask, known: TaskHistory) -> set[int]:
    """Return the runs that rules ask about: present, newest, of the highest `rerun`."""
    present = known.present(task)
    most = max(known.runs.values(), key=lambda run: (run.rerun, run.number))
    needed = {max(known.runs), most.number, *([present.number] if present else [])}
    if task.schedule is not None:
        needed |= {number for number in known.unfinished if not known.runs[number].closed}
    return needed


def _is_over(given: Pass, known: TaskHistory, run: Run) -> bool:
    """Whether nothing of a run goes on, or may go on where it cannot be seen."""
    if any(number == run.number for number, _ in known.awaiting):
        return False
    return all(_is_gone(given, attempt) for of_one in run.attempts.values() for attempt in of_one)


def _is_gone(given: Pass, attempt: Attempt) -> bool:
    return attempt.ended and given.unknown(attempt.node) is None


# --- firings ---------------------------------------------------------------------------------


def _spans(given: Pass, known: TaskHistory, gone: Iterable[Run]) -> tuple[Span, ...]:
    """Return the spans of time in which all firings are over, with those of forgotten runs.

    Firings that follow each other make one span. Between the firings of a clock that was set on,
    and of the same clock set back, is a gap: what fires there has yet to.
    """
    firing, spans = given.calendar.of(known.name), list[Span]()
    stride = firing.next - firing.last if firing.last and firing.next else 0.0
    points = [(run.nominal, run.nominal) for run in gone if run.nominal]
    for first, last in sorted([*known.fired_before, *points]):
        if spans and first - spans[-1][1] <= stride:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((first, last))
    while len(spans) > SPANS_KEPT:
        spans[:2] = [(spans[0][0], spans[1][1])]
    return tuple(spans)


# --- attempts --------------------------------------------------------------------------------


def _attempts_to_forget(
    given: Pass, task: str, run: Run, seen: Seen
) -> Iterator[AttemptsForgotten]:
    """Yield what goes of each instance's attempts in a run, and what counts of it."""
    for instance, attempts in run.attempts.items():
        if len(attempts) <= ATTEMPTS_KEPT:
            continue
        shown = seen.get(InstanceKey(task, instance), ())
        kept = _worth_keeping(run, attempts) | {c.attempt for c in shown if c.run == run.number}
        gone = [a.number for a in attempts if a.number not in kept and _is_gone(given, a)]
        if gone:
            left = _what_counts(run, instance, gone)
            yield AttemptsForgotten(
                task, run.number, instance, tuple(gone), given.now,
                failures=left.failures, row=left.row, last=left.last,
            )  # fmt: skip


def _closed_slots(
    given: Pass, task: DesiredTask, run: Run, seen: Seen
) -> Iterator[AttemptsForgotten]:
    """Yield how slots were prepared that are gone: of these nothing counts, and none comes back."""
    wanted = {*task.instances}
    for instance in sorted(run.attempts.keys() - wanted)[:-SLOTS_KEPT]:
        attempts = run.attempts[instance]
        if InstanceKey(task.name, instance) not in seen and all(
            _is_gone(given, a) for a in attempts
        ):
            numbers = tuple(attempt.number for attempt in attempts)
            yield AttemptsForgotten(task.name, run.number, instance, numbers, given.now)


def _worth_keeping(run: Run, attempts: Sequence[Attempt]) -> set[int]:
    """Return the numbers of the newest attempts, of the first start, and of what tells most."""
    speaking = [a.number for a in attempts if speaks(a)]
    silent = [a.number for a in attempts if not speaks(a)]
    started = [a.number for a in attempts if 0 < a.start_requested_at >= run.resumed_at]
    telling = {mark: a.number for a in attempts for mark in _marks(a)}
    recent = (*speaking[-ATTEMPTS_KEPT:], *silent[-ATTEMPTS_KEPT:])
    return {*recent, *started[:1], *telling.values()}


def _marks(attempt: Attempt) -> Iterator[Hashable]:
    """Yield what an attempt tells as long as no newer one tells the same."""
    if attempt.result is Result.BURNT:
        return
    if attempt.start_requested_at:
        yield "started"
    if attempt.ended:
        yield "shape", attempt.shape
    if attempt.result is Result.SUCCEEDED:
        yield "succeeded", attempt.count
    if speaks(attempt) and lived(attempt) >= STEADY:
        yield "steady"


def _what_counts(run: Run, instance: int, gone: Collection[int]) -> Forgotten:
    """Return what is to be known of all that is forgotten of an instance."""
    before, attempts = run.forgotten.get(instance, Forgotten()), counting(run, instance)
    kept = [a for a in attempts if a.number not in gone]
    lost = sum(a.counts_as_failure for a in attempts) - sum(a.counts_as_failure for a in kept)
    last = max(before.last, *gone)
    row = short_lives(attempts, before) - short_lives(kept, Forgotten(last=last))
    return Forgotten(before.failures + lost, row, last)
