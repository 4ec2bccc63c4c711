"""`results`: what instances have left, listed, fetched, or compared between two runs."""

from pathlib import Path

import click

from reconciler.cli import options, results_output
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.fetching import fetch
from reconciler.cli.kept import Kept, kept_of, manifest_of, opened
from reconciler.cli.options import Target, TargetType
from reconciler.cli.place import Place, find, look
from reconciler.cli.targets import require
from reconciler.cli.text import echo, json_text, plural

_DIFF = "diff"


@click.command("results")
@click.argument("words", nargs=-1, required=True, metavar="TARGET | diff TASK RUN RUN")
@options.source_option
@options.operator_options
@options.format_option
@click.option("--run", type=click.IntRange(min=1), metavar="N",
              help="Those of this run, rather than of the newest one.")  # fmt: skip
@click.option("--fetch", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Fetch the files into DIR/INSTANCE.")  # fmt: skip
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    source: options.Where,
    operator: options.Chosen,
    form: str,
    run: int | None,
    folder: Path | None,
) -> Exit:
    """List the results of TARGET, a TASK or TASK/INSTANCE, or fetch them.

    `diff TASK RUN RUN` tells which files of two runs differ; the exit code is 1 where some do.
    """
    if words[0] == _DIFF and len(words) > 1:
        if folder is not None or run is not None:
            raise click.UsageError("diff is told two runs, and fetches nothing")
        task, runs = _compared(words[1:])
        return _tell_difference(find(source, operator), task, runs, form)
    if len(words) != 1:
        raise click.UsageError("give one TASK or TASK/INSTANCE, or: diff TASK RUN RUN")
    target = TargetType().convert(words[0], None, context)
    place = find(source, operator)
    report = look(place)
    require(report, target)
    kept = kept_of(report, target, run)
    if folder is not None:
        found = fetch(place, kept, folder)
        echo(f"{plural(found.files, 'file')} of {target} in {folder}, {found.fetched} fetched now")
    elif form == "json":
        echo(json_text(results_output.as_json(report, target, kept)))
    else:
        for line in results_output.as_text(report, target, kept):
            echo(line)
    return Exit.DONE


def _compared(words: tuple[str, ...]) -> tuple[str, tuple[int, int]]:
    numbers = [int(word) for word in words[1:] if word.isascii() and word.isdecimal()]
    if len(words) != 3 or len(numbers) != 2:  # noqa: PLR2004  # a task and two runs
        raise click.UsageError("diff is told a task and two runs: diff TASK RUN RUN")
    return words[0], (numbers[0], numbers[1])


def _tell_difference(place: Place, task: str, runs: tuple[int, int], form: str) -> Exit:
    report = look(place)
    target = Target(task)
    require(report, target)
    sides = [_files(place, kept_of(report, target, run), task, run) for run in runs]
    found = results_output.differences(*sides)
    if form == "json":
        echo(json_text(results_output.differences_json(task, runs, found)))
    else:
        for line in results_output.differences_text(found):
            echo(line)
    return Exit.FAILED if found else Exit.DONE


def _files(place: Place, kept: list[Kept], task: str, run: int) -> dict[str, str]:
    if not kept:
        raise Failure(f"run {run} of {task} has no results")
    buckets = opened(place, kept)
    return {
        f"{one.instance}/{file.path}": file.sha256
        for one in kept
        for file in manifest_of(buckets[one.bucket], one)
    }
