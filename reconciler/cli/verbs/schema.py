"""`schema`: the contract, as the program itself has it."""

import json

import click

from reconciler import manifests
from reconciler.cli.exits import Failure
from reconciler.cli.options import format_option
from reconciler.cli.text import echo


@click.command("schema")
@click.argument("kind", required=False)
@format_option
def command(kind: str | None, form: str) -> None:
    """Print the JSON schema of a KIND of manifest; without one, list the kinds."""
    if kind is not None:
        echo(json.dumps(manifests.schema(_meant(kind)), indent=2, ensure_ascii=False))
    elif form == "json":
        echo(json.dumps({"kinds": list(manifests.kinds())}))
    else:
        for name in manifests.kinds():
            echo(name)


def _meant(kind: str) -> str:
    for name in manifests.kinds():
        if name.lower() == kind.lower():
            return name
    known = ", ".join(manifests.kinds())
    raise Failure(f"there is no kind {kind}; there are {known}")
