"""`explain`: what a problem's code means, with an example of it and one of its cure."""

import json
from typing import Final

import click

from reconciler.cli.exits import Failure
from reconciler.cli.options import format_option
from reconciler.cli.text import columns, echo, paint
from reconciler.manifests.explanations import Explanation, codes, explain

_HEADINGS: Final = ("# ", "## ")


@click.command("explain")
@click.argument("code", required=False)
@format_option
def command(code: str | None, form: str) -> None:
    """Tell what the problems with this CODE mean; without one, list the codes."""
    if code is None:
        _list(form)
        return
    entry = _meant(code)
    if form == "json":
        echo(json.dumps(_plain(entry), indent=2, ensure_ascii=False))
    else:
        _tell(entry)


def _list(form: str) -> None:
    entries = [entry for code in codes() if (entry := explain(code))]
    if form == "json":
        said = [{"code": entry.code, "title": entry.title} for entry in entries]
        echo(json.dumps({"problems": said}, indent=2, ensure_ascii=False))
        return
    for line in columns([(entry.code, entry.title) for entry in entries], {}):
        echo(line)


def _meant(code: str) -> Explanation:
    known = explain(code.lower())
    if known is not None:
        return known
    import difflib  # noqa: PLC0415  # only mistakes need it

    near = difflib.get_close_matches(code.lower(), codes(), n=1)
    meant = f"did you mean {near[0]}?" if near else "`reconciler explain` lists all"
    raise Failure(f"there is no problem with the code {code}; {meant}")


def _tell(entry: Explanation) -> None:
    """Print an entry as it is written, its code blocks indented instead of fenced."""
    echo(paint(f"{entry.code}: {entry.title}", bold=True))
    inside = False
    for line in entry.text.splitlines()[1:]:
        if line.startswith("```"):
            inside = not inside
            if inside and " " in line:
                echo(f"  {line.partition(' ')[2]}:")
        elif inside:
            echo(f"    {line}".rstrip())
        elif line.startswith(_HEADINGS):
            echo(paint(line.lstrip("# "), bold=True))
        else:
            echo(line)


def _plain(entry: Explanation) -> dict[str, object]:
    return {
        "code": entry.code,
        "title": entry.title,
        "meaning": entry.meaning,
        "wrong": dict(entry.wrong),
        "right": dict(entry.right),
    }
