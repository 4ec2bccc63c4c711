"""`retry`: what has failed goes on, in the same run."""

import click

from reconciler.cli import options
from reconciler.cli.again import again
from reconciler.cli.exits import Exit
from reconciler.cli.options import Target


@click.command("retry")
@options.target_or_job_argument
@options.source_option
@options.operator_options
@click.option("--timeout", type=options.Duration(), help="Give up waiting after this long: 1m.")
def command(
    target: Target, source: options.Where, operator: options.Chosen, timeout: float | None
) -> Exit:
    """Let what has failed of TARGET go on, at once and with all its attempts before it.

    TARGET is a TASK, TASK/INSTANCE or job/JOB. What has succeeded stays so. What a person has
    stopped goes on only where the very same is named.
    """
    return again("retry", target, source, operator, timeout)
