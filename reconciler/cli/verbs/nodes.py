"""`nodes`: where instances run, and what people ask of single nodes in an emergency."""

import json

import click

from reconciler.cli import nodes_output, options
from reconciler.cli.asking import jot
from reconciler.cli.exits import Exit
from reconciler.cli.place import find, look
from reconciler.cli.status_output import warn
from reconciler.cli.text import echo
from reconciler.controller.surveying import survey


@click.group("nodes", invoke_without_command=True)
@options.source_option
@options.operator_options
@options.format_option
def command(source: options.Where, operator: options.Chosen, form: str) -> None:
    """List the nodes with their state, capacity and load; or have one left alone, or emptied.

    What is wanted for good belongs into the manifests.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    report = look(find(source, operator))
    surveys = survey(report)
    if form == "json":
        said = nodes_output.as_json(report, surveys)
        echo(json.dumps(said, indent=2, ensure_ascii=False))
        return
    warn(report)
    for line in nodes_output.as_text(report, surveys):
        echo(line)


@command.command("cordon")
@click.argument("name")
@options.source_option
@options.operator_options
def cordon(name: str, source: options.Where, operator: options.Chosen) -> Exit:
    """Place nothing new on the node NAME. What runs there goes on."""
    return _order(name, "cordon", source, operator)


@command.command("drain")
@click.argument("name")
@click.option("--grace", type=options.Duration(), metavar="DURATION",
              help="Move batch instances that have not ended after this long.")  # fmt: skip
@options.source_option
@options.operator_options
def drain(name: str, grace: float | None, source: options.Where, operator: options.Chosen) -> Exit:
    """Empty the node NAME: services move, batch runs to its end or for as long as --grace says."""
    return _order(name, "drain", source, operator, grace)


@command.command("uncordon")
@click.argument("name")
@options.source_option
@options.operator_options
def uncordon(name: str, source: options.Where, operator: options.Chosen) -> Exit:
    """Undo `cordon` or `drain` of the node NAME."""
    return _order(name, "", source, operator)


@command.command("forget")
@click.argument("name")
@options.source_option
@options.operator_options
def forget(name: str, source: options.Where, operator: options.Chosen) -> Exit:
    """Let the node NAME go, which no manifest mentions any more, with whatever runs there.

    Its attempts count as lost, and retries go to other nodes. Containers that are there stay.
    """
    echo(jot(find(source, operator), "forget-node", {"node": name}))
    return Exit.DONE


def _order(
    name: str,
    order: str,
    source: options.Where,
    operator: options.Chosen,
    grace: float | None = None,
) -> Exit:
    arguments = {"node": name, "order": order, "grace": grace}
    echo(jot(find(source, operator), "order-node", arguments))
    return Exit.DONE
