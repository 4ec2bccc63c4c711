"""The runs and attempts of a target, as a reader finds them on record; and what each used.

Decides which are meant and in which order. How they are shown is not known here.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.following import container_of, last_lines, read
from reconciler.cli.options import Target
from reconciler.cli.standing import finished_at, seen_of, started_at
from reconciler.cli.targets import known_tasks, tasks_meant
from reconciler.controller.reading import Report
from reconciler.engines.engine import EngineError
from reconciler.ledger import Ledger
from reconciler.model.headway import Glimpse
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Usage
from reconciler.model.run import Attempt, Run
from reconciler.model.spec import Pairs
from reconciler.planning.numbering import values_in


class PastAttempt(Struct, frozen=True):
    """One attempt, its container's name, what is seen of it, and the last lines it printed."""

    key: AttemptKey
    record: Attempt
    container: str
    seen: Glimpse = Glimpse()
    lines: tuple[str, ...] = ()


class PastRun(Struct, frozen=True):
    """One run of a task with the attempts that are meant, by instance and number.

    `values` are what its instances saw of a matrix.
    """

    task: str
    run: Run
    attempts: tuple[PastAttempt, ...]
    values: Mapping[int, Pairs] = {}


def runs_of(report: Report, target: Target | None, most: int, lines: int = 0) -> list[PastRun]:
    """Return the last runs of each task that is meant, oldest first; None means all tasks."""
    names = known_tasks(report) if target is None else tasks_meant(report, target)
    found = [one for name in names for one in _runs_of_task(report, name, target, most)]
    return _with_lines(report, found, lines) if lines and report.recorded else found


def wall_seconds(attempt: Attempt, now: float) -> float | None:
    """Return how long an attempt ran, or has been running; None where it never did."""
    began = started_at(attempt)
    if not began:
        return None
    return max(0.0, (finished_at(attempt) if attempt.ended else now) - began)


def used_by(attempt: Attempt, seen: Glimpse) -> Usage:
    """Return what an attempt used: what is on record of its end, else what was last seen."""
    return Usage(attempt.cpu_seconds, attempt.peak_memory) if attempt.ended else seen.usage


def usage_json(attempt: Attempt | None, seen: Glimpse, now: float) -> dict[str, object]:
    """Return what an attempt used, for machines: seconds and bytes, None where not known."""
    wall = wall_seconds(attempt, now) if attempt else None
    used = used_by(attempt, seen) if attempt else Usage()
    return {
        "wallSeconds": None if wall is None else round(wall, 3),
        "cpuSeconds": round(used.cpu_seconds, 3) or None,
        "peakMemory": used.memory or None,
    }


def _runs_of_task(report: Report, name: str, target: Target | None, most: int) -> Iterator[PastRun]:
    known = report.history.tasks.get(name)
    numbers = sorted(known.runs)[-most:] if known and most else []
    instance = target.instance if target else None
    for number in numbers:
        run = report.history.tasks[name].runs[number]
        found = tuple(_attempts(report, name, run, instance))
        if found or instance is None:
            yield PastRun(name, run, found, _values(report, name, run))


def _attempts(report: Report, name: str, run: Run, instance: int | None) -> Iterator[PastAttempt]:
    for number in sorted(run.attempts):
        for record in run.attempts_of(number) if instance in {None, number} else ():
            key = AttemptKey(InstanceKey(name, number), run.number, record.number)
            container = report.history.container_name(key, report.desired.project)
            live = None if record.ended else container_of(report, key)
            yield PastAttempt(key, record, container, seen_of(report, live.id if live else ""))


def _values(report: Report, name: str, run: Run) -> Mapping[int, Pairs]:
    """Return what instances saw in a run; one of a count has ids that are no combination's."""
    if not run.matrix:
        return {}
    known = report.history.tasks[name].combinations
    return {number: values_in(text) for text, number in known.items() if number in run.attempts}


def _with_lines(report: Report, runs: list[PastRun], count: int) -> list[PastRun]:
    with Ledger.open(report.folder, write=False, project=report.desired.project) as ledger:
        return [
            replace(
                one,
                attempts=tuple(
                    replace(a, lines=_lines(report, ledger, a, count)) for a in one.attempts
                ),
            )
            for one in runs
        ]


def _lines(report: Report, ledger: Ledger, past: PastAttempt, count: int) -> tuple[str, ...]:
    """Return the last lines: from the ledger once it has ended, else from its container."""
    if past.record.ended:
        said = last_lines(ledger.logs(past.key) or b"", count)
    else:
        try:
            said = b"".join(read(report, past.key, count))
        except EngineError:
            said = b""
    return tuple(said.decode("utf-8", "replace").splitlines())
