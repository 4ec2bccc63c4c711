"""A task and its profile → DesiredTask.

Decides in which order things are said of a task: constants, merge, substitution, schema,
meaning. Each step leaves out what an earlier one refused, so that one fault is told once.
"""

from typing import Final

from msgspec import Struct

from reconciler.manifests import schemas
from reconciler.manifests.constants import Constants, reserved
from reconciler.manifests.container import check_whole, read_container
from reconciler.manifests.documents import Entry, pairs, validate
from reconciler.manifests.fields import Fields
from reconciler.manifests.guarding import Guard, check_maximum, check_task
from reconciler.manifests.merging import merged_task
from reconciler.manifests.reporting import Report
from reconciler.manifests.substitution import BUILTINS, Path, Substitution, without
from reconciler.manifests.tree import Mapping, Scalar, leaves
from reconciler.model.desired import Backoff, DesiredTask, Restart, Retry
from reconciler.model.hashing import shape_of, work_of
from reconciler.model.position import Position
from reconciler.model.quantities import parse_duration, parse_ranges
from reconciler.model.spec import Pairs

DEFAULT_PROFILE: Final = "docker-batch"
_BACKOFF: Final = Backoff()


class TaskEntry(Struct, frozen=True):
    """A task as it was written, in a manifest of its own or in its job's."""

    name: str
    at: Position
    labels: Pairs
    job: str
    spec: Mapping
    sound: bool
    usable: bool

    @property
    def profile(self) -> str:
        """The name of its profile."""
        return self.spec.text("profile") or DEFAULT_PROFILE


def compile_task(task: TaskEntry, profile: Entry, guard: Guard) -> DesiredTask:
    """Return what a task asks for. It means nothing where the report has errors about it."""
    report = guard.report
    before = report.errors()
    given = task.spec.mapping("constants")
    constants = Constants(profile, given, report, task.name, task.spec)
    constants.check()
    tree = _effective(task, profile, constants, report)
    fields = Fields(tree.mapping("container"), report)
    nodes = pairs(tree.mapping("placement", "nodes"))
    spec = read_container(fields, constants=constants.exported(), nodes=nodes)
    own = Fields(tree, report)
    instances = _instances(own)
    check_task(tree, guard)
    if task.sound and profile.sound and report.errors() == before:
        check_whole(spec, fields, task.spec, profile.name)
        check_maximum(tree, spec.resources, len(instances), guard, task.spec)
    restart = Restart(_member(own.choice("restart", Restart.NEVER)))
    return DesiredTask(
        name=task.name,
        at=task.at,
        instances=instances,
        spec=spec,
        work=work_of(spec),
        shape=shape_of(spec),
        job=task.job,
        profile=profile.name,
        labels=task.labels,
        restart=restart,
        retry=_retry(own.below("retry"), restart),
        parallelism=own.whole("parallelism", 0) or None,
        max_unavailable=own.below("rollout").whole("maxUnavailable", 1),
        rerun=own.whole("rerun", 0),
        where=_places(task, tree, constants),
    )


def _effective(task: TaskEntry, profile: Entry, constants: Constants, report: Report) -> Mapping:
    """Return the task's tree, merged and substituted, without what has been refused."""
    merged = merged_task(profile.spec, task.spec)
    _check_reserved(merged.mapping("container", "env"), report)
    substitution = Substitution(
        constants.lookup, lambda path: schemas.types_at(schemas.TASK_SPEC, path), report
    )
    tree = substitution.apply(merged)
    if not isinstance(tree, Mapping):  # pragma: no cover  # a mapping stays one
        return merged
    without(tree, substitution.failed)
    faults: list[Path] = validate(schemas.TASK_SPEC, tree, report)
    without(tree, faults)
    return tree


def _check_reserved(environment: Mapping, report: Report) -> None:
    for name in environment.items:
        if name in BUILTINS:
            reserved(name, environment, report)


def _member(text: str) -> str:
    return text if text in set(Restart) else Restart.NEVER


def _instances(fields: Fields) -> tuple[int, ...]:
    node = fields.node.get("instances")
    if isinstance(node, Scalar) and isinstance(node.plain, int | float):
        return tuple(range(int(node.plain)))
    return fields.parsed("instances", parse_ranges, (0,))


def _retry(fields: Fields, restart: Restart) -> Retry:
    pause = fields.below("backoff")
    default = 0 if restart is Restart.NEVER else None
    given = "perInstance" in fields.node.items
    return Retry(
        per_instance=fields.whole("perInstance", 0) if given else default,
        backoff=Backoff(
            initial=pause.parsed("initial", parse_duration, _BACKOFF.initial),
            factor=pause.number("factor", _BACKOFF.factor),
            max=pause.parsed("max", parse_duration, _BACKOFF.max),
            jitter=pause.number("jitter", _BACKOFF.jitter),
        ),
    )


def _places(task: TaskEntry, tree: Mapping, constants: Constants) -> dict[str, Position]:
    """Return who supplied what: container fields by their own paths, task fields by theirs."""
    places = dict(leaves(tree.mapping("container")))
    own = {path: at for path, at in leaves(tree) if path.partition(".")[0] != "container"}
    places |= own
    if "image.name" in places:
        places["image"] = places["image.name"]
    if "placement.nodes" in places:
        places["nodes"] = places["placement.nodes"]
    for name, scalar in constants.places().items():
        places[f"constants.{name}"] = scalar.at
    profile = task.spec.get("profile")
    if isinstance(profile, Scalar):
        places["profile"] = profile.at
    return places
