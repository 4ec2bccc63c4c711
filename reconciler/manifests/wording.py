"""What is wrong with a value that a schema does not accept, in words for its author.

Decides wording only: which errors there are is for jsonschema to say. One finding per fault:
of alternatives only the one that was meant is spoken of.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from reconciler.manifests.reporting import Report, did_you_mean, nearest, shorten
from reconciler.manifests.schemas import FILES, homes, uri
from reconciler.manifests.shipped import Schema, schema_file
from reconciler.manifests.tree import TYPE_NAMES, Mapping, Node, descend

Path = tuple[str | int, ...]
_TEMPLATE: Final = "template"
_UNCOUNTED: Final = {"text", "words"}
_CODES: Final = {
    "type": "wrong-type", "enum": "unknown-value", "const": "unknown-value",
    "pattern": "bad-format", "minimum": "out-of-range", "maximum": "out-of-range",
    "minLength": "out-of-range", "maxLength": "out-of-range", "minItems": "out-of-range",
}  # fmt: skip


def explain(reference: str, node: Node, report: Report) -> list[Path]:
    """Report each fault of a value; return the paths of the faults."""
    found: list[Path] = []
    for error in _validator(reference).iter_errors(node.plain):
        for fault in _meant(error):
            found += _say(reference, fault, node, report)
    return found


def _meant(error: ValidationError) -> Iterator[ValidationError]:
    """Yield the fault itself, or those of the alternative that was meant."""
    if error.validator != "anyOf":
        yield error
        return
    options = _real_options(error)
    fitting = [faults for faults in options if not any(_is_other_type(e, error) for e in faults)]
    if len(fitting) == 1:
        for fault in fitting[0]:
            yield from _meant(fault)
    else:
        yield error


def _real_options(error: ValidationError) -> list[list[ValidationError]]:
    schemas = error.schema["anyOf"]
    return [
        [fault for fault in error.context if fault.schema_path[0] == number]
        for number, schema in enumerate(schemas)
        if not schema.get("$ref", "").endswith(_TEMPLATE)
    ]


def _is_other_type(fault: ValidationError, parent: ValidationError) -> bool:
    at_top = len(fault.absolute_path) == len(parent.absolute_path)
    unlike_text = fault.validator == "enum" and not isinstance(fault.instance, str)
    return at_top and (fault.validator == "type" or unlike_text)


def _say(reference: str, error: ValidationError, node: Node, report: Report) -> list[Path]:
    path: Path = tuple(error.absolute_path)
    value = descend(node, path)
    if error.validator == "additionalProperties" and isinstance(value, Mapping):
        return [_unknown(reference, key, path, value, error.schema, report)
                for key in value.items if key not in error.schema["properties"]]  # fmt: skip
    if error.validator == "required" and isinstance(value, Mapping):
        missing = [key for key in error.validator_value if key not in value.items]
        _missing(str(error.message), missing, path, value, report)
        return [path]
    if "propertyNames" in error.absolute_schema_path and isinstance(value, Mapping):
        at, pointer = value.place(str(error.instance))
        message = f"{_label(path)}: {shorten(error.instance)} is no {error.schema['title']}"
        report.error("bad-name", at, pointer, message, _such_as(error.schema))
        return [(*path, str(error.instance))]
    code = "bad-name" if error.schema.get("title") == "name" else _CODES.get(error.validator, "")
    report.about(value, code or "invalid", f"{_label(path)}: {_fault(error)}", _hint(error))
    return [path]


def _unknown(
    reference: str, key: str, path: Path, owner: Mapping, schema: Schema, report: Report
) -> Path:
    known = schema["properties"]
    home = homes(reference.partition("#")[0]).get(key)
    hint = did_you_mean(key, known)
    if home is not None and not nearest(key, known):
        hint = f"It belongs in {home or 'the document itself'}."
    place = f" in {_label(path)}" if path else ""
    at, pointer = owner.place(key)
    report.error("unknown-field", at, pointer, f"unknown field {shorten(key)}{place}", hint)
    return (*path, key)


def _missing(said: str, keys: list[str], path: Path, owner: Mapping, report: Report) -> None:
    """Report one required field; jsonschema reports each of several by itself."""
    key = next((key for key in keys if said.startswith(repr(key))), "")
    place = f" in {_label(path)}" if path else ""
    report.error("missing-field", owner.at, owner.pointer, f"{key} is missing{place}")


def _fault(error: ValidationError) -> str:
    value, limit = shorten(error.instance), error.validator_value
    words = {
        "minimum": f"{value} is less than {limit}",
        "maximum": f"{value} is more than {limit}",
        "minLength": "the text is empty",
        "maxLength": f"{value} is longer than {limit} characters",
        "minItems": "the list is empty",
        "pattern": f"{value} is no {_title(error.schema)}",
        "enum": f"{value} is no {_title(error.schema)}",
        "const": f"{value} is not {limit!r}",
    }
    if error.validator in words and not _is_other_type(error, error):
        return words[error.validator]
    return f"expected {_expected(error.schema)}, found {_found(error.instance)}"


def _hint(error: ValidationError) -> str:
    if error.instance is None:
        return "Give it a value, or remove the field."
    if error.validator == "enum":
        known = [str(choice) for choice in error.validator_value]
        return did_you_mean(str(error.instance), known, f"One of: {', '.join(known)}.")
    if error.validator in {"pattern", "type"}:
        return _such_as(error.schema)
    return str(error.schema.get("description", ""))


def _such_as(schema: Schema) -> str:
    examples = [example for example in schema.get("examples", []) if not isinstance(example, dict)]
    return f"For example: {', '.join(str(example) for example in examples)}." if examples else ""


def _title(schema: Schema) -> str:
    return str(schema.get("title", "value allowed here"))


def _expected(schema: Schema) -> str:
    if "anyOf" in schema:
        options = [s for s in schema["anyOf"] if not s.get("$ref", "").endswith(_TEMPLATE)]
        return " or ".join(_expected(option) for option in options)
    said = schema.get("type", "string")
    if said in {"object", "array", "boolean"}:
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
    return f"{'the text' if isinstance(value, str) else 'the number'} {shorten(value)}"


def _label(path: Path) -> str:
    """Return a path as people write it: container.mounts[0].source."""
    steps: Iterable[str | int] = path[1:] if len(path) > 1 and path[0] == "spec" else path
    said = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return said.removeprefix(".") or "the document"


@cache
def _validator(reference: str) -> Any:  # noqa: ANN401  # jsonschema's classes are made at run time
    kinds = [
        (uri(name), Resource(schema_file(name), specification=DRAFT202012)) for name in FILES
    ]
    strict = extend(Draft202012Validator, {"pattern": _pattern})
    return strict({"$ref": uri(reference)}, registry=Registry().with_resources(kinds))


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Match as ECMA does: `$` is the end of the text, not also before a last line break."""
    if isinstance(instance, str) and not re.search(_ecma(pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def _ecma(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))


