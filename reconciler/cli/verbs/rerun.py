"""`rerun`: all of it again, as a new run."""

import click

from reconciler.cli import options
from reconciler.cli.again import again
from reconciler.cli.exits import Exit
from reconciler.cli.options import Target


@click.command("rerun")
@options.target_or_job_argument
@options.source_option
@options.operator_options
@click.option("--timeout", type=options.Duration(), help="Give up waiting after this long: 1m.")
def command(
    target: Target, source: options.Where, operator: options.Chosen, timeout: float | None
) -> Exit:
    """Run all instances of TARGET, a TASK or job/JOB, again on purpose: as a new run.

    What runs now gives way to it, of a service instance by instance. Earlier outcomes stay on
    record.
    """
    return again("rerun", target, source, operator, timeout)
