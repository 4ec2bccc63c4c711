"""Writes docs/manifests.md: the text of manifests_page.md with the schemas' fields put in.

Decides how a schema looks as a table. What is said of a field is the schema's own text; what stands
around the tables, in which order, is the template's. Its comments name what takes their place:

    <!-- fields of Task -->    a table of all fields of a kind, a configuration or a shared part
    <!-- value duration -->    what a kind of value looks like

What has such a place of its own is linked wherever it is used, all else is spelled out.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from reconciler import manifests

Schema = dict[str, Any]

TEMPLATE: Final = Path(__file__).with_suffix(".md")
PAGE: Final = Path(__file__).parents[1] / "docs" / "manifests.md"
PLACE: Final = re.compile(r"^<!-- (fields of|value) (\w+) -->$", re.MULTILINE)
WORDS: Final = {
    "string": "text", "integer": "whole number", "number": "number",
    "boolean": "true or false", "object": "mapping", "array": "list",
}  # fmt: skip
LONGEST: Final = 90  # an example beyond this belongs into a manifest
ALIKE: Final = 5  # so many fields of a Task in one place are told as a Task's
TEMPLATED: Final = "#/$defs/template"


class Row(NamedTuple):
    """A line of a table."""

    field: str
    type: str
    default: str
    meaning: str


class Contract:
    """The schemas with all their parts, and which of the parts have a place in the page."""

    def __init__(self, places: dict[str, str]) -> None:
        operator = manifests.schema("operator")
        source = manifests.schema_of_all()
        self.parts: dict[str, Schema] = {**operator["$defs"], **source["$defs"]}
        self.parts["Operator"] = operator
        self.places = places
        self.of_tasks: Schema = self.fields_of("Task")["properties"]

    def fields_of(self, name: str) -> Schema:
        """Return the schema whose fields are listed under a name: of a kind, its spec."""
        part = self.parts[name]
        spec: Schema = part["properties"].get("spec", part) if name[0].isupper() else part
        return spec

    def resolve(self, schema: Schema) -> tuple[Schema, str]:
        """Return a schema with what it refers to, and the first part on the way with a place.

        Examples of such a part stand there, and are left out here.
        """
        place = ""
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            place = place or (name if name in self.places else "")
            part = {k: v for k, v in self.parts[name].items() if not place or k != "examples"}
            schema = part | {k: v for k, v in schema.items() if k != "$ref"}
            if "$ref" in self.parts[name]:
                schema["$ref"] = self.parts[name]["$ref"]
        return schema, place

    def rows(self, schema: Schema, path: str = "") -> Iterator[Row]:
        """Yield a line for each field, those inside of it after it."""
        fields = schema.get("properties", {})
        shared = [key for key, field in fields.items() if field == self.of_tasks.get(key)]
        if fields is not self.of_tasks and len(shared) >= ALIKE:
            fields = {key: field for key, field in fields.items() if key not in shared}
            listed = ", ".join(f"`{key}`" for key in shared)
            yield Row(f"`{path}…`", "", "", f"As in a [Task](#task): {listed}.")
        for _, group in groupby(fields.items(), key=lambda item: item[1]):
            alike = [key for key, _ in group]
            yield from self._field(path, alike, fields[alike[0]], schema.get("required", ()))

    def _field(
        self, path: str, names: list[str], field: Schema, required: list[str]
    ) -> Iterator[Row]:
        resolved, place = self.resolve(field)
        shown = ", ".join([f"`{path}{names[0]}`", *(f"`{name}`" for name in names[1:])])
        default = code(resolved["default"]) if "default" in resolved else ""
        below = [] if place else list(self._below(resolved, path + names[0]))
        examples = resolved.get("examples", []) if place else examples_of(resolved)
        such = [code(e) for e in examples if not below or not isinstance(e, dict | list)]
        meaning = prose(resolved.get("description") or resolved["title"])
        said = f"{meaning} {such_as(text for text in such if text != default)}".strip()
        needed = "required" if names[0] in required else ""
        yield Row(shown, self.type_of(field), default or needed, said)
        yield from below

    def _below(self, schema: Schema, path: str) -> Iterator[Row]:
        if "properties" in schema:
            yield from self.rows(schema, f"{path}.")
        for option in schema.get("anyOf", ()):
            yield from self._inside(option, path)
        if "items" in schema:
            yield from self._inside(schema["items"], f"{path}[]")
        if isinstance(more := schema.get("additionalProperties"), dict):
            yield from self._inside(more, f"{path}.NAME")

    def _inside(self, schema: Schema, path: str) -> Iterator[Row]:
        resolved, place = self.resolve(schema)
        if not place:
            yield from self._below(resolved, path)

    def type_of(self, schema: Schema) -> str:
        """Return what a value looks like, in words."""
        resolved, place = self.resolve(schema)
        if place:
            return f"[{self.places[place]}](#{slug(self.places[place])})"
        if "anyOf" in resolved:
            options = [o for o in resolved["anyOf"] if o.get("$ref") != TEMPLATED]
            return either(list(dict.fromkeys(self.type_of(option) for option in options)))
        if "enum" in resolved or "const" in resolved:
            return either(
                [f"`{choice}`" for choice in resolved.get("enum", [resolved.get("const")])]
            )
        if "items" in resolved:
            return f"list of {self.type_of(resolved['items'])}"
        if isinstance(more := resolved.get("additionalProperties"), dict):
            return f"mapping of names to {self.type_of(more)}"
        said = resolved.get("type", "string")
        kinds = [said] if isinstance(said, str) else said
        return either([WORDS[kind] for kind in kinds]) + bounds(resolved)

    def value(self, name: str) -> str:
        """Return what is said of a kind of value."""
        schema, _ = self.resolve(self.parts[name])
        examples = such_as(map(code, examples_of(schema)))
        return f"{prose(schema['description'])} {examples}".strip()


def either(words: list[str]) -> str:
    """Return alternatives as a phrase."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def bounds(schema: Schema) -> str:
    """Return the limits of a number as a phrase."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    return "" if low is None else f", {low} or more"


def code(value: object) -> str:
    """Return a value as it is written in a manifest."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    plain = text.removesuffix("...\n").strip()
    return f"`{plain}`"


def examples_of(schema: Schema) -> list[object]:
    """Return a schema's own examples, else those of what it may be."""
    inner = [found for option in schema.get("anyOf", ()) for found in option.get("examples", ())]
    found: list[object] = schema.get("examples", inner)
    return found


def such_as(examples: Iterable[str]) -> str:
    """Return the examples that are short enough as a sentence."""
    short = [example for example in examples if len(example) <= LONGEST]
    return f"For example {', '.join(short)}." if short else ""


def prose(text: str) -> str:
    """Return a description as Markdown: outside of `…` nothing is markup."""
    pieces = text.split("`")
    pieces[::2] = [re.sub(r"([*<\\[\]])", r"\\\1", piece) for piece in pieces[::2]]
    return "`".join(pieces)


def slug(heading: str) -> str:
    """Return how a heading is linked to."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def table(rows: Iterator[Row]) -> str:
    """Return lines as a table."""
    head = [Row(*Row._fields), Row(*["---"] * len(Row._fields))]
    lines = [
        [cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in [*head, *rows]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def headings(template: str) -> dict[str, str]:
    """Return the heading that each shared part stands under."""
    found, heading = {}, ""
    for line in template.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if place := PLACE.fullmatch(line):
            found[place[2]] = heading
    return found


def page(template: str) -> str:
    """Return the whole page."""
    contract = Contract(headings(template))

    def filled(place: re.Match[str]) -> str:
        if place[1] == "value":
            return contract.value(place[2])
        return table(contract.rows(contract.fields_of(place[2])))

    return PLACE.sub(filled, template)


if __name__ == "__main__":
    made = page(TEMPLATE.read_text("utf-8"))
    Path(sys.argv[1] if len(sys.argv) > 1 else PAGE).write_text(made, "utf-8")
