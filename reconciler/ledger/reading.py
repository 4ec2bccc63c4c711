"""Rows become the History that planning reads.

Decides nothing: what it returns equals folding all recorded facts. Written for speed, for a
project may have a hundred thousand attempts behind it and every command begins with this.
"""

import gc
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from reconciler.ledger import nodes, pools, seen
from reconciler.ledger.attempts import origin_in, results_in, snapshot_in
from reconciler.ledger.schema import WHOLE_RUN
from reconciler.model.data import Resolved
from reconciler.model.fact import Result
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from reconciler.model.run import Attempt, Cancel, Forgotten, Kept, Run, TaskHistory, Trouble
from reconciler.model.suspension import Suspension

# Columns are called as the record's fields, and are read in their order: by position it takes a
# third less than by name.
_ATTEMPT: Final = Attempt.__struct_fields__
_RESULTS: Final = {str(result): result for result in Result}
_MEANINGS: Final[Sequence[tuple[int, Callable[[Any], object]]]] = [
    (_ATTEMPT.index("stop_result"), _RESULTS.get),
    (_ATTEMPT.index("result"), _RESULTS.get),
    (_ATTEMPT.index("oom"), bool),
    (_ATTEMPT.index("expired"), bool),
    (_ATTEMPT.index("results"), results_in),
    (_ATTEMPT.index("snapshot"), snapshot_in),
    (_ATTEMPT.index("origin"), origin_in),
]


def load(connection: sqlite3.Connection) -> History:
    """Return everything on record."""
    history = History()
    with _without_collector():
        runs = _runs(connection, history)
        _cancels(connection, runs)
        _forgotten(connection, runs)
        _images(connection, runs)
        _inputs(connection, runs)
        _attempts(connection, runs)
    history.specs.update(connection.execute("SELECT hash, text FROM specs"))
    for subject, *trouble in connection.execute(
        "SELECT subject, message, count, retry_at, since FROM troubles"
    ):
        history.troubles[subject] = Trouble(*trouble)
    history.moved.update(
        ((name, run), task)
        for name, run, task in connection.execute("SELECT name, run, task FROM moved")
    )
    for target, at, until, reason, stop in connection.execute(
        "SELECT target, at, until, reason, stop FROM suspensions"
    ):
        history.suspensions[target] = Suspension(at, until, reason, bool(stop))
    history.revisions.extend(seen.load(connection))
    history.nodes.update(nodes.load(connection))
    history.pools.update(pools.load(connection))
    known = meta(connection)
    history.pinned_revision = known.get("pinned_revision", "")
    history.approved_revision = known.get("approved_revision", "")
    history.destroyed_revision = known.get("destroyed_revision", "")
    history.lost = bool(known.get("lost"))
    return history


def logs_of(connection: sqlite3.Connection, attempt: AttemptKey) -> bytes | None:
    """Return what an attempt printed last, None when nothing was kept."""
    found = connection.execute(
        "SELECT tail FROM logs JOIN runs ON runs.id = logs.run JOIN tasks ON tasks.id = runs.task"
        " WHERE tasks.name = ? AND runs.number = ? AND logs.instance = ? AND logs.number = ?",
        (attempt.key.task, attempt.run, attempt.key.instance, attempt.attempt),
    ).fetchone()
    return zlib.decompress(found[0]) if found else None


def meta(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the few things that there is only one of."""
    return dict(connection.execute("SELECT key, value FROM meta"))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hold the cycle collector off: it would walk all that is being built, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _runs(connection: sqlite3.Connection, history: History) -> dict[int, Run]:
    tasks: dict[int, TaskHistory] = {}
    for row, name, instances, protected, *schedule in connection.execute(
        "SELECT id, name, instances, protected, schedule, schedule_since, schedule_rerun, fired"
        " FROM tasks ORDER BY id"
    ):
        tasks[row] = history.tasks[name] = TaskHistory(
            name, instances, bool(protected), {}, {}, *schedule
        )
    for task, values, instance in connection.execute(
        "SELECT task, text, instance FROM combinations"
    ):
        tasks[task].combinations[values] = instance
    for task, instance, run, at in connection.execute("SELECT task, instance, run, at FROM waits"):
        tasks[task].awaiting[run, instance] = at
    for task, first, last in connection.execute("SELECT task, first, last FROM fired ORDER BY id"):
        tasks[task].fired_before += ((first, last),)
    runs: dict[int, Run] = {}
    for row, task, number, work, rerun, reason, revision, *rest in connection.execute(
        "SELECT id, task, number, work, rerun, reason, revision, opened_at, nominal, matrix,"
        " finished_at, closed_at IS NOT NULL, afresh, digest FROM runs ORDER BY task, number"
    ):
        opened_at, nominal, matrix, finished_at, closed, afresh, digest = rest
        runs[row] = Run(
            number=number,
            work=work,
            rerun=rerun,
            reason=reason,
            revision=revision,
            opened_at=opened_at,
            closed=bool(closed),
            nominal=nominal,
            matrix=matrix,
            finished_at=finished_at,
            afresh=bool(afresh),
            digest=digest,
        )
        tasks[task].runs[number] = runs[row]
        if not finished_at:
            tasks[task].unfinished.add(number)
    return runs


def _cancels(connection: sqlite3.Connection, runs: dict[int, Run]) -> None:
    for row, instance, reason, result, at, asked, passing in connection.execute(
        "SELECT run, instance, reason, result, at, asked, passing FROM cancels"
    ):
        whose = None if instance == WHOLE_RUN else instance
        cancel = Cancel(reason, Result(result), at, asked, bool(passing))
        runs[row].cancels[whose] = cancel
    for row, instance, attempt, at in connection.execute(
        "SELECT run, instance, attempt, at FROM grants"
    ):
        if instance == WHOLE_RUN:
            runs[row].resumed_at = at
        else:
            runs[row].granted[instance] = attempt


def _forgotten(connection: sqlite3.Connection, runs: dict[int, Run]) -> None:
    for row, instance, *told in connection.execute(
        "SELECT run, instance, failures, in_a_row, last FROM forgotten"
    ):
        runs[row].forgotten[instance] = Forgotten(*told)


def _images(connection: sqlite3.Connection, runs: dict[int, Run]) -> None:
    for row, node, reference in connection.execute("SELECT run, node, reference FROM images"):
        runs[row].images[node] = reference


def _inputs(connection: sqlite3.Connection, runs: dict[int, Run]) -> None:
    for row, node, description, key, size, files, at in connection.execute(
        "SELECT run, node, description, key, size, files, at FROM inputs"
    ):
        there = runs[row].inputs.setdefault(node, {})
        there[description] = Kept(Resolved(key, size, files), at)


def _attempts(connection: sqlite3.Connection, runs: dict[int, Run]) -> None:
    # The primary key's order: one walk through the table, each instance's attempts ascending.
    columns = ", ".join(_ATTEMPT)
    for row, instance, *told in connection.execute(
        f"SELECT run, instance, {columns} FROM attempts ORDER BY run, instance, number"  # noqa: S608 - ours
    ):
        for position, meaning in _MEANINGS:
            told[position] = meaning(told[position])
        attempts = runs[row].attempts
        attempts[instance] = (*attempts.get(instance, ()), Attempt(*told))
