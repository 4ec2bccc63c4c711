"""What makes the inputs of an instance present on its node first, and which data it then gets.

What a set of inputs comes to is on record for the run and node that use it, so that all instances
and attempts there see the same. Must not know what is in a bucket, nor how data get to a node.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import astuple, replace

from reconciler.model.action import Action, InstanceState, Verb
from reconciler.model.data import Fetching, Provision, Use
from reconciler.model.desired import DesiredTask
from reconciler.model.identity import AttemptKey
from reconciler.model.run import Run
from reconciler.planning import cause
from reconciler.planning.input_sets import InputSet, sets_of
from reconciler.planning.scene import Pass, Pulling, Scene
from reconciler.planning.step import Step


def inputs_step(scene: Scene, wanted: Iterable[tuple[AttemptKey, str]]) -> Step | None:
    """Return the step that makes the inputs of attempts present on their nodes, None when all are.

    Those that are missing are asked for together.
    """
    if not scene.task.spec.inputs:
        return None
    given, first, actions = scene.given, Step(InstanceState.PREPARING, ""), list[Action]()
    for node, one in _missing(scene, wanted):
        subject = f"inputs:{node}:{one.description}"
        waits = given.waits_until(subject)
        if waits:
            return Step(
                InstanceState.PENDING, waits[1], wake_at=waits[0], blocked=True, awaited=subject
            )
        if not first.reason:
            first = replace(first, reason=being_fetched(one.description, node), awaited=subject)
        if subject not in given.underway.subjects and not _shares(scene, subject):
            actions.append(_fetch(scene, node, one, subject))
    return replace(first, actions=tuple(actions)) if first.reason else None


def being_fetched(description: str, node: str) -> str:
    """Word what an instance waits for while a node gets its inputs."""
    return f"inputs {description} are being made present on node {node}"


def provisions_of(scene: Scene, attempt: AttemptKey, node: str) -> tuple[Provision, ...]:
    """Return the data that an attempt gets, all of which are on its node."""
    there = scene.run.inputs.get(node, {})
    found = []
    for one in sets_of(scene.given.desired, scene.task, attempt):
        resolved = there[one.description].resolved
        found.append(
            Provision(
                project=scene.given.desired.project,
                key=resolved.key,
                target=one.target,
                read_only=one.read_only,
                size=resolved.size,
            )
        )
    return tuple(found)


def _missing(
    scene: Scene, wanted: Iterable[tuple[AttemptKey, str]]
) -> Iterator[tuple[str, InputSet]]:
    for attempt, node in wanted:
        there = scene.run.inputs.get(node, {})
        for one in sets_of(scene.given.desired, scene.task, attempt):
            if one.description not in there:
                yield node, one


def _shares(scene: Scene, subject: str) -> bool:
    """Whether another run asks for the data already; what comes of that is for this one, too."""
    asked, wanted = scene.pulling.get(subject), (scene.task.name, scene.run.number)
    if asked is not None and wanted not in asked.runs:
        asked.runs.append(wanted)
    return asked is not None


def _fetch(scene: Scene, node: str, one: InputSet, subject: str) -> Action:
    given, task, number = scene.given, scene.task, scene.run.number
    scene.pulling[subject] = Pulling([(task.name, number)])
    fetching = Fetching(
        project=given.desired.project,
        description=one.description,
        origins=one.origins,
        uses=tuple(sorted(_uses(given, node), key=astuple)),
    )
    return Action(
        verb=Verb.FETCH,
        node=node,
        subject=subject,
        task=task.name,
        run=number,
        cause=cause.stated(given.desired, task, f"run {number} uses them", "inputs"),
        fetching=fetching,
        priority=task.priority,
    )


def _uses(given: Pass, node: str) -> Iterator[Use]:
    """Yield when the data on a node were last of use, as far as is on record."""
    for name, known in given.history.tasks.items():
        task = given.desired.tasks.get(name)
        present = known.present(task) if task else None
        for run in known.runs.values():
            if there := run.inputs.get(node):
                last = _last_use(run, node)
                needed = task is not None and run is present and _goes_on(task, run)
                for kept in there.values():
                    yield Use(kept.resolved.key, max(kept.at, last), needed)


def _last_use(run: Run, node: str) -> float:
    attempts = (one for group in run.attempts.values() for one in group if one.node == node)
    return max((max(one.reserved_at, one.ended_at) for one in attempts), default=0.0)


def _goes_on(task: DesiredTask, run: Run) -> bool:
    """Whether an instance of a run may yet be started."""
    return task.service or not all(run.succeeded(number) for number in task.instances)
