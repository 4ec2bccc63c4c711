"""What one rule decides for one instance, and the actions that it takes.

Must not know which rule, nor why.
"""

from typing import TYPE_CHECKING

from msgspec import Struct

from reconciler.model.action import Action, Cause, InstanceState, Verb
from reconciler.model.fact import Fact
from reconciler.model.identity import AttemptKey
from reconciler.model.observed import Container
from reconciler.model.staging import Staging

if TYPE_CHECKING:
    from reconciler.planning.scene import Pass


class Step(Struct, frozen=True):
    """What one rule decided for one instance.

    `lacks_room`: the run in which it waits for a node, and for nothing more; 0 where it does not.
    `awaited` is the subject of the call that it waits for, where that is not its own.
    """

    state: InstanceState
    reason: str
    actions: tuple[Action, ...] = ()
    facts: tuple[Fact, ...] = ()
    wake_at: float | None = None
    settled: bool = False
    ready: bool = False
    blocked: bool = False
    suspended: bool = False
    protected: bool = False
    lacks_room: int = 0
    after: str = ""
    awaited: str = ""


def act(  # noqa: PLR0913  # one place that fills an action in; every argument is named
    given: "Pass",
    verb: Verb,
    attempt: AttemptKey,
    node: str,
    cause: Cause,
    *,
    container: str = "",
    signal: str = "",
    fenced: bool = False,
    staging: Staging | None = None,
    priority: int = 0,
) -> Action:
    """Return the action on an attempt's container."""
    return Action(
        verb=verb,
        node=node,
        subject=given.name_of(attempt),
        task=attempt.key.task,
        run=attempt.run,
        cause=cause,
        attempt=attempt,
        container=container,
        signal=signal,
        fenced=fenced,
        staging=staging,
        priority=priority,
    )


def on(given: "Pass", verb: Verb, container: Container, cause: Cause, signal: str = "") -> Action:
    """Return the action on a container that was seen."""
    return act(
        given,
        verb,
        container.attempt_key,
        container.node,
        cause,
        container=container.id,
        signal=signal,
    )
