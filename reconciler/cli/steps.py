"""A plan's single calls, folded into what they mean for an instance.

Decides how many calls are one step to a person: a stop, a removal and a create of one identity
are its replacement. Pure; what a step looks like is not known here.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from reconciler.controller.preview import Preview
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.data import Fetching
from reconciler.model.desired import Desired
from reconciler.model.identity import InstanceKey
from reconciler.model.images import Archive, Build


class Kind(StrEnum):
    """What happens to an instance; to a node's image, to inputs, or to a run's NETWORK.

    An image is fetched by PULL, made of the source by BUILD, or of an archive in it by LOAD. FETCH
    is for inputs. With REUSE an instance takes over results, and does not run.
    """

    PULL = "pull"
    BUILD = "build"
    LOAD = "load"
    FETCH = "fetch"
    REUSE = "reuse"
    NETWORK = "network"
    CREATE = "create"
    REPLACE = "replace"
    RETRY = "retry"
    START = "start"
    TEAR_DOWN = "tearDown"
    STOP = "stop"
    RECORD = "record"
    CLEAN = "clean"


_ENDINGS: Final = {Verb.STOP, Verb.KILL}


class Step(Struct, frozen=True):
    """What is to happen to one subject, why, and by which calls."""

    kind: Kind
    subject: str
    cause: Cause
    actions: tuple[Action, ...]


def fold(actions: Sequence[Action], wanted: Collection[InstanceKey]) -> list[Step]:
    """Return the steps that actions amount to, in the order in which they first appear."""
    groups: dict[object, list[Action]] = {}
    for action in actions:
        groups.setdefault(action.key or action.subject, []).append(action)
    return [_step(tuple(group), wanted) for group in groups.values()]


def summary(
    now: Sequence[Step], later: Sequence[Step], desired: Desired, preview: Preview
) -> dict[str, int]:
    """Return how many steps of each kind are possible now, and what is left alone."""
    found = Counter(step.kind for step in now)
    after = [step for step in later if step.kind not in {Kind.RECORD, Kind.CLEAN}]
    touched = {step.subject for step in (*now, *after) if step.kind is not Kind.CLEAN}
    wanted = [str(key) for task in desired.tasks.values() for key in task.keys()]  # noqa: SIM118
    said = {kind.value: found[kind] for kind in Kind}
    said["later"] = len(after)
    said["unchanged"] = sum(key not in touched for key in wanted)
    said["rerun"] = preview.reruns
    return said


def _step(group: tuple[Action, ...], wanted: Collection[InstanceKey]) -> Step:
    first = group[0]
    kind = _kind(group, wanted)
    if first.verb is Verb.PULL:
        return Step(kind, f"{first.image} on node {first.node}", first.cause, group)
    if first.fetching is not None:
        return Step(kind, _origins(first.fetching, first.node), first.cause, group)
    if first.network is not None:
        return Step(kind, f"{first.network.name} on node {first.node}", first.cause, group)
    return Step(kind, str(first.key), _cause(group, kind), group)


def _origins(fetching: Fetching, node: str) -> str:
    """Return what data are fetched to a node: BUCKET/PREFIX of each origin."""
    told = (f"{one.bucket.name}/{one.prefix}" for one in fetching.origins)
    return f"{' + '.join(told)} to node {node}"


def _kind(group: Sequence[Action], wanted: Collection[InstanceKey]) -> Kind:
    """Return what a group of calls is; the first description that fits wins."""
    verbs = {action.verb for action in group}
    created = next((a for a in group if a.verb is Verb.CREATE), None)
    described = (
        (isinstance(group[0].origin, Build), Kind.BUILD),
        (isinstance(group[0].origin, Archive), Kind.LOAD),
        (Verb.PULL in verbs, Kind.PULL),
        (Verb.FETCH in verbs, Kind.FETCH),
        (Verb.NETWORK in verbs, Kind.NETWORK),
        (Verb.DISSOLVE in verbs, Kind.CLEAN),
        (group[0].key not in wanted, Kind.TEAR_DOWN),
        (Verb.REUSE in verbs, Kind.REUSE),
        (created and (verbs & _ENDINGS or _discards(group, created)), Kind.REPLACE),
        (created and created.attempt and created.attempt.attempt > 1, Kind.RETRY),
        (created, Kind.CREATE),
        (verbs & _ENDINGS, Kind.STOP),
        (Verb.START in verbs, Kind.START),
        (Verb.COLLECT in verbs, Kind.RECORD),
    )
    return next((kind for fits, kind in described if fits), Kind.CLEAN)


def _discards(group: Sequence[Action], created: Action) -> bool:
    """Whether something that never ran, or ran for other work, gives way before the create."""
    before = group[: list(group).index(created)]
    return any(a.verb is Verb.REMOVE for a in before)


def _cause(group: Sequence[Action], kind: Kind) -> Cause:
    """Return the cause that says most: what differs, else why something new is made."""
    differing = (a.cause for a in group if a.cause.field and (a.cause.old or a.cause.new))
    if kind is Kind.RETRY:
        return next(a.cause for a in group if a.verb is Verb.CREATE)
    made = (a.cause for a in group if a.verb is Verb.CREATE)
    return next(differing, None) or next(made, None) or group[0].cause
