"""`init`: a folder to start from, which works as it stands and overwrites nothing."""

import os
import shlex
from pathlib import Path

import click

from reconciler import manifests
from reconciler.cli.exits import Failure
from reconciler.cli.starter import FILES, SCHEMA
from reconciler.cli.text import echo
from reconciler.cli.verbs.schema import as_text
from reconciler.sources.source import project_name


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Make a starter folder DIR: a batch task that runs at once, a service to switch on."""
    project = project_name(Path(os.path.realpath(folder)).name)
    files = {name: text.replace("PROJECT", project) for name, text in FILES.items()}
    files[SCHEMA] = as_text(manifests.schema_of_all()) + "\n"
    wanted = {folder / name: text for name, text in files.items()}
    there = sorted(str(path) for path in wanted if path.exists() or path.is_symlink())
    if there:
        raise Failure(f"nothing is overwritten, and there is already {', '.join(there)}")
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Exclusively: what has come into being since the look above stays as it is.
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
        echo(f"made {path}")
    _next(folder)


def _next(folder: Path) -> None:
    where = shlex.quote(str(folder))
    echo()
    echo("Next:")
    for verb, what in (
        (f"plan {where}", "see what would happen"),
        (f"apply {where} --wait", "make it so, and wait for the outcome"),
        (f"logs hello -s {where}", "what the instances printed"),
        (f"run {where}", "keep it so, and follow every edit"),
        (f"destroy {where}", "take it all away"),
    ):
        echo(f"  reconciler {verb:<{len(where) + 15}}  {what}")
