"""What a document says, value by value, each with its place: the form all later steps share.

Decides how plain (unquoted) text is read: by YAML 1.2's core schema, but for three cases that
no reader agrees on and that therefore stay text: numbers with leading zeros (`0777`), `.inf`
and `.nan`, and numbers with more digits than any field takes. Must not know any kind of
manifest, nor how the text was parsed.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from reconciler.model.position import Position

TYPE_NAMES: Final = {
    "null": "nothing",
    "boolean": "a boolean",
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
}
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_RADIX: Final = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?"
)
_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_LONGEST_NUMBER: Final = 40


class Piece(Struct, eq=False):
    """A stretch of substituted text: from where to where, and the place that supplied it."""

    start: int
    end: int
    at: Position
    pointer: str


class Scalar(Struct, eq=False):
    """A single value: as read (`plain`) and as written (`text`).

    `pieces` tell the suppliers of parts of the text, where constants were substituted. `origin` is
    where a confidential value is, whose text is empty here.
    """

    plain: Plain
    text: str
    at: Position
    pointer: str
    pieces: tuple[Piece, ...] = ()
    origin: "Mapping | None" = None

    def place(self, offset: int | None = None) -> tuple[Position, str]:
        """Return position and pointer of who supplied the text, or its part at an offset."""
        for piece in self.pieces:
            if offset is not None and piece.start <= offset < piece.end:
                return piece.at, piece.pointer
        return self.at, self.pointer


class Sequence(Struct, eq=False):
    """A list of values."""

    at: Position
    pointer: str
    items: list["Node"] = field(default_factory=list)

    @property
    def plain(self) -> Plain:
        """The values alone."""
        return [item.plain for item in self.items]


class Mapping(Struct, eq=False):
    """Named values, with the places of the names.

    `owners` are the pointers of the mappings that names come from, where mappings were merged.
    """

    at: Position
    pointer: str
    items: dict[str, "Node"] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    @property
    def plain(self) -> Plain:
        """The names and values alone."""
        return {key: item.plain for key, item in self.items.items()}

    def get(self, *path: str) -> "Node | None":
        """Return the value at a path of names, None where there is none."""
        if len(path) == 1:  # by far the most frequent
            return self.items.get(path[0])
        here: Node | None = self
        for key in path:
            here = here.items.get(key) if isinstance(here, Mapping) else None
        return here

    def mapping(self, *path: str) -> "Mapping":
        """Return the mapping at a path, an empty one where there is none."""
        found = self.items.get(path[0]) if len(path) == 1 else self.get(*path)
        return found if isinstance(found, Mapping) else Mapping(self.at, self.pointer)

    def text(self, *path: str) -> str:
        """Return the text at a path as written, empty where there is none."""
        found = self.items.get(path[0]) if len(path) == 1 else self.get(*path)
        return found.text if isinstance(found, Scalar) else ""

    def place(self, key: str) -> tuple[Position, str]:
        """Return position and pointer of a name."""
        return self.keys.get(key, self.at), child(self.owners.get(key, self.pointer), key)

    def like(self, items: dict[str, "Node"]) -> "Mapping":
        """Return a mapping of other values with the same places."""
        return Mapping(self.at, self.pointer, items, dict(self.keys), dict(self.owners))


Node = Scalar | Sequence | Mapping


class Document(Struct):
    """One document. `sound` is False where something was refused: then its gaps mean nothing."""

    root: Node
    sound: bool = True


def child(pointer: str, key: str | int) -> str:
    """Return the RFC 6901 pointer one step further down."""
    step = str(key)
    if "~" in step or "/" in step:
        step = step.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{step}"


def resolve(text: str) -> Plain:
    """Return what unquoted text means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and not text.lstrip("+-").isdigit():
        number = float(text)
        return number if abs(number) < float("inf") else text
    return text


def copied(node: Node) -> Node:
    """Return a copy whose lists and mappings may be changed."""
    if isinstance(node, Mapping):
        return node.like({key: copied(item) for key, item in node.items.items()})
    if isinstance(node, Sequence):
        return Sequence(node.at, node.pointer, [copied(item) for item in node.items])
    return node


def place_of(node: Node) -> tuple[Position, str]:
    """Return position and pointer of a value: for substituted text its supplier's."""
    return node.place() if isinstance(node, Scalar) else (node.at, node.pointer)


def descend(node: Node, path: tuple[str | int, ...]) -> Node:
    """Return the value at a path, or the last one on the way that exists."""
    for step in path:
        if isinstance(node, Mapping) and step in node.items:
            node = node.items[str(step)]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return node
    return node


def leaves(node: Mapping, path: str = "") -> Iterator[tuple[str, Position]]:
    """Yield dotted path and place of everything inside mappings, the mappings themselves too."""
    for key, item in node.items.items():
        here = f"{path}.{key}" if path else key
        yield here, (item.at if isinstance(item, Scalar) else node.keys.get(key, item.at))
        if isinstance(item, Mapping):
            yield from leaves(item, here)
