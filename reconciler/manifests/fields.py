"""Single fields of a task's tree → the values of the model, with a sentence where they cannot be.

Must not know which fields there are.
"""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from reconciler.manifests.reporting import Report, shorten
from reconciler.manifests.tree import Mapping, Node, Scalar, Sequence
from reconciler.manifests.vocabulary import HintedError, UnknownNameError
from reconciler.manifests.words import split_words

T = TypeVar("T")


class Fields(Struct, frozen=True):
    """A mapping whose fields are read one by one, and where findings go."""

    node: Mapping
    report: Report

    def below(self, *path: str) -> "Fields":
        """Return the fields of a mapping inside."""
        return Fields(self.node.mapping(*path), self.report)

    def parsed(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Return a field's text as `parse` reads it; reports what it refuses."""
        node = self.node.items.get(name)
        if not isinstance(node, Scalar):
            return default
        try:
            return parse(node.text)
        except UnknownNameError as fault:
            self.report.about(node, "unknown-value", f"{name}: {fault}", fault.hint)
        except HintedError as fault:
            self.report.about(node, "bad-format", f"{name}: {fault}", fault.hint)
        except ValueError as fault:
            self.report.about(node, "bad-format", f"{name}: {fault}")
        return default

    def text(self, name: str, default: str = "") -> str:
        """Return a field's text as written."""
        node = self.node.items.get(name)
        return node.text if isinstance(node, Scalar) else default

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean."""
        node = self.node.items.get(name)
        if not isinstance(node, Scalar):
            return default
        if isinstance(node.plain, bool):
            return node.plain
        self.report.about(node, "wrong-type", f"{name}: {shorten(node.text)} is no boolean")
        return default

    def number(self, name: str, default: float) -> float:
        """Return a number."""
        node = self.node.items.get(name)
        if not isinstance(node, Scalar):
            return default
        if isinstance(node.plain, int | float):
            return float(node.plain)
        self.report.about(node, "wrong-type", f"{name}: {shorten(node.text)} is no number")
        return default

    def whole(self, name: str, default: int) -> int:
        """Return a whole number."""
        return int(self.number(name, default))

    def choice(self, name: str, default: str) -> str:
        """Return one of the values that the schema allows."""
        node = self.node.items.get(name)
        if isinstance(node, Scalar) and "${" in node.text:
            message = f"{name}: {shorten(node.text)} is none of its values"
            self.report.about(node, "unknown-value", message)
            return default
        return self.text(name, default)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(item.text for item in self.scalars(name))

    def scalars(self, name: str) -> list[Scalar]:
        """Return a list of single values."""
        node = self.node.items.get(name)
        found: list[Node] = node.items if isinstance(node, Sequence) else []
        return [item for item in found if isinstance(item, Scalar)]

    def words(self, name: str) -> tuple[str, ...] | None:
        """Return a list as it is and a string split as a shell splits words; None if empty."""
        node = self.node.items.get(name)
        if not isinstance(node, Scalar):
            return self.texts(name) or None
        try:
            return tuple(split_words(node.text)) or None
        except ValueError as fault:
            said = str(fault).lower().rstrip(".")
            message = f"{name}: cannot be split into words: {said} in {shorten(node.text)}"
            hint = "Close the quote, or give a list of words."
            self.report.about(node, "bad-command", message, hint)
            return None

    def each(self, name: str, parse: Callable[[str], object]) -> None:
        """Read every text of a list with `parse`, for its refusals alone."""
        for node in self.scalars(name):
            single = Fields(Mapping(node.at, node.pointer, {name: node}), self.report)
            single.parsed(name, parse, None)

    def exclude(self, name: str, message: str, hint: str) -> None:
        """Report a field that may not stand where it does, at its name."""
        at, pointer = self.node.place(name)
        self.report.error("excluded-field", at, pointer, message, hint)
