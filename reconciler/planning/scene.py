"""What the rules look at: the pass, one task within it, and one instance's slot.

A scene carries the little that instances of a task share while a pass is made: how many more
may start, how many more may be taken out of service. Everything else is given and unchanged.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from reconciler.model.action import Cause, Underway
from reconciler.model.calendar import Calendar
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.fact import Result
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.images import digest_in
from reconciler.model.milestone import Reached
from reconciler.model.observed import Container, Observed
from reconciler.model.run import Attempt, Run
from reconciler.model.spec import Stop
from reconciler.planning.cause import RELOCKED, relocked
from reconciler.planning.fleet import Fleet
from reconciler.planning.line import Turn
from reconciler.planning.sightings import Sightings
from reconciler.planning.suspending import Suspense
from reconciler.planning.wish import Wish, wish_of

# So many runs say well enough where an image is.
_RUNS_LOOKED_AT = 3


class Notes(Struct):
    """What is found once in a pass, for several tasks ask for it.

    `reached` is what tasks have come to. `held` says of tasks why they wait for a person. By job,
    `times_up` is when its deadline is, and `broken` which of its tasks has failed.
    """

    reached: dict[str, Reached | None] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    times_up: dict[str, float | None] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


class Pass(Struct, frozen=True):
    """What one call of the planner is given.

    Lengths of time are by `now`, dates by `calendar`. `seen` tells what nodes show of tasks.
    `afresh`: nothing is taken over that has completed before.
    """

    desired: Desired
    observed: Observed
    history: History
    underway: Underway
    now: float
    calendar: Calendar
    seen: Sightings
    notes: Notes = field(default_factory=Notes)
    afresh: bool = False

    def unknown(self, node: str) -> str | None:
        """Return why nothing is known of a node, None where its view can be trusted."""
        view = self.observed.nodes.get(node)
        if view is None:
            return f"node {node} is not declared any more"
        return None if view.known else view.reason

    def record(self, container: Container) -> Attempt | None:
        """Return the ledger's record of a container's attempt."""
        return self.history.attempt(container.attempt_key)

    def present_run(self, task: DesiredTask) -> Run | None:
        """Return the open run of the work that is asked for now."""
        known = self.history.tasks.get(task.name)
        return known.present(task) if known else None

    def serving(self, container: Container) -> bool:
        """Whether a container does its service now: running, healthy, and not about to stop."""
        if not container.live or container.health not in {"", "healthy"}:
            return False
        record = self.record(container)
        return record is None or not record.stop_requested_at

    def waits_until(self, subject: str) -> tuple[float, str] | None:
        """Return (time, message) where an earlier refusal still keeps a subject waiting."""
        trouble = self.history.troubles.get(subject)
        if trouble is None or trouble.retry_at <= self.now:
            return None
        return trouble.retry_at, trouble.message

    def name_of(self, attempt: AttemptKey) -> str:
        """Return the name of an attempt's container."""
        return self.history.container_name(attempt, self.desired.project)

    def stop_of(self, container: Container) -> Stop:
        """Return how a container was made to be stopped, whatever its task says today."""
        said = json.loads(self.history.specs.get(container.shape, "{}")).get("stop", {})
        return Stop(**said)


class Rollout(Struct):
    """What the instances of a service share while they are replaced.

    `outages` is how many serving old containers may still be taken down, `places` how many new
    ones may still be made beside old ones. `beside` are the instances whose old container serves
    until a new one is ready, each with why. `halted` says why no old container is taken down,
    empty while it may go on. `moving`: a new container is about to prove itself, by `wake_at`
    (epoch seconds) where time alone decides.
    """

    outages: int = 0
    places: int = 0
    beside: dict[InstanceKey, Cause] = field(default_factory=dict)
    halted: str = ""
    moving: bool = False
    wake_at: float | None = None


class Seat(Struct, frozen=True):
    """A node that takes an instance, and the slot of a pool there, POOL/NUMBER, empty for none."""

    node: str
    slot: str = ""

    @property
    def place(self) -> str:
        """The name of what takes it: the slot, else the node."""
        return self.slot or self.node


class Refusal(Struct, frozen=True):
    """Nothing takes an instance, and why, filter by filter. `queued`: its turn comes by itself."""

    reason: str
    queued: bool = False


class Gang(Struct):
    """How the members of a gang stand to each other; each sentence is empty where it is not so.

    `fallen` says which one has failed for good, `broken` which one has failed or cannot be
    started, so that the others end; `awaited` names one that is not there yet; `hindered` are
    those whose start was refused. `size` counts all that have not completed, `missing` are those
    that are to be made, and `seats` where: all of them somewhere, or none; on nodes `within` which
    one network is, where that matters. `networks` are asked for in this pass.
    """

    size: int
    fallen: str = ""
    broken: str = ""
    awaited: str = ""
    hindered: set[InstanceKey] = field(default_factory=set)
    missing: tuple["Slot", ...] = ()
    seats: dict[InstanceKey, Seat | Refusal] = field(default_factory=dict)
    within: frozenset[str] = frozenset()
    networks: set[str] = field(default_factory=set)


class Idle(Struct, frozen=True):
    """Why nothing is begun in a run, a sentence. `settled`: it is not waited for either."""

    reason: str
    settled: bool


class Bar(Struct, frozen=True):
    """What keeps a run from beginning or from going on, a sentence, and the task that does.

    `result` is what the run is ended as, None where it only waits. `passing`: the end holds only
    as long as its cause does.
    """

    task: str
    reason: str
    result: Result | None = None
    passing: bool = False

    @property
    def ends(self) -> bool:
        """Whether the run is to end."""
        return self.result is not None


class Scene(Struct, dict=True):
    """One desired task in one pass. `opening` says why its run is new, None if it was open.

    `room` is how many more instances parallelism lets start, None for no bound; `excess` which
    run beyond it; `unserved` which have failed and get nothing of `retry.total`; `rollout` how
    far a service may be replaced; `gang` how its instances stand to each other, None where each
    is for itself; `before` how many instances were asked for so far, None of a new task;
    `turn` how nodes take them, from when one is asked for first; `suspense` what suspends the
    task; `idle` why nothing is begun in its run; `bar` what other tasks keep its run from;
    `unseen` which instances may have a container of an earlier run on a node of which nothing is
    known, and why that is so.
    """

    given: Pass
    task: DesiredTask
    run: Run
    opening: Cause | None
    slots: Mapping[InstanceKey, "Slot"]
    fleet: Fleet
    pulling: dict[str, "Pulling"]
    before: int | None = None
    suspense: Suspense | None = None
    idle: Idle | None = None
    bar: Bar | None = None
    unseen: Mapping[InstanceKey, str] = field(default_factory=dict)
    room: int | None = None
    excess: frozenset[InstanceKey] = frozenset()
    unserved: frozenset[int] = frozenset()
    rollout: Rollout = field(default_factory=Rollout)
    gang: Gang | None = None
    turn: Turn | None = None

    def fits(self, container: Container) -> bool:
        """Whether a container is as it would be made now, its work aside."""
        return container.shape == self.task.shape.hash and not container.outdated

    @property
    def relocked(self) -> Cause | None:
        """Why its run was opened, where that is what the image is locked to; None otherwise."""
        known = self.given.history.tasks.get(self.task.name)
        before = known.runs.get(self.run.number - 1) if known else None
        if self.run.reason != RELOCKED or before is None or not before.resolved:
            return None
        return relocked(self.given.desired, self.task, before.digest)

    @property
    def wish(self) -> Wish:
        """What each of its instances asks of a node."""
        within = self.gang.within if self.gang else None
        return replace(self._wish, within=within) if within else self._wish

    @cached_property
    def _wish(self) -> Wish:
        return wish_of(self.task)

    @property
    def images(self) -> frozenset[str]:
        """The nodes that have its image: those where the newest runs of the same work had it."""
        known = self.given.history.tasks.get(self.task.name)
        alike = [r for r in known.runs.values() if r.work == self.run.work] if known else []
        runs = (self.run, *alike[-_RUNS_LOOKED_AT:])
        return frozenset(node for run in runs for node in run.images)

    @cached_property
    def reference(self) -> str:
        """Its image with the digest: as it was resolved first in the run, else as it is locked.

        A tag means the same on all nodes of a run, whatever becomes of it meanwhile.
        """
        spec = self.task.spec
        if spec.origin is not None or digest_in(spec.image):
            return spec.image
        locked = "" if self.run.resolved else self.given.desired.locks.get(spec.image, "")
        digest = self.run.digest or locked
        return f"{spec.image}@{digest}" if digest else spec.image

    @cached_property
    def versions(self) -> tuple[tuple[str, str], ...]:
        """Nodes that can be asked, each with what its image is there, as far as that is known.

        Those that have it come first. What a digest says holds for nodes that are yet to get it.
        Where no inputs differ between nodes, one for each of what the image is.
        """
        has, said = self.run.images, self.reference if digest_in(self.reference) else ""
        nodes = self.run.inputs if self.task.spec.inputs else self.given.observed.nodes
        known = (node for node in nodes if self.given.unknown(node) is None)
        places = sorted((node not in has, node, has.get(node, said)) for node in known)
        found = tuple((node, image) for _, node, image in places if image)
        if self.task.spec.inputs:
            return found
        return tuple({image: (node, image) for node, image in reversed(found)}.values())


class Pulling(Struct):
    """What is asked for in this pass that several need: by whom, task and run."""

    runs: list[tuple[str, int]]


class Slot(Struct):
    """One identity: its containers, oldest first, and its attempts in the current run.

    `current` is the newest container of the current run, `record` what the ledger has of it.
    """

    key: InstanceKey
    containers: tuple[Container, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    current: Container | None = None
    record: Attempt | None = None

    @property
    def last(self) -> Attempt | None:
        """The newest attempt of the current run."""
        return self.attempts[-1] if self.attempts else None


def slot_of(key: InstanceKey, containers: Sequence[Container], run: Run) -> Slot:
    """Return an identity's slot as the current run sees it."""
    slot = Slot(key, tuple(containers), run.attempts_of(key.instance))
    for container in slot.containers:
        if container.run == run.number:
            slot.current = container
    if slot.current is not None:
        for attempt in reversed(slot.attempts):
            if attempt.number == slot.current.attempt:
                slot.record = attempt
                break
    return slot
