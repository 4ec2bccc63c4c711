"""Which instance each combination of a matrix is: ids are given once, and kept.

Completion follows the combination. One that was seen before has the id that it had then, also
after it was gone for a while; another one gets the next id that no combination of its task has
had. Must not know what the values mean.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec.structs import replace

from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.fact import CombinationNumbered
from reconciler.model.history import History
from reconciler.model.run import TaskHistory
from reconciler.model.shared import SharedMap
from reconciler.model.spec import Pairs
from reconciler.planning.renaming import renamings, taken_over
from reconciler.planning.scene import Pass
from reconciler.planning.slots import with_slots


def numbered(desired: Desired, history: History, names: Iterable[str] | None = None) -> Desired:
    """Return a revision in which the instances of matrices have the ids that they keep.

    What prepares slots has an instance for each that there is.
    `names` are the tasks to look at; None is all of them.
    """
    changed = {
        name: made
        for name in (desired.tasks if names is None else names)
        if (task := desired.tasks.get(name)) is not None and task.combinations
        if (made := _numbered(task, _ids(history, name))) is not task
    }
    if changed:
        desired = replace(desired, tasks=SharedMap.of(desired.tasks).changed(changed))
    return with_slots(desired, history) if desired.pools else desired


def as_kept(desired: Desired, history: History, names: Collection[str] | None = None) -> Desired:
    """Return the same from a history in which renamed tasks may still have their former names."""
    looked_at = desired.tasks if names is None else names
    renamed = renamings(desired, history, 0.0, looked_at)
    return numbered(desired, taken_over(history, renamed), names)


def numbered_after(desired: Desired, former: Mapping[str, DesiredTask]) -> Desired:
    """Return a revision numbered as if the former tasks were all that had ever been."""
    tasks = {
        name: TaskHistory(
            name, combinations=dict(zip(texts_of(t.combinations), t.instances, strict=True))
        )
        for name, t in former.items()
        if t.combinations
    }
    return numbered(desired, History(tasks))


def worded(values: Pairs) -> str:
    """Return a combination for people: alpha=1 beta=a."""
    return " ".join(f"{name}={value}" for name, value in values)


def newly_numbered(given: Pass, only: Collection[str] | None) -> Iterator[CombinationNumbered]:
    """Yield which combinations of numbered tasks have ids that are not on record yet.

    After a lost ledger ids wait, for what runs may still tell which ones there were.
    """
    for name in sorted(given.desired.tasks if only is None else only):
        task = given.desired.tasks.get(name)
        if task is None or not task.combinations or given.history.lost:
            continue
        known = _ids(given.history, task.name)
        for text, instance in zip(texts_of(task.combinations), task.instances, strict=True):
            if text not in known:
                yield CombinationNumbered(task.name, instance, text, given.now)


@lru_cache(maxsize=64)
def texts_of(combinations: tuple[Pairs, ...]) -> tuple[str, ...]:
    """Return the canonical text of each combination."""
    return tuple(text_of(values) for values in combinations)


def text_of(values: Pairs) -> str:
    """Return a combination as canonical text, empty for no values."""
    if not values:
        return ""
    said = dict(sorted(values))
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)


def values_in(text: str) -> Pairs:
    """Return the combination behind a canonical text; nothing for what is none."""
    try:
        said = json.loads(text or "{}")
    except ValueError:
        return ()
    items = said.items() if isinstance(said, dict) else ()
    return tuple((name, str(value)) for name, value in items)


def names_in(text: str) -> str:
    """Return the names in a canonical text, as a run knows them."""
    return ",".join(sorted(name for name, _ in values_in(text)))


def _ids(history: History, name: str) -> dict[str, int]:
    known = history.tasks.get(name)
    return known.combinations if known else {}


def _numbered(task: DesiredTask, known: dict[str, int]) -> DesiredTask:
    following = max(known.values(), default=-1) + 1
    pairs = []
    for text, values in zip(texts_of(task.combinations), task.combinations, strict=True):
        instance = known.get(text)
        if instance is None:
            instance, following = following, following + 1
        pairs.append((instance, values))
    pairs.sort()
    instances = tuple(instance for instance, _ in pairs)
    if instances == task.instances and all(
        ours is theirs for (_, ours), theirs in zip(pairs, task.combinations, strict=True)
    ):
        return task
    return replace(task, instances=instances, combinations=tuple(values for _, values in pairs))
