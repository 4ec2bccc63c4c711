"""`validate`: every problem of a source, or of some of its files, and nothing else."""

import sys
from pathlib import Path
from typing import Final

import click

from reconciler.cli.checking import Alone, Edited, Part, check, joined, parts_of
from reconciler.cli.exits import Exit
from reconciler.cli.findings import FORMATS, Findings, lines
from reconciler.cli.operator import consult, policy_of
from reconciler.cli.options import Chosen, as_git_option, operator_options
from reconciler.cli.text import complain, echo
from reconciler.sources.folder import MAX_BYTES
from reconciler.sources.scan import is_manifest

_STDIN: Final = Path("-")
_FOR_PEOPLE: Final = {"text", "github"}


@click.command("validate")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("-s", "--source", "also", multiple=True, type=click.Path(path_type=Path), hidden=True)
@click.option(
    "--stdin-filename",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With `-`: check the input in the place of this file of a source.",
)
@operator_options
@as_git_option
@click.option("--no-cache", is_flag=True, help="Look at every file anew.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="Text is for people, github for the log of a workflow; the others are stable.",
)
def command(
    paths: tuple[Path, ...],
    also: tuple[Path, ...],
    stdin_filename: Path | None,
    operator: Chosen,
    as_git: bool,
    no_cache: bool,
    form: str,
) -> Exit:
    """Check folders of manifests, or files as parts of the sources that they belong to.

    Without a PATH, the current folder. With `-`, what comes through standard input: a document
    on its own, or with --stdin-filename that file as an editor holds it.
    """
    asked = [*paths, *also] or [Path()]
    if _STDIN in asked or stdin_filename is not None:
        parts = [_given(asked, stdin_filename)]
    else:
        parts = parts_of(asked)
    roots = [part.source.root for part in parts]
    policies = [policy_of(consult(operator, r), operator, r, as_git=as_git) for r in roots]
    found = joined(
        [check(p, policy, remember=not no_cache) for p, policy in zip(parts, policies, strict=True)]
    )
    for line in lines(form, found):
        echo(line)
    if form in _FOR_PEOPLE:
        _sum_up(found, form)
    return Exit.FAILED if found.errors else Exit.DONE


def _given(asked: list[Path], name: Path | None) -> Part:
    """Return what comes through standard input as a part of a source."""
    if asked != [_STDIN]:
        what = "--stdin-filename names the input that `-` stands for" if name else "`-` is alone"
        raise click.UsageError(f"{what}: give `-` and no other PATH")
    if name is not None and not is_manifest(name.name):
        raise click.UsageError(
            f"--stdin-filename {name}: a source reads no such file; "
            "manifests end in .yaml, .yml or .json, and are not hidden"
        )
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    source = Alone(content) if name is None else Edited(name, content)
    return Part(source, {source.focus}, saved=False)


def _sum_up(found: Findings, form: str) -> None:
    """Say how it went: beside the answer where there is one, else as the answer."""
    from reconciler.cli.findings.text import advice, summary  # noqa: PLC0415  # not for machines

    if found.errors or form == "github":
        complain(summary(found))
    else:
        echo(summary(found))
    if found.errors:
        complain(advice(found))
