"""What a request names: a task, one of its instances, or a job; and which names there are.

Decides what is said of a name that means nothing.
"""

from collections.abc import Iterable
from typing import Self

from msgspec import Struct

from reconciler.controller.requests.judged import Arguments
from reconciler.model.desired import Desired
from reconciler.model.history import History
from reconciler.model.run import Run
from reconciler.planning.runs import open_runs


class Named(Struct, frozen=True):
    """A task, one of its instances, or a job: what is not meant is empty or None."""

    task: str = ""
    instance: int | None = None
    job: str = ""

    @classmethod
    def of(cls, arguments: Arguments) -> Self:
        """Return what a request's arguments name."""
        task, job = str(arguments.get("task") or ""), str(arguments.get("job") or "")
        raw = arguments.get("instance")
        return cls(task, int(str(raw)) if raw is not None else None, job)

    def __str__(self) -> str:
        """Render as people type it."""
        if self.job:
            return f"job/{self.job}"
        return self.task if self.instance is None else f"{self.task}/{self.instance}"

    def tasks(self, desired: Desired) -> list[str]:
        """Return the names of the tasks that are meant."""
        if not self.job:
            return [self.task]
        return sorted(task.name for task in desired.tasks.values() if task.job == self.job)

    def unknown(self, desired: Desired, history: History) -> str:
        """Return why the name means nothing, empty where it is one of what is asked for."""
        if self.job:
            return no_job(self.job, desired)
        if self.task not in desired.tasks:
            return no_task(self.task, desired, history)
        if self.instance is not None and self.instance not in desired.tasks[self.task].instances:
            return f"task {self.task} has no instance {self.instance}"
        return ""


def going(desired: Desired, history: History, name: str) -> list[Run]:
    """Return a task's runs that go on, of what is asked for now; a schedule may have several."""
    task = desired.tasks.get(name)
    return open_runs(task, history.tasks.get(name)) if task is not None else []


def present_run(desired: Desired, history: History, name: str) -> Run | None:
    """Return a task's newest run of what is asked for now, over or not, None for none."""
    task, known = desired.tasks.get(name), history.tasks.get(name)
    return known.present(task) if task is not None and known is not None else None


def no_job(name: str, desired: Desired) -> str:
    """Return why there is no such job, empty where there is."""
    jobs = sorted({task.job for task in desired.tasks.values() if task.job})
    return "" if name in jobs else f"there is no job {name}{meant(name, jobs)}"


def no_task(name: str, desired: Desired, history: History) -> str:
    """Say of a task that is not asked for whether it ever was."""
    if name in history.tasks:
        return f"task {name} is not asked for any more"
    return f"there is no task {name}{meant(name, {*desired.tasks, *history.tasks})}"


def meant(name: str, known: Iterable[str]) -> str:
    """Return the name that may have been meant, as the end of a sentence."""
    import difflib  # noqa: PLC0415  # only mistakes need it

    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
