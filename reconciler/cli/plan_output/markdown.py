"""A plan as a pull request's comment: the answer first, what it is made of folded away."""

from collections.abc import Iterable, Sequence
from typing import Final

from reconciler.cli.comparing import Compared, Side
from reconciler.cli.markdown import Section, code, document, prose, table
from reconciler.cli.plan_output import comparison as comparing
from reconciler.cli.plan_output import live
from reconciler.cli.plan_output.values import values
from reconciler.cli.steps import Step
from reconciler.cli.text import plural
from reconciler.controller.preview import Preview
from reconciler.model.action import Cause
from reconciler.model.comparison import Change, Comparison, NodeChange, TaskChange
from reconciler.model.desired import Desired

# What the comment's first line begins with; the project's name follows.
MARKER: Final = "reconciler:plan:"
_HASH: Final = 12
_MOST_NOTES: Final = 10


def of_preview(desired: Desired, preview: Preview, notes: Sequence[str]) -> str:
    """Return what would be done now."""
    steps = live.steps_of(desired, preview)
    head = [
        *_title(desired.project, live.sum_up(steps)),
        *_warned("Note", notes),
        *_warned("Held", [hold.message for hold in preview.holds]),
    ]
    sections = [*_steps("", steps.now), *_steps("later, as if all succeed: ", steps.later)]
    return document(f"{MARKER}{desired.project}", head, sections)


def of_comparison(made: Compared) -> str:
    """Return what one revision would change in another."""
    found = made.comparison
    head = [
        *_title(found.project, comparing.sum_up(found)),
        "",
        f"{_side(made.before)} → {_side(made.after)}",
        "",
        *table(["asked for", "before", "after"], comparing.totals(found)),
        *_warned("Note", made.notes),
        *_warned("Held", [hold.message for hold in found.holds]),
    ]
    return document(f"{MARKER}{found.project}", head, _changes(found))


def _title(project: str, summary: str) -> list[str]:
    return [f"### Plan for {code(project)}", "", f"**{summary}**"]


def _warned(word: str, sentences: Sequence[str]) -> list[str]:
    """Return sentences that one must not miss, below the answer."""
    shown = [f"- **{word}:** {prose(sentence)}" for sentence in sentences[:_MOST_NOTES]]
    if len(sentences) > _MOST_NOTES:
        shown.append(f"- … and {len(sentences) - _MOST_NOTES} more")
    return ["", *shown] if shown else []


def _side(side: Side) -> str:
    if not side.name:
        return "the folder as it is"
    short = code(side.commit[:_HASH])
    return short if side.commit.startswith(side.name) else f"{code(side.name)} ({short})"


# --- what would be done now ------------------------------------------------------------------


def _steps(when: str, steps: Sequence[Step]) -> Iterable[Section]:
    for kind, (_, word, _) in live.SYMBOLS.items():
        lines = [_step(step) for step in steps if step.kind is kind]
        yield Section(f"{when}{len(lines)} to {word}", lines)


def _step(step: Step) -> str:
    return f"- {code(step.subject)}: {_why(step.cause)}"


# --- what differs between two revisions --------------------------------------------------------


def _changes(found: Comparison) -> Iterable[Section]:
    for change, (_, _, words) in comparing.SYMBOLS.items():
        concerned = [task for task in found.tasks if task.change is change]
        yield Section(_heading(change, words, concerned), [_task(task) for task in concerned])
    yield Section(plural(len(found.nodes), "node"), [_node(node) for node in found.nodes])


def _heading(change: Change, words: str, tasks: Sequence[TaskChange]) -> str:
    said = f"{plural(len(tasks), 'task')} {words}"
    count = sum(comparing.concerned(task) for task in tasks)
    quiet = change in {Change.SCALE, Change.SETTINGS}
    return said if quiet else f"{said}: {plural(count, 'instance')}"


def _task(change: TaskChange) -> str:
    causes = comparing.causes(change)
    lead = f"- **{code(change.task)}** ({comparing.instances(change)})"
    if len(causes) == 1:
        return f"{lead}: {_why(causes[0])}"
    return "\n".join([lead, *(f"  - {_why(cause)}" for cause in causes)])


def _node(change: NodeChange) -> str:
    said = comparing.NODE_WORDS.get(change.change)
    if said is None:
        said = "; ".join(_why(difference.cause) for difference in change.differences)
    return f"- **{code(change.node)}**: {said}"


# --- both --------------------------------------------------------------------------------------


def _why(cause: Cause) -> str:
    at = f" · {code(str(cause.at))}" if cause.at.path else ""
    if not cause.field or not (cause.old or cause.new):
        return f"{prose(cause.reason)}{at}"
    old, new = values(cause)
    difference = f"{code(cause.field)}: {code(old)} → {code(new)}"
    alone = cause.reason == f"{cause.field} changed"
    return f"{difference}{at}" if alone else f"{prose(cause.reason)} ({difference}){at}"
