"""From a target to the containers of it that run now, for what is done inside them."""

from typing import TYPE_CHECKING

from reconciler.cli.exits import Failure
from reconciler.cli.options import Target
from reconciler.cli.standing import standing_of
from reconciler.cli.targets import known_instances, require
from reconciler.model.observed import Container
from reconciler.model.quantities import format_ranges

if TYPE_CHECKING:
    from reconciler.controller.reading import Report


def running_of(report: "Report", target: Target) -> list[Container]:
    """Return the containers of a target that run, one for each instance, by its id.

    Raises:
        Failure: there is no such target, or nothing of it runs; it says why.
    """
    require(report, target)
    newest: dict[int, Container] = {}
    for view in report.observed.nodes.values():
        for one in view.containers.of(target.task):
            if one.live and target.instance in {None, one.key.instance}:
                number = one.key.instance
                newest[number] = max(newest.get(number, one), one, key=lambda c: (c.run, c.attempt))
    if not newest:
        raise Failure(_idle(report, target))
    return [newest[number] for number in sorted(newest)]


def one_of(report: "Report", target: Target) -> Container:
    """Return the one container that a target means.

    Raises:
        Failure: as `running_of`, or several run.
    """
    found = running_of(report, target)
    if len(found) > 1:
        numbers = format_ranges(tuple(one.key.instance for one in found))
        first = f"{target.task}/{found[0].key.instance}"
        raise Failure(
            f"task {target.task} has {len(found)} instances that run, {numbers}: "
            f"say which, such as {first}"
        )
    return found[0]


def _idle(report: "Report", target: Target) -> str:
    """Return why nothing of a target runs."""
    standing = standing_of(report, target.task)
    if target.instance is None:
        numbers = known_instances(report, target.task)
        if len(numbers) != 1:
            return f"no instance of {target.task} runs: {_because(standing.state, standing.reason)}"
        target = Target(target.task, numbers[0])
    verdicts = [v for v in standing.verdicts if v.key.instance == target.instance]
    if not verdicts:
        return f"{target} does not run: {standing.reason}"
    newest = max(verdicts, key=lambda v: v.run)
    return f"{target} does not run: {_because(newest.state, newest.reason)}"


def _because(state: str, reason: str) -> str:
    return f"it is {state}" + (f" ({reason})" if reason and reason != state.lower() else "")
