"""A task's spec laid over its profile, with its constants in place: what it says in effect.

Decides in which order: constants, merge, substitution, schema. Each step leaves out what an
earlier one refused, so that one fault is told once. Must not know what fields mean.
"""

from msgspec import Struct

from reconciler.manifests import schemas
from reconciler.manifests.constants import Constants, reserved
from reconciler.manifests.documents import Entry, validate
from reconciler.manifests.instances import matrix_names
from reconciler.manifests.merging import merged_task
from reconciler.manifests.reporting import Report
from reconciler.manifests.substitution import BUILTINS, Path, Substitution, without
from reconciler.manifests.tree import Mapping, Node, copied
from reconciler.model.caller import Caller


class Effective(Struct, frozen=True):
    """What a task says in effect, and the constants that it says it with."""

    tree: Mapping
    constants: Constants


def read_effective(
    name: str, spec: Mapping, profile: Entry, report: Report, caller: Caller | None
) -> Effective:
    """Return what a task of this name says in effect, without what has been refused."""
    merged = merged_task(profile.spec, spec)
    declared = profile.spec.mapping("constants").items.keys()
    varying = BUILTINS | (matrix_names(merged) - declared)
    constants = Constants(profile, spec.mapping("constants"), report, name, spec, varying, caller)
    constants.check()
    _check_reserved(merged.mapping("container", "env"), report)
    tree = substituted(merged, schemas.TASK_SPEC, constants, report)
    return Effective(tree, constants)


def substituted(tree: Mapping, reference: str, constants: Constants, report: Report) -> Mapping:
    """Return a tree with constants in place, without what the schema does not accept."""
    substitution = Substitution(
        constants.lookup,
        lambda path: schemas.types_at(reference, path),
        report,
        constants.varying,
    )
    made = _left(substitution.apply(tree), substitution.failed)
    return _left(made, validate(reference, made, report))


def _left(tree: Node, doomed: list[Path]) -> Mapping:
    """Return a tree without what stands at some paths; the tree itself stays as it is."""
    rest = copied(tree) if doomed else tree
    if not isinstance(rest, Mapping):  # pragma: no cover  # a mapping stays one
        raise TypeError
    without(rest, doomed)
    return rest


def _check_reserved(environment: Mapping, report: Report) -> None:
    for name in environment.items:
        if name in BUILTINS:
            reserved(name, environment, report)
