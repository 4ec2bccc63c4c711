"""Text → documents: all of YAML 1.2 (JSON included) without surprises.

Decides which text is refused before anybody asks what it means: what is too deep, ambiguous
(duplicate keys, merge keys, unknown tags) or hostile (aliases that recurse or explode). Scalars
follow `tree.resolve`; a name (a mapping's key) is always text. Must not know any kind of
manifest. The only module that knows PyYAML.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.manifests.decoding import BREAK
from reconciler.manifests.reporting import Report, did_you_mean, shorten
from reconciler.manifests.tree import (
    Document,
    Mapping,
    Node,
    Plain,
    Scalar,
    Sequence,
    child,
    resolve,
)
from reconciler.model.position import Position

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 100_000
MAX_ALIASED: Final = 10_000

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE: Final = "tag:yaml.org,2002:"
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),),
}  # fmt: skip


class _StopError(Exception):
    """The rest of the file cannot be read; why has been reported."""


def parse(path: str, text: str, report: Report) -> list[Document]:
    """Return a text's documents as far as it can be read, empty ones left out."""
    reader = _Reader(path, text, report)
    found: list[Document] = []
    try:
        found.extend(reader.documents())
    except _StopError:
        found.extend(reader.unfinished())
    return found


class _Reader:
    """Turns the parser's events into documents."""

    def __init__(self, path: str, text: str, report: Report) -> None:
        self._path = path
        self._text = text
        self._report = report
        self._events: Iterator[Event] = yaml.parse(text, Loader=_LOADER)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open: set[str] = set()
        self._sound = True
        self._count = 0
        self._aliased = 0
        self._root: Node | None = None

    def documents(self) -> Iterator[Document]:
        """Yield documents until the end.

        Raises:
            _StopError: when the rest cannot be read.
        """
        while (event := self._next()) is not None:
            if isinstance(event, DocumentStartEvent):
                self._anchors, self._open, self._sound, self._aliased = {}, set(), True, 0
                self._root = None
                root = self._node(self._must(), "", 0)
                if not (isinstance(root, Scalar) and root.plain is None):
                    yield Document(root, self._sound)
                self._root = None

    def unfinished(self) -> list[Document]:
        """Return the document in which reading stopped, as far as it goes."""
        return [Document(self._root, sound=False)] if isinstance(self._root, Mapping) else []

    def _next(self) -> Event | None:
        try:
            return next(self._events, None)
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            self._report.error(
                "yaml-syntax", Position(self._path, 1, 1), "", f"cannot be read: {error}"
            )
        raise _StopError

    def _must(self) -> Event:
        event = self._next()
        if event is None:  # the parser ends no document within a node
            raise _StopError
        return event

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        at = self._clamped(mark.line, mark.column) if mark else Position(self._path, 1, 1)
        context = f" {error.context}" if error.context else ""
        if error.context and error.context_mark and error.context_mark.line + 1 < at.line:
            context += f" that begins in line {error.context_mark.line + 1}"
        line = BREAK.split(self._text)[at.line - 1]
        advice = _advice("tab" if "\t" in line[: at.column] else error.problem)
        self._report.error("yaml-syntax", at, "", f"not YAML: {error.problem}{context}", advice)

    def _clamped(self, line: int, column: int) -> Position:
        """Return a place that exists in the file, for the parser may point past its end."""
        lines = BREAK.split(self._text)
        if line >= len(lines) or (line == len(lines) - 1 and not lines[-1] and line):
            line = max(len(lines) - 2, 0) if not lines[-1] else len(lines) - 1
            column = len(lines[line])
        return Position(self._path, line + 1, min(column, len(lines[line])) + 1)

    def _at(self, event: Event) -> Position:
        mark: Any = event.start_mark  # None only for events made by hand
        return Position(self._path, mark.line + 1, mark.column + 1)

    def _node(self, event: Event, pointer: str, depth: int) -> Node:
        self._count += 1
        if isinstance(event, AliasEvent):
            return self._alias(event, pointer)
        self._check_bounds(event, pointer, depth)
        anchor, before = getattr(event, "anchor", None), self._count
        if anchor:
            self._open.add(anchor)
        node = self._fresh(event, pointer, depth)
        if anchor:
            self._open.discard(anchor)
            self._anchors[anchor] = (node, self._count - before + 1)
        return node

    def _check_bounds(self, event: Event, pointer: str, depth: int) -> None:
        at = self._at(event)
        if depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            self._report.error("too-deep", at, pointer, message)
            raise _StopError
        if self._count > MAX_VALUES + self._aliased:
            message = f"the file has more than {MAX_VALUES} values"
            self._report.error("too-many-values", at, pointer, message, "Split it.")
            raise _StopError

    def _fresh(self, event: Event, pointer: str, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            return self._scalar(event, pointer)
        if isinstance(event, SequenceStartEvent):
            self._expect_tag(event, "seq", pointer)
            return self._sequence(Sequence(self._at(event), pointer), depth)
        if isinstance(event, MappingStartEvent):
            self._expect_tag(event, "map", pointer)
            return self._mapping(Mapping(self._at(event), pointer), depth)
        raise _StopError  # the parser begins no node in another way

    def _alias(self, event: AliasEvent, pointer: str) -> Node:
        at, anchor = self._at(event), event.anchor or ""
        if anchor in self._open:
            message = f"the alias *{anchor} stands inside what it refers to"
            self._refuse("alias-recursive", at, pointer, message)
            raise _StopError
        if anchor not in self._anchors:
            hint = did_you_mean(anchor, self._anchors)
            self._refuse("unknown-alias", at, pointer, f"no anchor &{anchor} before", hint)
            return Scalar(None, "", at, pointer)
        node, size = self._anchors[anchor]
        self._count += size
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            message = f"aliases repeat more than {MAX_ALIASED} values"
            self._refuse("alias-limit", at, pointer, message, "Write the values out.")
            raise _StopError
        return node

    def _sequence(self, node: Sequence, depth: int) -> Sequence:
        while not isinstance(event := self._must(), SequenceEndEvent):
            pointer = child(node.pointer, len(node.items))
            node.items.append(self._node(event, pointer, depth + 1))
        return node

    def _mapping(self, node: Mapping, depth: int) -> Mapping:
        if depth == 0:
            self._root = node
        while not isinstance(event := self._must(), MappingEndEvent):
            key, at = self._key(event, node, depth), self._at(event)
            pointer = child(node.pointer, key) if key is not None else node.pointer
            value = self._node(self._must(), pointer, depth + 1)
            if key is None:
                continue
            if key in node.items:
                first = node.keys[key]
                message = f"{shorten(key)} is given twice, first in line {first.line}"
                if first.line == at.line:
                    message += f", column {first.column}"
                self._report.error("duplicate-key", at, pointer, message, "Remove one of them.")
                continue
            node.items[key] = value
            node.keys[key] = at
        return node

    def _key(self, event: Event, owner: Mapping, depth: int) -> str | None:
        """Return a name, or None for what is refused as one."""
        at, pointer = self._at(event), owner.pointer
        if isinstance(event, ScalarEvent):
            scalar = self._scalar(event, child(pointer, event.value))
            if event.value == "<<" and event.implicit[0]:
                message = "YAML 1.2 has no merge keys (<<)"
                hint = "Write the fields out, or put what is shared into a Profile."
                self._refuse("merge-key", at, child(pointer, "<<"), message, hint)
                return None
            if event.anchor:
                self._anchors[event.anchor] = (scalar, 1)
            return scalar.text
        node = self._node(event, pointer, depth + 1)
        if isinstance(event, AliasEvent) and isinstance(node, Scalar):
            return node.text
        self._refuse("key-not-text", at, pointer, "a name must be text, not a list or mapping")
        return None

    def _scalar(self, event: ScalarEvent, pointer: str) -> Scalar:
        at, text = self._at(event), event.value
        if "\0" in text:
            self._refuse("forbidden-character", at, pointer, "the text contains a NUL character")
            text = text.replace("\0", "")
        tag = event.tag
        if tag is None:
            return Scalar(resolve(text) if event.implicit[0] else text, text, at, pointer)
        return Scalar(self._tagged(tag, text, at, pointer), text, at, pointer)

    def _tagged(self, tag: str, text: str, at: Position, pointer: str) -> Plain:
        name = tag.removeprefix(_CORE)
        if tag == "!" or (name == "str" and tag != name):
            return text
        if name not in _TYPES or tag == name:
            self._unknown_tag(tag, at, pointer)
            return text
        value = resolve(text)
        if not isinstance(value, _TYPES[name]) or (name != "bool" and isinstance(value, bool)):
            self._refuse("bad-tag", at, pointer, f"{shorten(text)} is not what !!{name} says")
        return value

    def _expect_tag(
        self, event: SequenceStartEvent | MappingStartEvent, name: str, pointer: str
    ) -> None:
        if event.tag and event.tag not in ("!", _CORE + name):
            self._unknown_tag(event.tag, self._at(event), pointer)

    def _unknown_tag(self, tag: str, at: Position, pointer: str) -> None:
        said = tag.replace(_CORE, "!!")
        hint = "Remove the tag; text is quoted where it could be taken for something else."
        self._refuse("unknown-tag", at, pointer, f"the tag {said} is not known here", hint)

    def _refuse(self, code: str, at: Position, pointer: str, message: str, hint: str = "") -> None:
        self._sound = False
        self._report.error(code, at, pointer, message, hint)


def _advice(problem: str | None) -> str:
    """Return what to do about the parser's most frequent complaints."""
    said = problem or ""
    if "\\t" in said or "tab" in said:
        return "Indent with spaces, not tabs."
    if "mapping values" in said:
        return "Quote text that contains ': ', and indent fields of one mapping alike."
    if "expected <block end>" in said or "did not find expected key" in said:
        return "Indent what belongs together alike."
    if "unexpected end" in said:
        return "Close the quote or bracket."
    return "Quote text that has a special character in it."
