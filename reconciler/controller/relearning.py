"""What containers tell that the ledger has never heard of, as facts.

After a lost or restored ledger the engine's labels are all that is left: they say which run
and attempt a container is, never how a container that is gone has ended.
"""

from collections.abc import Iterable

from reconciler.model.fact import AttemptReserved, Fact, RunOpened, StartRequested
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from reconciler.model.observed import Container, Phase


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
            reason = "learned again from a container"
            facts.append(RunOpened(task, run, container.work, 0, reason, container.revision, now))
        facts += _attempt(history.owner(container.attempt_key), container, now, era)
    return facts


def _attempt(key: AttemptKey, container: Container, now: float, era: str) -> list[Fact]:
    reserved = AttemptReserved(key, container.node, container.shape, container.revision, now)
    if container.phase is Phase.CREATED:
        return [reserved]
    return [reserved, StartRequested(key, now, era if container.live else "")]
