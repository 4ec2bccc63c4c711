"""What becomes of an instance whose node does not answer, and of what a lost node brings back.

Theory of operation. Unreachable is not dead: what ran on a lost node may run on. After the node's
timeout a service, or what has `onNodeLoss: replace` and a retry left, is given up there
(*forsaken*): its attempt stays open, is looked past while the node is away, and another one begins
elsewhere. When the node is back, what finished there counts, like any other outcome. Where both
still run, the one of the wanted shape stays that has run for longest, and the other ends.
"""

from msgspec.structs import replace

from reconciler.model.action import Cause, InstanceState, Verb
from reconciler.model.desired import DesiredTask
from reconciler.model.fact import AttemptEnded, AttemptForsaken, Fact, Result
from reconciler.model.identity import AttemptKey
from reconciler.model.observed import Container
from reconciler.model.quantities import format_duration
from reconciler.model.run import Attempt
from reconciler.planning.attempts import completed
from reconciler.planning.beginning import key_of
from reconciler.planning.ending import end
from reconciler.planning.nodes import drains
from reconciler.planning.place import nowhere
from reconciler.planning.scene import Pass, Scene, Slot
from reconciler.planning.step import Step, act
from reconciler.planning.tries import may_follow


def unknown_node(scene: Scene, slot: Slot) -> Step | None:
    """It is, or may be, on a node that cannot be seen: unknown is not absent."""
    given = scene.given
    for node in _nodes(scene, slot):
        why = given.unknown(node)
        if why is not None:
            return _forsake(scene, slot, node) or _wait(scene, slot, node, why)
    return None


def out_of_sight(scene: Scene, slot: Slot) -> Step | None:
    """As `unknown_node`, where nothing new may begin."""
    for node in _nodes(scene, slot):
        why = scene.given.unknown(node)
        if why is not None:
            return Step(InstanceState.UNKNOWN, why, blocked=True)
    return None


def look_past(given: Pass, task: DesiredTask, slot: Slot) -> None:
    """Leave out what nobody waits for on nodes that cannot be seen, and say which one counts.

    What is over, or forsaken, waits there for the node to be back.
    """
    if len(given.desired.nodes) < 2 and not given.history.nodes:  # noqa: PLR2004  # nowhere else
        return
    kept = tuple(c for c in slot.containers if not _is_past(given, c))
    if len(kept) != len(slot.containers):
        gone = slot.current is not None and slot.current not in kept
        slot.containers = kept
        if gone:
            slot.current = slot.record = None
    _settle(given, task, slot)


def rival(scene: Scene, slot: Slot) -> Step | None:
    """It runs again on a node that is back, and was begun elsewhere meanwhile: one stays."""
    current, record = slot.current, slot.record
    if current is None or record is None or not record.forsaken_at or not current.live:
        return None
    why = f"attempt {current.attempt} has run for longer, on node {current.node}, which is back"
    for container in slot.containers:
        beside = container.run == current.run and container is not current
        if beside and container.occupies:
            return end(scene.given, container, Cause(why))
    return None


def outrun(scene: Scene, slot: Slot) -> Step | None:
    """It has completed, here or on a node that was away, so what else was begun is not needed."""
    current, record = slot.current, slot.record
    beginning = current is not None and current.occupies
    if current is None or not beginning or not completed(scene, slot):
        return None
    done = next((a for a in slot.attempts if a.result is Result.SUCCEEDED), None)
    if done is None or not (done.forsaken_at or (record and record.forsaken_at)):
        return None
    why = f"attempt {done.number} has completed on node {done.node} meanwhile"
    return end(scene.given, current, Cause(why))


def astray(scene: Scene, slot: Slot) -> Step | None:
    """It was given up on a node that is back without it: look once by name for how it ended."""
    given = scene.given
    there = {c.attempt for c in slot.containers if c.run == scene.run.number}
    for attempt in slot.attempts:
        if attempt.ended or not attempt.forsaken_at or attempt.number in there:
            continue
        key = key_of(scene, slot, attempt.number)
        if given.unknown(attempt.node) is None and not given.waits_until(given.name_of(key)):
            why = Cause(f"node {attempt.node} is back without attempt {attempt.number}")
            action = act(given, Verb.COLLECT, key, attempt.node, why)
            return Step(InstanceState.COLLECTING, why.reason, (action,))
    return None


def _nodes(scene: Scene, slot: Slot) -> list[str]:
    """Return where an instance is, or may be, and matters."""
    seen = {(c.run, c.attempt) for c in slot.containers}
    awaited = (a for k, a in _awaited(scene, slot) if (k.run, k.attempt) not in seen)
    return [c.node for c in slot.containers] + [a.node for a in awaited]


def _awaited(scene: Scene, slot: Slot) -> list[tuple[AttemptKey, Attempt]]:
    """Return the attempts whose end matters and is not on record, of this run and earlier ones."""
    found = [(key_of(scene, slot, a.number), a) for a in slot.attempts if a.may_go_on]
    known = scene.given.history.tasks.get(scene.task.name)
    if known is None or slot.key not in scene.unseen:
        return found
    return found + [
        (AttemptKey(slot.key, run.number, attempt.number), attempt)
        for run in known.runs.values()
        if run.number != scene.run.number
        for attempt in run.attempts_of(slot.key.instance)
        if attempt.may_go_on
    ]


def _is_past(given: Pass, container: Container) -> bool:
    if given.unknown(container.node) is None:
        return False
    record = given.record(container)
    return record is not None and (record.ended or bool(record.forsaken_at))


def _settle(given: Pass, task: DesiredTask, slot: Slot) -> None:
    """Take the one for the incarnation that has run for longest, of those of the same shape.

    A service's instance that would have to leave its node is none.
    """
    newest = slot.current
    if newest is None or len(slot.containers) < 2:  # noqa: PLR2004  # two run, or there is no choice
        return
    for container in slot.containers:
        record = given.record(container)
        forsaken = record is not None and bool(record.forsaken_at) and not record.ended
        alike = (container.run, container.shape) == (newest.run, newest.shape)
        stays = not (task.service and drains(given, container.node))
        if container is not newest and forsaken and alike and container.live and stays:
            slot.current, slot.record = container, record
            return


def _forsake(scene: Scene, slot: Slot, node: str) -> Step | None:
    """Give an instance up on a lost node, if it is time and there is somewhere else to go."""
    due = _due_at(scene, slot, node)
    there = [(key, attempt) for key, attempt in _awaited(scene, slot) if attempt.node == node]
    if due is None or not there or nowhere(scene) is not None:
        return None
    if due > scene.given.now and any(a.start_requested_at for _, a in there):
        return None
    facts = tuple(_given_up(scene.given, key, attempt) for key, attempt in there)
    return Step(InstanceState.PENDING, f"node {node} is lost: it begins elsewhere", facts=facts)


def _given_up(given: Pass, key: AttemptKey, attempt: Attempt) -> Fact:
    node = attempt.node
    if not attempt.start_requested_at:
        why = f"node {node} was lost before it started"
        return AttemptEnded(key, node, Result.BURNT, given.now, reason=why)
    spec = given.desired.nodes.get(node)
    length = format_duration(spec.timeout if spec else 0.0)
    return AttemptForsaken(key, f"node {node} has been lost for longer than {length}", given.now)


def _due_at(scene: Scene, slot: Slot, node: str) -> float | None:
    """Return from when on an instance may begin elsewhere, None for never."""
    given, task = scene.given, scene.task
    record, spec = given.history.nodes.get(node), given.desired.nodes.get(node)
    view = given.observed.nodes.get(node)
    if record is None or spec is None or view is None or task.gang:
        return None
    if not record.lost_at or not view.asked:  # it may be about to answer
        return None
    awaited = [attempt for _, attempt in _awaited(scene, slot)]
    stopping = not task.service and any(a.stop_requested_at for a in awaited)
    if stopping or completed(scene, slot):
        return None
    if scene.run.cancel_of(slot.key.instance) is not None:
        return None
    begun = any(a.start_requested_at for a in awaited)
    if begun and not task.service and not _may_replace(scene, slot):
        return None
    return record.lost_at + spec.timeout


def _may_replace(scene: Scene, slot: Slot) -> bool:
    return scene.task.replaced and may_follow(scene.task, scene.run, slot.key.instance)


def _wait(scene: Scene, slot: Slot, node: str, why: str) -> Step:
    """Word what an instance on an unknown node waits for."""
    due = _due_at(scene, slot, node)
    plain = Step(InstanceState.UNKNOWN, why, blocked=True)
    if due is not None and due > scene.given.now:
        left = format_duration(round(due - scene.given.now))
        return replace(plain, reason=f"{why}; begins elsewhere in {left}", wake_at=due)
    if due is not None and (refusal := nowhere(scene)) is not None:
        return replace(plain, reason=f"{why}; nowhere else to begin: {refusal.reason}")
    if scene.task.replaced and not scene.task.service and not _may_replace(scene, slot):
        return replace(plain, reason=f"{why}; no retry is left for it to begin elsewhere")
    return plain
