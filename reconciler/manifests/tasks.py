"""A task and its profile → DesiredTask.

Decides in which order things are said of a task: what single fields mean, then what they mean
to each other, then which of them nothing acts on yet. Each step is silent where an earlier one
was not, so that one fault is told once.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.manifests.annotations import OF_TASKS as OF_TASKS_ANNOTATED
from reconciler.manifests.annotations import read_annotations
from reconciler.manifests.clusters import check_cluster, with_cluster
from reconciler.manifests.confidential import check_variables, read_secrets
from reconciler.manifests.container import check_whole, read_container
from reconciler.manifests.documents import Entry, pairs
from reconciler.manifests.effective import read_effective
from reconciler.manifests.exclusions import check_together, settle
from reconciler.manifests.fields import Fields
from reconciler.manifests.guarding import Guard, check_maximum, check_task
from reconciler.manifests.instances import check_names, read_combinations, read_instances
from reconciler.manifests.own_fields import read_own_fields
from reconciler.manifests.places import Places
from reconciler.manifests.transfers import read_inputs
from reconciler.manifests.tree import Mapping
from reconciler.manifests.unsupported import (
    OF_TASKS,
    check_unsupported,
    why_blocked,
)
from reconciler.model.desired import DesiredTask
from reconciler.model.hashing import fingerprints_of
from reconciler.model.position import Position
from reconciler.model.spec import Pairs

DEFAULT_PROFILE: Final = "docker-batch"


class TaskEntry(Struct, frozen=True):
    """A task as it was written, in a manifest of its own or in its job's."""

    name: str
    at: Position
    labels: Pairs
    job: str
    spec: Mapping
    annotations: Mapping
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
    said = read_effective(task.name, task.spec, profile, report, guard.terms.effective.caller)
    clean = task.sound and profile.sound and report.errors() == before
    settle(said.tree, task.spec, report if clean else None)
    own, exported = Fields(said.tree, report), said.constants.exported()
    nodes = pairs(said.tree.mapping("placement", "nodes"))
    container = own.below("container")
    spec = read_container(container, constants=exported, nodes=nodes)
    spec = replace(spec, pool=own.text("pool")) if "pool" in own.node.items else spec
    spec = replace(spec, inputs=read_inputs(own), secrets=read_secrets(own))
    check_task(said.tree, guard)
    if clean and report.errors() == before:
        spec = with_cluster(spec, profile, said.constants, container, guard)
    work, shape = fingerprints_of(spec)
    marks = read_annotations(task.annotations, OF_TASKS_ANNOTATED, report, task.name)
    instances = read_instances(own)
    compiled = DesiredTask(
        name=task.name,
        at=task.at,
        instances=instances,
        combinations=read_combinations(own, len(instances)),
        spec=spec,
        work=work,
        shape=shape,
        job=task.job,
        profile=profile.name,
        labels=task.labels,
        protected=marks.protected,
        renamed_from=marks.former.name if marks.former else "",
        where=Places(task.spec, said.tree, said.constants),
        **read_own_fields(own),
    )
    _check_variables(own, profile)
    if clean and report.errors() == before:
        check_whole(spec, container, task.spec, profile.name)
        check_maximum(said.tree, spec.resources, len(compiled.instances), guard, task.spec)
        check_together(own, len(compiled.instances), spec.mounts)
        check_cluster(own, spec)
    if clean and report.errors() == before:
        found = check_unsupported(own.node, OF_TASKS, report)
        return replace(compiled, blocked=why_blocked(found))
    return compiled


def _check_variables(own: Fields, profile: Entry) -> None:
    """Report variables that instances would have from two sides."""
    environment = own.node.mapping("container", "env").items
    taken = {*profile.spec.mapping("constants").items, *environment}
    check_names(own.node, taken, own.report)
    check_variables(own, taken)
