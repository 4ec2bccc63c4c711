"""Builders of desired state for tests: everything has a default, only what matters is said."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from reconciler.model.amounts import Amounts
from reconciler.model.data import Bucket
from reconciler.model.desired import Desired, DesiredJob, DesiredTask, NodeSpec, Retry
from reconciler.model.hashing import shape_of, work_of
from reconciler.model.images import LOCK_FILE
from reconciler.model.pool import DesiredPool, preparer_of
from reconciler.model.position import Position
from reconciler.model.spec import InstanceSpec


def make_task(name: str = "work", count: int = 1, **fields: Any) -> DesiredTask:  # noqa: ANN401  # a task's own fields
    """Return a task; `spec` holds spec fields, everything else the task's own."""
    given = fields.pop("spec", {})
    spec = InstanceSpec(**({"image": "busybox:stable"} | given))
    fields.setdefault("instances", tuple(range(count)))
    fields.setdefault("at", Position(f"{name}.yaml", 1, 1))
    fields.setdefault("profile", "docker-batch")
    return DesiredTask(name=name, spec=spec, work=work_of(spec), shape=shape_of(spec), **fields)


def make_job(name: str = "j", **fields: Any) -> DesiredJob:  # noqa: ANN401  # as above
    """Return what a job asks of its tasks together."""
    return DesiredJob(name=name, at=Position(f"{name}.yaml", 1, 1), **fields)


def make_pool(
    name: str = "pool",
    command: tuple[str, ...] = ("prepare",),
    **fields: Any,  # noqa: ANN401  # a pool's own fields
) -> tuple[DesiredPool, DesiredTask]:
    """Return a pool, and the task that prepares its slots by a command, or by the image alone."""
    spec = {"command": command} if command else {}
    spec |= fields.pop("spec", {})
    retry = Retry(per_instance=3)
    task = make_task(preparer_of(name), 0, spec=spec, prepares=name, retry=retry)
    room = fields.setdefault("room", Amounts(1.0))
    fields.setdefault("form", f"{task.work.hash} {room}")
    at = Position(f"{name}.yaml", 1, 1)
    return DesiredPool(name=name, at=at, task=task.name, runs=bool(command), **fields), task


def make_matrix(
    name: str = "work",
    matrix: dict[str, list[str]] | None = None,
    **fields: Any,  # noqa: ANN401  # as above
) -> DesiredTask:
    """Return a task with an instance for each combination, as manifests number them."""
    given = matrix or {}
    found = [tuple(sorted(zip(given, values, strict=True))) for values in product(*given.values())]
    return make_task(name, len(found), combinations=tuple(found), **fields)


def make_desired(
    *tasks: DesiredTask,
    revision: str = "f-1",
    nodes: Iterable[str] = ("local",),
    project: str = "demo",
    prunable: bool = True,
    jobs: Iterable[DesiredJob] = (),
    buckets: Iterable[Bucket] = (),
    locks: Mapping[str, str] | None = None,
) -> Desired:
    """Return a revision of these tasks, and of the buckets that their files go to.

    `locks` are digests by images, in the first lines of reconciler.lock.
    """
    names = {task.outputs.bucket for task in tasks if task.outputs}
    known = {name: Bucket(name=name, url=f"file:///srv/{name}") for name in names}
    return Desired(
        project=project,
        revision=revision,
        tasks={task.name: task for task in tasks},
        nodes={name: NodeSpec(name, "") for name in nodes},
        jobs={job.name: job for job in jobs},
        buckets=known | {bucket.name: bucket for bucket in buckets},
        locks=dict(locks or {}),
        lock_places={image: Position(LOCK_FILE, n, 3) for n, image in enumerate(locks or (), 1)},
        prunable=prunable,
    )
