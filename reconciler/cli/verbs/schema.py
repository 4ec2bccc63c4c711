"""`schema`: the contract, as the program itself has it."""

import json
from typing import Any, Final

import click

from reconciler import manifests
from reconciler.cli.exits import Failure
from reconciler.cli.options import format_option
from reconciler.cli.text import columns, echo

_ALL: Final = "all"


@click.command("schema")
@click.argument("kind", required=False)
@format_option
def command(kind: str | None, form: str) -> None:
    """Print the JSON schema of a KIND of manifest; without one, list what there is.

    `reconciler schema all` is one schema for every file of a source, which editors complete and
    check by: reconciler schema all > .reconciler/schema.json
    """
    if kind is not None or form == "json":
        echo(as_text(_schema(_meant(kind or _ALL))))
        return
    rows = [(name, _gist(manifests.schema(name))) for name in _names()]
    for line in columns([*rows, (_ALL, "All that may stand in a source, for editors.")], {}):
        echo(line)


def as_text(schema: dict[str, Any]) -> str:
    """Return a schema as it is printed, and kept in files."""
    return json.dumps(schema, indent=2, ensure_ascii=False)


def _schema(name: str) -> dict[str, Any]:
    return manifests.schema_of_all() if name == _ALL else manifests.schema(name)


def _gist(schema: dict[str, Any]) -> str:
    """Return the first sentence of what a schema says of itself."""
    said, end, _ = str(schema["description"]).partition(". ")
    return said + end.rstrip()


def _names() -> list[str]:
    return [*manifests.kinds(), *manifests.configurations()]


def _meant(kind: str) -> str:
    for name in (*_names(), _ALL):
        if name.lower() == kind.lower():
            return name
    import difflib  # noqa: PLC0415  # only mistakes need it

    known = {name.lower(): name for name in _names()}
    near = difflib.get_close_matches(kind.lower(), known, n=1)
    meant = f"did you mean {known[near[0]]}?" if near else f"there are {', '.join(_names())}"
    raise Failure(f"there is no kind {kind}; {meant}")
