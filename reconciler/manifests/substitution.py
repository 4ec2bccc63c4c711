"""`${NAME}` → the constant's value, keeping in mind who supplied it.

Decides what stands for what: `${NAME}` a constant, `$${NAME}` the text `${NAME}`, anything else
itself. Built-ins and what a matrix holds differ from instance to instance: they stay as they are
where each instance has its own text, and are refused elsewhere. Must not know which constants
there are or what fields mean.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from msgspec import Struct, field

from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Mapping, Node, Piece, Plain, Scalar, Sequence, resolve

BUILTINS: Final = frozenset(
    {"INSTANCE_ID", "INSTANCE_COUNT", "TASK_NAME", "JOB_NAME", "RUN", "ATTEMPT", "REVISION"}
)
MAX_LENGTH: Final = 128 * 1024  # what Linux takes as one argument or variable
MAX_TOTAL: Final = 1024 * 1024  # of all that one task substitutes
Path = tuple[str | int, ...]
S = TypeVar("S", str, int)
_TEMPLATE: Final = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PER_INSTANCE: Final[frozenset[Path]] = frozenset({
    ("container", "command"), ("container", "entrypoint"), ("container", "env"),
    ("container", "health", "command"), ("env",), ("cluster", "masterCommand"),
    ("cluster", "workerCommand"), ("outputs", "prefix"), ("inputs", 0, "prefix"),
    ("inputs", 0, "stripPrefix"),
})  # fmt: skip
# Empty constants that take their whole item with them.
_SWITCHES: Final[frozenset[Path]] = frozenset({
    ("container", "mounts", 0, "source"), ("container", "mounts", 0, "target"),
})  # fmt: skip
# Where alone a confidential value may be: it is put in when a container is made, and seen nowhere.
_CONFIDED: Final[tuple[tuple[Path, int], ...]] = (
    (("container", "env"), 3), (("container", "image", "registryAuth"), 4),
)  # fmt: skip
_OF_A_VALUE: Final = 3
_DEEPEST: Final = max(map(len, _PER_INSTANCE))
_JSON_TYPES: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (bool, ("boolean",)), (int, ("integer", "number")), (float, ("number",)),
)  # fmt: skip


class Value(Struct, frozen=True):
    """What a constant stands for. `given`: by the task, rather than by its profile."""

    scalar: Scalar
    given: bool = False


Lookup = Callable[[str, Scalar], Value | None]
"""Returns a constant's value; None where there is none, which has been reported."""


def what_it_is(name: str) -> str:
    """Return what a built-in, or a constant of the caller's, is in a sentence."""
    if name in BUILTINS:
        return "a built-in that every instance has of its own"
    return "a built-in that stands for whoever runs the reconciler"


def names_in(text: str) -> list[str]:
    """Return the constants and built-ins that a text refers to."""
    return [found[2] for found in _TEMPLATE.finditer(text) if not found[1]]


def expand(
    template: Scalar,
    lookup: Lookup,
    *,
    builtins: bool,
    report: Report,
    varying: frozenset[str] = BUILTINS,
) -> Value | None:
    """Return a text with its constants in place, None where one has no value.

    `varying` are the names that only instances know; they stay where `builtins` is true.
    """
    if "${" not in template.text:
        return Value(template)
    assembly = _Assembly(template)
    complete = True
    for found in _TEMPLATE.finditer(template.text):
        assembly.keep_until(found.start())
        if found[1] or (builtins and found[2] in varying):
            assembly.add(found[0][len(found[1]) :], found.end())
        elif found[2] in varying:
            _misplaced(found[2], template, report)
            complete = False
        elif value := lookup(found[2], template):
            if value.scalar.origin is not None and not is_whole(template.text):
                exposed(found[2], template, report)
                return None
            assembly.substitute(value, found.end())
            if assembly.length > MAX_LENGTH:
                message = f"with its constants the text has more than {MAX_LENGTH} characters"
                report.about(template, "constant-limit", message)
                return None
        else:
            complete = False
    return assembly.finish() if complete else None


def is_whole(text: str) -> bool:
    """Return whether a text is a single constant and nothing else."""
    found = _TEMPLATE.fullmatch(text)
    return bool(found and not found[1] and found[2] not in BUILTINS)


class _Assembly(Struct):
    """A text under construction."""

    template: Scalar
    parts: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    used: list[Value] = field(default_factory=list)
    taken: int = 0
    length: int = 0

    def keep_until(self, offset: int) -> None:
        self.add(self.template.text[self.taken : offset], offset)

    def add(self, text: str, taken: int) -> None:
        self.parts.append(text)
        self.length += len(text)
        self.taken = taken

    def substitute(self, value: Value, taken: int) -> None:
        start, scalar = self.length, value.scalar
        self.add(scalar.text, taken)
        self.pieces.append(Piece(start, self.length, scalar.at, scalar.pointer))
        self.used.append(value)

    def finish(self) -> Value:
        """Return the text, placed at the task's constant, if any, that is its last."""
        self.keep_until(len(self.template.text))
        text = "".join(self.parts)
        given = [value for value in self.used if value.given]
        source = self.template
        origin = self.used[0].scalar.origin if is_whole(self.template.text) and self.used else None
        if given:
            source = given[-1].scalar
        elif self.used and is_whole(self.template.text):
            source = self.used[0].scalar
        scalar = Scalar(text, text, source.at, source.pointer, tuple(self.pieces), origin)
        return Value(scalar, given=bool(given))


class Substitution(Struct):
    """Substitutes throughout a task's tree, and remembers what could not be.

    `types_at` tells the JSON types that a place takes: a value that is a constant and nothing
    else takes the place's type.
    """

    lookup: Lookup
    types_at: Callable[[Path], frozenset[str]]
    report: Report
    varying: frozenset[str] = BUILTINS
    failed: list[Path] = field(default_factory=list)
    total: int = 0

    def apply(self, node: Node, path: Path = ()) -> Node:
        """Return a tree with constants in place; what is to be left out is in `failed`.

        What holds no constants is part of both trees, so neither may be changed.
        """
        if isinstance(node, Scalar):
            return self._scalar(node, path) if _is_template(node) else node
        if isinstance(node, Sequence):
            other = self._changed(enumerate(node.items), path)
            listed = [other.get(place, item) for place, item in enumerate(node.items)]
            return Sequence(node.at, node.pointer, listed) if other else node
        changed = self._changed(node.items.items(), path)
        if not changed:
            return node
        return Mapping(node.at, node.pointer, {**node.items, **changed}, node.keys, node.owners)

    def _changed(self, items: Iterable[tuple[S, Node]], path: Path) -> dict[S, Node]:
        """Return those of some items that hold constants, with these in place."""
        changed: dict[S, Node] = {}
        for step, item in items:
            if isinstance(item, Scalar) and not _is_template(item):
                continue  # by far the most frequent
            made = self.apply(item, (*path, step))
            if made is not item:
                changed[step] = made
        return changed

    def _scalar(self, node: Scalar, path: Path) -> Scalar:
        value = expand(node, self.lookup, builtins=_per_instance(path), report=self.report,
                       varying=self.varying)  # fmt: skip
        if value is None or self._exhausted(len(value.scalar.text), node):
            self.failed.append(path)
            return node
        if value.scalar.origin is not None and not _may_confide(path):
            exposed(names_in(node.text)[0], node, self.report)
            self.failed.append(path)
        if is_whole(node.text):
            if not value.scalar.text and _shape_of(path) in _SWITCHES:
                self.failed.append(path)
            value.scalar.plain = self._typed(value.scalar.text, path)
        return value.scalar

    def _exhausted(self, length: int, node: Scalar) -> bool:
        before, self.total = self.total, self.total + length
        if before <= MAX_TOTAL < self.total:
            too_much(node, self.report)
        return self.total > MAX_TOTAL

    def _typed(self, text: str, path: Path) -> Plain:
        types = self.types_at(path)
        if not text and "string" not in types:
            self.failed.append(path)  # an empty constant: as if the field were not given
            return text
        read = resolve(text)
        for kind, names in _JSON_TYPES:
            if isinstance(read, kind):
                return read if types.intersection(names) or "string" not in types else text
        return text


def _is_template(node: Scalar) -> bool:
    return "${" in node.text and isinstance(node.plain, str)


def _per_instance(path: Path) -> bool:
    """Return whether each instance has its own text there."""
    steps = _shape_of(path)
    if steps[:2] == ("container", "env") and len(steps) > _OF_A_VALUE:
        return False  # where a confidential value is
    return any(steps[:depth] in _PER_INSTANCE for depth in range(1, _DEEPEST + 1))


def _may_confide(path: Path) -> bool:
    return any(len(path) == depth and path[: len(top)] == top for top, depth in _CONFIDED)


def _shape_of(path: Path) -> Path:
    """Return a path in which any item of a list is as item 0."""
    return tuple(0 if isinstance(step, int) else step for step in path)


def without(tree: Mapping, paths: list[Path]) -> None:
    """Remove what stands at paths; from a list the whole item, for half of one misleads."""
    doomed: dict[int, list[int]] = {}
    for path in paths:
        here: Node = tree
        for step, following in zip(path, (*path[1:], None), strict=True):
            if isinstance(here, Sequence) and isinstance(step, int):
                doomed.setdefault(id(here), []).append(step)
                here.items[step] = Scalar(None, "", here.at, here.pointer)
                break
            if not isinstance(here, Mapping) or str(step) not in here.items:
                break
            if following is None:
                del here.items[str(step)]
            else:
                here = here.items[str(step)]
    if doomed:
        _sweep(tree, doomed)


def _sweep(node: Node, doomed: dict[int, list[int]]) -> None:
    if isinstance(node, Sequence):
        gone = set(doomed.get(id(node), ()))
        node.items[:] = [item for place, item in enumerate(node.items) if place not in gone]
        for item in node.items:
            _sweep(item, doomed)
    elif isinstance(node, Mapping):
        for item in node.items.values():
            _sweep(item, doomed)


def too_much(node: Scalar, report: Report) -> None:
    """Report that constants swell a task beyond measure."""
    message = f"constants make more than {MAX_TOTAL} characters of this task"
    report.about(node, "constant-limit", message)


def exposed(name: str, template: Scalar, report: Report) -> None:
    """Report the use of a secret constant where it would be seen."""
    message = f"the constant {name} is secret, and here its value would be seen"
    hint = "Give it to a variable of env as a whole, or use it in image.registryAuth."
    report.about(template, "exposed-secret", message, hint)


def _misplaced(name: str, template: Scalar, report: Report) -> None:
    message = f"${{{name}}} is known only inside a running instance"
    hint = "Use it in command, entrypoint, env, a prefix or the health check's command."
    report.about(template, "misplaced-builtin", message, hint)
