"""Which instances a task has: a count, ranges of ids, or the combinations of a matrix.

Decides what a matrix may hold, and which names it gives to instances. Must not know what its
values mean: that is for the program that sees them.
"""

import math
from collections.abc import Iterable
from itertools import product

from reconciler.manifests.fields import Fields
from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.substitution import BUILTINS, what_it_is
from reconciler.manifests.tree import Mapping, Scalar, Sequence
from reconciler.model.caller import CALLER_CONSTANTS
from reconciler.model.quantities import MAX_INSTANCES, parse_ranges
from reconciler.model.spec import Pairs


def read_instances(fields: Fields) -> tuple[int, ...]:
    """Return the ids asked for, ascending; of a matrix those that its combinations begin with."""
    node = fields.node.get("instances")
    if isinstance(node, Mapping):
        return tuple(range(_count(node, fields.report)))
    if isinstance(node, Scalar) and isinstance(node.plain, int | float):
        return tuple(range(int(node.plain)))
    return fields.parsed("instances", parse_ranges, (0,))


def read_combinations(fields: Fields, count: int) -> tuple[Pairs, ...]:
    """Return a matrix's combinations, each sorted by name; the last name written varies fastest.

    `count` is how many instances there are; where that is another number, the matrix is refused.
    """
    matrix = fields.node.mapping("instances", "matrix")
    values = [_texts(listed) for listed in matrix.items.values()]
    if not values or math.prod(len(texts) for texts in values) != count:
        return ()
    names = list(matrix.items)
    return tuple(tuple(sorted(zip(names, chosen, strict=True))) for chosen in product(*values))


def matrix_names(spec: Mapping) -> frozenset[str]:
    """Return the names of a matrix, which instances see as variables."""
    return frozenset(spec.mapping("instances", "matrix").items)


def check_names(spec: Mapping, taken: Iterable[str], report: Report) -> None:
    """Report names of a matrix that instances have already from elsewhere."""
    matrix, others = spec.mapping("instances", "matrix"), set(taken)
    for name in matrix.items:
        at, pointer = matrix.place(name)
        if name in BUILTINS or name in CALLER_CONSTANTS:
            message = f"{name} is {what_it_is(name)}"
            report.error("reserved-name", at, pointer, message, "Choose another name.")
        elif name in others:
            message = f"instances have {name} already, as a constant or in env"
            report.error("duplicate-variable", at, pointer, message, "Choose another name.")


def _texts(values: object) -> list[str]:
    found = values.items if isinstance(values, Sequence) else []
    return [value.text for value in found if isinstance(value, Scalar)]


def _count(instances: Mapping, report: Report) -> int:
    matrix = instances.mapping("matrix")
    sizes = [_distinct(values, report) for values in matrix.items.values()]
    count = math.prod(sizes)
    if count > MAX_INSTANCES:
        at, pointer = instances.place("matrix")
        message = f"the matrix has {count} combinations, more than {MAX_INSTANCES}"
        report.error("out-of-range", at, pointer, message, "Split it into several tasks.")
        return 1
    return count


def _distinct(values: object, report: Report) -> int:
    """Return how many values there are. As variables they are text: 1 and '1' are the same."""
    found: set[str] = set()
    for value in values.items if isinstance(values, Sequence) else ():
        if isinstance(value, Scalar) and value.text in found:
            message = f"the value {shorten(value.text)} is given twice"
            report.about(value, "duplicate-value", message, "Remove one of them.")
        elif isinstance(value, Scalar):
            found.add(value.text)
    return len(found)
