"""`run`: make it so and keep it so, following source and engine until told to stop."""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.keeping import Manner, keep
from reconciler.cli.operator import consult
from reconciler.cli.options import Address, Chosen, Where
from reconciler.cli.place import find
from reconciler.cli.telling import teller


@click.command("run")
@click.argument("source", required=False, type=options.SourceType())
@click.option("-s", "--source", "also", type=options.SourceType(), hidden=True)
@click.option("--branch", default="", help="Of a repository: the branch to follow.")
@click.option("--tag", default="", help="Of a repository: the tag to follow.")
@click.option("--commit", default="", help="Of a repository: the one commit that is wanted.")
@click.option("--path", default="", metavar="SUB", help="Of a repository: the folder within.")
@click.option(
    "--interval",
    type=options.Duration(),
    default=30.0,
    metavar="DURATION",
    help="How often a repository is looked at.  [default: 30s]",
)
@click.option("--listen", default="", metavar="HOST:PORT", help="Where to listen for webhooks.")
@click.option(
    "--metrics-listen", default="", metavar="HOST:PORT", help="Where to serve /metrics and health."
)
@options.hosts_options
@options.take_over_option
@options.no_cache_option
@click.option(
    "--resync",
    type=options.Duration(),
    default=60.0,
    metavar="DURATION",
    help="How often to look at everything, events or not.  [default: 60s]",
)
@options.quiet_option
@options.verbose_option
def command(
    source: Where | None,
    also: Where | None,
    branch: str,
    tag: str,
    commit: str,
    path: str,
    interval: float,
    listen: str,
    metrics_listen: str,
    operator: Chosen,
    take_over: bool,
    afresh: bool,
    resync: float,
    quiet: bool,
    verbose: bool,
) -> Exit:
    """Make what runs agree with SOURCE, and keep it so until Ctrl-C or SIGTERM.

    SOURCE is a folder, or the address of a git repository; without one, the sources of the
    operator's configuration, or else this folder. Every edit and commit is followed; the last
    valid revision stays in force while a newer one has errors. Containers stay when it ends.
    """
    if source is not None and also is not None and source != also:
        raise click.UsageError(f"two sources are given, {source} and {also}; give one")
    source = source or also
    choice = {"branch": branch, "tag": tag, "commit": commit, "path": path}
    given = {name: value for name, value in choice.items() if value}
    if given and not isinstance(source, Address):
        raise click.UsageError(f"--{next(iter(given))} is for the address of a repository")
    manner = Manner(
        take_over=take_over,
        afresh=afresh,
        resync=resync,
        speaker=lambda _: teller(quiet=quiet, verbose=verbose),
    )
    if not listen and not metrics_listen and not isinstance(source, Address):
        folder = source if source is not None else Path()
        configured = consult(operator, None if source is None else folder).service
        if source is not None or not (configured.sources or configured.hooks or configured.metrics):
            keep(find(folder, operator), manner)
            return Exit.DONE
    from reconciler.cli.serving import Listening, serve  # noqa: PLC0415  # folders need none of it

    serve(source, given, interval, operator, Listening(listen, metrics_listen), manner)
    return Exit.DONE
