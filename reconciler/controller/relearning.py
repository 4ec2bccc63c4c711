"""What containers tell that the ledger has never heard of, as facts.

After a lost or restored ledger the engine's labels are all that is left: they say which run
and attempt a container is, never how a container that is gone has ended.
"""

from collections.abc import Iterable

from reconciler.model.fact import (
    AttemptReserved,
    CombinationNumbered,
    Fact,
    RunOpened,
    StartRequested,
)
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from reconciler.model.observed import Container, Phase
from reconciler.planning.numbering import names_in


def unknown_containers(
    history: History, containers: Iterable[Container], now: float, era: str = ""
) -> list[Fact]:
    """Return the runs and attempts that containers show and the history does not have.

    `era` is that of the containers' engine.
    """
    facts: list[Fact] = []
    opened: set[tuple[str, int]] = set()
    for container in containers:
        if history.attempt(history.owner(container.attempt_key)) is not None:
            continue
        task, run = history.owner(container.attempt_key).key.task, container.run
        known = history.tasks.get(task)
        if (known is None or run not in known.runs) and (task, run) not in opened:
            opened.add((task, run))
            facts.append(_run(task, container, now))
        facts += _attempt(history.owner(container.attempt_key), container, now, era)
    return facts


def _run(task: str, container: Container, now: float) -> RunOpened:
    reason, revision = "learned again from a container", container.revision
    return RunOpened(
        task, container.run, container.work, 0, reason, revision, now,
        matrix=names_in(container.values),
    )  # fmt: skip


def _attempt(key: AttemptKey, container: Container, now: float, era: str) -> list[Fact]:
    facts: list[Fact] = []
    if container.values:
        facts.append(CombinationNumbered(key.key.task, key.key.instance, container.values, now))
    facts.append(AttemptReserved(key, container.node, container.shape, container.revision, now))
    if container.phase is not Phase.CREATED:
        facts.append(StartRequested(key, now, era if container.live else ""))
    return facts
