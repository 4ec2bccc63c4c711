"""Text → documents for the plain style that most manifests are written in, several times faster.

Decides nothing: it may only accept, and what it accepts it reads exactly as `parsing` does, with
the same places. Whatever it does not know (anchors, tags, escapes, values over several lines,
anything unusual or wrong) it declines as a whole, without a word: `parsing`, which knows all of
YAML, has the last one. Must not know any kind of manifest.
"""

import re
from typing import Final

from reconciler.manifests.tree import Document, Mapping, Node, Scalar, Sequence, resolve
from reconciler.model.position import Position

MOST_LINES: Final = 20_000
_MOST_TOKENS: Final = 10_000  # of lists and mappings in brackets, all together
_DEEPEST: Final = 25
_NAME: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,99}):(?: +|$)")
_FIRST: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/.$(=+~^<\\"
)
_QUOTED: Final = re.compile(r"""(?:'([^']*)'|"([^"\\]*)")(?: +(?:#.*)?)?""")
_BLOCK: Final = re.compile(r"([|>])(-?)(?: +(?:#.*)?)?")
_REST: Final = re.compile(r"(?: +(?:#.*)?)?")
# In brackets: a name with its value on the same line, a value, and what stands between values.
_INNER_NAME: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]{0,99}): +(?=[^ ,\]}#])")
_INNER: Final = re.compile(
    r"""(?:'([^']*)'|"([^"\\]*)"|"""
    r"""([A-Za-z0-9_/.$](?:[A-Za-z0-9_/.$@%+=()~*;-]| (?=[A-Za-z0-9_/.$]))*))(?= *[,\]}])"""
)
_BETWEEN: Final = re.compile(r" *([,\]}]) *")
_PLAIN: Final = 3  # the group of _INNER that may mean something other than text


class _DeclinedError(Exception):
    """The text is not in the style that is read here."""


def read(path: str, text: str) -> list[Document] | None:
    """Return the documents of a text, empty ones left out; None where it is for `parsing`."""
    if "\t" in text or "\r" in text or "\ufeff" in text or text.count("\n") > MOST_LINES:
        return None
    try:
        return [Document(root) for root in _Reader(path, text.split("\n")).documents()]
    except _DeclinedError:
        return None


class _Reader:
    """Reads line by line. What is open, outermost first, stands in `_nodes` and `_columns`.

    `_waiting`: the innermost open collection has a name, or a dash, whose value has not come;
    `_empty_at` is the place of nothing, should that be the value.
    """

    def __init__(self, path: str, lines: list[str]) -> None:
        self._path = path
        self._lines = lines
        self._number = 0  # of the line being read, from 1
        self._found: list[Mapping] = []
        self._nodes: list[Mapping | Sequence] = []
        self._columns: list[int] = []
        self._waiting = False
        self._name = ""
        self._empty_at = (0, 0)
        self._tokens = 0

    def documents(self) -> list[Mapping]:
        lines = self._lines
        while self._number < len(lines):
            line = lines[self._number]
            self._number += 1
            content = line.lstrip(" ")
            if not content or content[0] == "#":
                continue
            if content.rstrip(" ") == "---" == line[:3]:
                self._finish()
            else:
                self._line(line, len(line) - len(content))
        self._finish()
        return self._found

    def _finish(self) -> None:
        if self._waiting:
            self._leave_empty()
        self._nodes, self._columns = [], []

    def _line(self, line: str, column: int) -> None:
        expected = False
        while line.startswith("-", column) and line[column + 1 : column + 2] in {"", " "}:
            self._begin(column, Sequence)
            self._await("", column + 1)
            expected, column = True, _past_spaces(line, column + 1)
            if column == len(line) or line[column] == "#":
                return
        if found := _NAME.match(line, column):
            self._named(found[1], column)
            column = found.end()
            if column == len(line) or line[column] == "#":
                return
        elif not expected:
            raise _DeclinedError
        self._add(self._value(line, column))

    def _named(self, name: str, column: int) -> None:
        node = self._begin(column, Mapping)
        if not isinstance(node, Mapping) or name in node.items:
            raise _DeclinedError
        node.keys[name] = Position(self._path, self._number, column + 1)
        self._await(name, column + len(name) + 1)

    def _await(self, name: str, end: int) -> None:
        self._waiting, self._name, self._empty_at = True, name, (self._number, end + 1)

    def _begin(self, column: int, kind: type[Mapping] | type[Sequence]) -> Mapping | Sequence:
        """Return what a name or dash in this column belongs to, begun here if need be."""
        nodes, columns = self._nodes, self._columns
        if not nodes:
            return self._begin_document(column, kind)
        if self._waiting:
            # A list may stand in the same column as the name that it belongs to.
            beside = kind is Sequence and isinstance(nodes[-1], Mapping)
            if column > columns[-1] or (beside and column == columns[-1]):
                at = Position(self._path, self._number, column + 1)
                return self._open(kind(at, self._pointer()), column)
            self._leave_empty()
        while columns[-1] > column or (kind is Mapping and isinstance(nodes[-1], Sequence)):
            nodes.pop()
            columns.pop()
        if columns[-1] != column or not isinstance(nodes[-1], kind):
            raise _DeclinedError
        return nodes[-1]

    def _begin_document(self, column: int, kind: type[Mapping] | type[Sequence]) -> Mapping:
        if kind is Sequence or column:
            raise _DeclinedError
        root = Mapping(Position(self._path, self._number, 1), "")
        self._found.append(root)
        self._nodes, self._columns = [root], [0]
        return root

    def _open(self, node: Mapping | Sequence, column: int) -> Mapping | Sequence:
        if len(self._nodes) > _DEEPEST:
            raise _DeclinedError
        self._add(node)
        self._nodes.append(node)
        self._columns.append(column)
        return node

    def _pointer(self) -> str:
        owner = self._nodes[-1]
        if isinstance(owner, Mapping):
            return f"{owner.pointer}/{self._name}"
        return f"{owner.pointer}/{len(owner.items)}"

    def _add(self, node: Node) -> None:
        owner = self._nodes[-1]
        if isinstance(owner, Mapping):
            owner.items[self._name] = node
        else:
            owner.items.append(node)
        self._waiting = False

    def _leave_empty(self) -> None:
        self._add(Scalar(None, "", Position(self._path, *self._empty_at), self._pointer()))

    def _value(self, line: str, column: int) -> Node:
        first, pointer = line[column], self._pointer()
        if first in "[{":
            node, end = self._bracketed(line, column, pointer, 0)
            if _REST.fullmatch(line, end) is None:
                raise _DeclinedError
            return node
        at = Position(self._path, self._number, column + 1)
        if first in _FIRST or (first == "-" and line[column + 1 : column + 2] in _FIRST):
            text = _plain(line, column)
            return Scalar(resolve(text), text, at, pointer)
        if found := _QUOTED.fullmatch(line, column):
            text = found[found.lastindex or 1]
        elif found := _BLOCK.fullmatch(line, column):
            text = self._block(folded=found[1] == ">", stripped=bool(found[2]))
        else:
            raise _DeclinedError
        return Scalar(text, text, at, pointer)

    def _block(self, *, folded: bool, stripped: bool) -> str:
        """Return the text of the lines below that are indented further."""
        lines, number, outer = self._lines, self._number, self._columns[-1]
        indent = _past_spaces(lines[number], 0) if number < len(lines) else 0
        taken: list[str] = []
        inner = 0
        while number < len(lines):
            line = lines[number]
            inner = _past_spaces(line, 0)
            if inner < indent and line:
                break
            taken.append(line[indent:])
            number += 1
            # Blank lines of spaces, and an end without a line break, have rules of their own.
            if (inner == len(line) and line) or (number == len(lines) and line):
                raise _DeclinedError
        if indent <= outer or (number < len(lines) and inner > outer):
            raise _DeclinedError
        self._number = number
        text = "\n".join(taken).rstrip("\n")
        if folded:
            if "\n\n" in text or "\n " in text:
                raise _DeclinedError
            text = text.replace("\n", " ")
        return text if stripped else text + "\n"

    def _bracketed(self, line: str, column: int, pointer: str, depth: int) -> tuple[Node, int]:
        """Return a list or mapping in brackets, all on one line, and where it ends."""
        self._tokens += 1
        if depth > _DEEPEST or self._tokens > _MOST_TOKENS:
            raise _DeclinedError
        at = Position(self._path, self._number, column + 1)
        inside = _past_spaces(line, column + 1)
        if line[column] == "[":
            return self._listed(Sequence(at, pointer), line, inside, depth)
        return self._mapped(Mapping(at, pointer), line, inside, depth)

    def _listed(self, node: Sequence, line: str, column: int, depth: int) -> tuple[Node, int]:
        if line.startswith("]", column):
            return node, column + 1
        while True:
            pointer = f"{node.pointer}/{len(node.items)}"
            item, column = self._inner(line, column, pointer, depth)
            node.items.append(item)
            mark, column, end = _between(line, column)
            if mark == "]":
                return node, end
            if mark != ",":
                raise _DeclinedError

    def _mapped(self, node: Mapping, line: str, column: int, depth: int) -> tuple[Node, int]:
        if line.startswith("}", column):
            return node, column + 1
        while True:
            found = _INNER_NAME.match(line, column)
            if found is None or found[1] in node.items:
                raise _DeclinedError
            name = found[1]
            node.keys[name] = Position(self._path, self._number, column + 1)
            pointer = f"{node.pointer}/{name}"
            node.items[name], column = self._inner(line, found.end(), pointer, depth)
            mark, column, end = _between(line, column)
            if mark == "}":
                return node, end
            if mark != ",":
                raise _DeclinedError

    def _inner(self, line: str, column: int, pointer: str, depth: int) -> tuple[Node, int]:
        if line.startswith(("[", "{"), column):
            return self._bracketed(line, column, pointer, depth + 1)
        found = _INNER.match(line, column)
        self._tokens += 1
        if found is None or self._tokens > _MOST_TOKENS:
            raise _DeclinedError
        group = found.lastindex or 1
        text = found[group]
        at = Position(self._path, self._number, column + 1)
        plain = resolve(text) if group == _PLAIN else text
        return Scalar(plain, text, at, pointer), found.end()


def _between(line: str, column: int) -> tuple[str, int, int]:
    """Return the mark that follows a value in brackets, where it goes on, and where it ends."""
    found = _BETWEEN.match(line, column)
    if found is None:
        raise _DeclinedError
    return found[1], found.end(), found.end(1)


def _past_spaces(line: str, column: int) -> int:
    while line.startswith(" ", column):
        column += 1
    return column


def _plain(line: str, column: int) -> str:
    """Return unquoted text up to the line's end or comment."""
    end = line.find(" #", column)
    text = (line[column:] if end < 0 else line[column:end]).rstrip(" ")
    if ": " in text or text[-1] == ":":
        raise _DeclinedError
    return text
