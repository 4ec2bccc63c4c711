"""What jsonschema finds, reduced to one fault for each thing that is wrong.

Decides which of several alternatives the author meant, so that only its faults are spoken of.
The only module that knows jsonschema, which is slow to import: only faults need it.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from msgspec import Struct
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from reconciler.manifests.schemas import FILES, uri
from reconciler.manifests.shipped import Schema, schema_file
from reconciler.manifests.tree import Plain

Path = tuple[str | int, ...]
_TEMPLATE: Final = "#/$defs/template"


class Fault(Struct, frozen=True, eq=False):
    """One broken rule: its keyword and limit, the value, where it stands, and the schema there.

    `of_name`: it is the name of a field that is at fault, and `value` is that name.
    """

    rule: str
    limit: object
    value: object
    path: Path
    schema: Schema
    missing: str = ""
    of_name: bool = False

    @property
    def of_other_type(self) -> bool:
        """Whether the value is not even of the right type."""
        unlike_text = self.rule == "enum" and not isinstance(self.value, str)
        return self.rule == "type" or unlike_text


def faults(reference: str, value: Plain) -> Iterator[Fault]:
    """Yield each fault once."""
    for error in _validator(reference).iter_errors(value):
        yield from _meant(error)


def is_template(schema: Schema) -> bool:
    """Return whether a schema is the alternative that stands for a constant."""
    return str(schema.get("$ref", "")).endswith(_TEMPLATE)


def _meant(error: ValidationError) -> Iterator[Fault]:
    """Yield the fault itself, or those of the one alternative whose type fits."""
    if error.validator != "anyOf":
        yield _fault(error)
        return
    options = list(_options(error))
    fitting = [errors for errors in options if not any(_misfit(e, error) for e in errors)]
    if len(fitting) == 1:
        for inner in fitting[0]:
            yield from _meant(inner)
    else:
        yield _fault(error)


def _options(error: ValidationError) -> Iterator[list[ValidationError]]:
    for number, schema in enumerate(_schema(error)["anyOf"]):
        if not is_template(schema):
            yield [inner for inner in error.context or () if inner.schema_path[0] == number]


def _misfit(inner: ValidationError, outer: ValidationError) -> bool:
    same_value = len(inner.absolute_path) == len(outer.absolute_path)
    return same_value and _fault(inner).of_other_type


def _fault(error: ValidationError) -> Fault:
    rule, missing = str(error.validator), ""
    if rule == "required":  # jsonschema tells one missing field at a time, in its message only
        names: Any = error.validator_value
        missing = next((name for name in names if error.message.startswith(repr(name))), "")
    return Fault(
        rule=rule,
        limit=error.validator_value,
        value=error.instance,
        path=tuple(error.absolute_path),
        schema=_schema(error),
        missing=missing,
        of_name="propertyNames" in error.absolute_schema_path,
    )


def _schema(error: ValidationError) -> Schema:
    return dict(error.schema) if isinstance(error.schema, dict) else {}


@cache
def _validator(reference: str) -> Draft202012Validator:
    # $schema would bring back jsonschema's standard validator, and with it its own `pattern`.
    bare = {
        name: {key: value for key, value in schema_file(name).items() if key != "$schema"}
        for name in FILES
    }
    registry: Registry[Schema] = Registry().with_resources(
        (uri(name), DRAFT202012.create_resource(schema)) for name, schema in bare.items()
    )
    strict = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
    made: Draft202012Validator = strict({"$ref": uri(reference)}, registry=registry)
    return made


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: object
) -> Iterator[ValidationError]:
    """Match as ECMA does: `$` is the end of the text, not also before a last line break."""
    if isinstance(instance, str) and not _ecma(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@cache
def _ecma(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))
