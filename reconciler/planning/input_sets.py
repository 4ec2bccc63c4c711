"""Which data an attempt asks for: its inputs, rendered, in one set for each target.

Inputs with one target are merged in the order in which they are written. Must not know what is
present where.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from reconciler.model.data import Input, Origin
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.identity import AttemptKey
from reconciler.model.run import Run
from reconciler.planning.prefixes import rendered, values_of

_LENGTH: Final = 20


class InputSet(Struct, frozen=True):
    """What an instance finds at one target. `description` is the same for the same origins."""

    target: str
    read_only: bool
    description: str
    origins: tuple[Origin, ...]


def sets_of(desired: Desired, task: DesiredTask, attempt: AttemptKey) -> tuple[InputSet, ...]:
    """Return the sets of inputs of an attempt, in the order of their targets in the manifest."""
    if not task.spec.inputs:
        return ()
    values = values_of(desired, task, attempt)
    grouped: dict[str, list[Input]] = {}
    for one in task.spec.inputs:
        grouped.setdefault(one.target, []).append(one)
    found = []
    for target, inputs in grouped.items():
        origins = tuple(
            Origin(
                bucket=desired.buckets[one.bucket],
                prefix=rendered(one.prefix, values),
                strip_prefix=rendered(one.strip_prefix, values),
            )
            for one in inputs
        )
        found.append(InputSet(target, inputs[0].read_only, _described(origins), origins))
    return tuple(found)


def are_present(sets: Iterable[InputSet], run: Run, node: str) -> bool:
    """Whether sets of inputs are on a node, as far as is on record of a run."""
    there = run.inputs.get(node, {})
    return all(one.description in there for one in sets)


def _described(origins: Iterable[Origin]) -> str:
    """Return what tells origins from others: not by which credentials they are asked."""
    said = [(one.bucket.url, one.bucket.endpoint, one.prefix, one.strip_prefix) for one in origins]
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
