"""What `suspend` and `resume` are about: one task, one job, or everything; and until when."""

import functools
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import click

from reconciler.model.suspension import target_of

Verb = Callable[..., Any]


class Moment(click.ParamType[float]):
    """Epoch seconds, from a date with a time of day, or a time of day that comes next."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return epoch seconds; a time without a zone is local."""
        if isinstance(value, float):
            return value
        now = datetime.now().astimezone()
        try:
            return datetime.fromisoformat(str(value)).astimezone(now.tzinfo).timestamp()
        except (ValueError, OverflowError):
            pass
        try:
            today = datetime.combine(now, time.fromisoformat(str(value))).astimezone()
        except ValueError:
            self.fail(f"{value!r} is no time, such as 18:00 or 2026-12-24T18:00", param, ctx)
        return (today if today > now else today + timedelta(days=1)).timestamp()


def target_options(verb: Verb) -> Verb:
    """Give a verb `target`, as suspensions are kept: by a task, --job or --all."""

    @click.argument("task", required=False, metavar="[TASK]")
    @click.option("--job", metavar="JOB", help="All tasks of this job.")
    @click.option("--all", "everything", is_flag=True, help="All tasks, also those to come.")
    @functools.wraps(verb)
    def wrapped(*, task: str | None, job: str | None, everything: bool, **others: object) -> object:
        if sum((task is not None, job is not None, everything)) != 1:
            raise click.UsageError("say what is meant, once: TASK, --job JOB or --all")
        if task is not None and task.startswith("job/"):
            job, task = task.removeprefix("job/"), None
        return verb(target=target_of(task=task or "", job=job or ""), **others)

    return wrapped
