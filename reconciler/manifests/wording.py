"""What is wrong with a value that a schema does not accept, in words for its author.

Decides wording only: which faults there are is for `voice` to say.
"""

from typing import Final

from msgspec import Struct

from reconciler.manifests.reporting import Report, did_you_mean, nearest, shorten
from reconciler.manifests.schemas import homes
from reconciler.manifests.shipped import Schema
from reconciler.manifests.tree import TYPE_NAMES, Mapping, Node, descend
from reconciler.manifests.voice import Fault, Path, faults, is_template

_UNCOUNTED: Final = {"text", "words"}
_CODES: Final = {
    "type": "wrong-type", "anyOf": "wrong-type", "enum": "unknown-value", "const": "unknown-value",
    "pattern": "bad-format", "minimum": "out-of-range", "maximum": "out-of-range",
    "minLength": "out-of-range", "maxLength": "out-of-range", "minItems": "out-of-range",
    "maxItems": "out-of-range", "minProperties": "out-of-range",
}  # fmt: skip
_COMPARED: Final = 100  # of the unknown fields of a mapping: to find what was meant takes long
_LIMITS: Final = (
    ("minimum", "minLength", "minItems", "minProperties"),
    ("maximum", "maxLength", "maxItems", "maxProperties"),
)
_BOUNDS: Final = frozenset(rule for rules in _LIMITS for rule in rules)
_TYPICAL: Final = {
    "boolean": "Write true or false, without quotes.",
    "integer": "Write a whole number, without quotes.",
    "number": "Write a number, without quotes.",
    "array": "Write a list, such as [A, B].",
    "object": "Write names with their values, such as {A: 1, B: 2}.",
}


def explain(reference: str, node: Node, report: Report) -> list[Path]:
    """Report each fault of a value; return the paths of the faults."""
    speaker = _Speaker(reference, node, report)
    return [path for fault in faults(reference, node.plain) for path in speaker.say(fault)]


class _Speaker(Struct, frozen=True):
    """Reports faults of one value against one schema."""

    reference: str
    node: Node
    report: Report

    def say(self, fault: Fault) -> list[Path]:
        value = descend(self.node, fault.path)
        if isinstance(value, Mapping):
            if fault.rule == "additionalProperties":
                return self._unknown(fault, value)
            if fault.rule == "required":
                self._missing(fault, value)
                return [fault.path]
            if fault.of_name:
                return [self._bad_name(fault, value)]
        named = fault.schema.get("title") == "name"
        code = "bad-name" if named and fault.rule == "pattern" else _CODES.get(fault.rule)
        message = f"{label(fault.path)}: {_sentence(fault)}"
        self.report.about(value, code or "invalid", message, _hint(fault))
        return [fault.path]

    def _unknown(self, fault: Fault, owner: Mapping) -> list[Path]:
        known = fault.schema["properties"]
        surplus = [key for key in owner.items if key not in known]
        for number, key in enumerate(surplus):
            place = f" in {label(fault.path)}" if fault.path else ""
            at, pointer = owner.place(key)
            message = f"unknown field {shorten(key)}{place}"
            hint = self._home(key, known) if number < _COMPARED else "Remove it."
            self.report.error("unknown-field", at, pointer, message, hint)
        return [(*fault.path, key) for key in surplus]

    def _home(self, key: str, known: Schema) -> str:
        """Return what was probably meant: a field of another name, or of another place."""
        home = homes(self.reference.partition("#")[0]).get(key)
        if home is not None and not nearest(key, known):
            return f"It belongs in {home or 'the document itself'}."
        return did_you_mean(key, known)

    def _missing(self, fault: Fault, owner: Mapping) -> None:
        place = f" in {label(fault.path)}" if fault.path else ""
        message = f"{fault.missing} is missing{place}"
        hint = f"Add {fault.missing}: … here."
        self.report.error("missing-field", owner.at, owner.pointer, message, hint)

    def _bad_name(self, fault: Fault, owner: Mapping) -> Path:
        name = str(fault.value)
        at, pointer = owner.place(name)
        message = f"{label(fault.path)}: {shorten(name)} is no {_title(fault.schema)}"
        self.report.error("bad-name", at, pointer, message, _such_as(fault.schema))
        return (*fault.path, name)


def label(path: Path) -> str:
    """Return a path as people write it: container.mounts[0].source."""
    steps = path[1:] if len(path) > 1 and path[0] == "spec" else path
    said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return said.removeprefix(".") or "the document"


def _sentence(fault: Fault) -> str:
    value, limit = shorten(fault.value), fault.limit
    words = {
        "minimum": f"{value} is less than {limit}",
        "maximum": f"{value} is more than {limit}",
        "minLength": "the text is empty",
        "maxLength": f"{value} is longer than {limit} characters",
        "minItems": "the list is empty",
        "maxItems": f"the list has more than {limit} items",
        "minProperties": "the mapping is empty",
        "pattern": f"{value} is no {_title(fault.schema)}",
        "enum": f"{value} is no {_title(fault.schema)}",
        "const": f"{value} is not {limit!r}",
    }
    if fault.rule in words and not fault.of_other_type:
        return words[fault.rule]
    return f"expected {_expected(fault.schema)}, found {_found(fault.value)}"


def _hint(fault: Fault) -> str:
    if fault.value is None:
        return "Give it a value, or remove the field."
    if fault.schema.get("type") == "string" and isinstance(fault.value, int | float):
        return "Quote it, for it is to be text."
    if fault.rule == "enum" and isinstance(fault.limit, list):
        known = [str(choice) for choice in fault.limit]
        return did_you_mean(str(fault.value), known, f"One of: {', '.join(known)}.")
    said = [_bounds(fault.schema) if fault.rule in _BOUNDS else "", _such_as(fault.schema)]
    return " ".join(filter(None, said)) or _typical(fault.schema)


def _bounds(schema: Schema) -> str:
    least, most = (next((schema[k] for k in keys if k in schema), None) for keys in _LIMITS)
    if least is not None and most is not None:
        return f"From {least} to {most}."
    return f"At least {least}." if least is not None else f"At most {most}."


def _such_as(schema: Schema) -> str:
    examples = [example for example in schema.get("examples", []) if not isinstance(example, dict)]
    return f"For example: {', '.join(str(example) for example in examples)}." if examples else ""


def _typical(schema: Schema) -> str:
    """Return how a value of a type is written, nothing where the type does not tell."""
    options = [option for option in schema.get("anyOf", []) if not is_template(option)]
    if len(options) == 1:
        schema = {**schema, **options[0]}
    kind = schema.get("type")
    if kind == "object" and schema.get("properties"):
        return f"Its fields are {', '.join(schema['properties'])}."
    known = _TYPICAL.get(kind, "") if isinstance(kind, str) else ""
    return known or str(schema.get("description", ""))


def _title(schema: Schema) -> str:
    return str(schema.get("title", "value allowed here"))


def _expected(schema: Schema) -> str:
    if "anyOf" in schema:
        options = [_expected(option) for option in schema["anyOf"] if not is_template(option)]
        return " or ".join(options)
    said = schema.get("type", "string")
    if isinstance(said, str) and said in {"object", "array", "boolean"}:
        return TYPE_NAMES[said]
    title = _title(schema)
    article = "" if title in _UNCOUNTED else "an " if title[0] in "aeio" else "a "
    return f"{article}{title}"


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list | dict):
        return TYPE_NAMES["array" if isinstance(value, list) else "object"]
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    return f"the {'text' if isinstance(value, str) else 'number'} {shorten(value)}"
