"""A plan as stable text: the same plan always reads the same, so that plans can be compared."""

from collections.abc import Iterator

from reconciler.model.action import Action, Cause, Plan


def render(plan: Plan) -> str:
    """Return one line for each action in order, then holds; empty for an empty plan."""
    lines = [line for action in plan.actions for line in [render_action(action)]]
    lines += [f"hold    {hold.message}" for hold in plan.holds]
    return "".join(f"{line}\n" for line in lines)


def render_action(action: Action) -> str:
    """Return `verb subject @node: reason (field: old → new) path:line:col`."""
    name = action.subject.removeprefix(f"image:{action.node}:")
    return f"{action.verb:<7} {name} @{action.node}: {' '.join(_why(action.cause))}"


def _why(cause: Cause) -> Iterator[str]:
    yield cause.reason
    if cause.field and (cause.old or cause.new):
        yield f"({cause.field}: {cause.old or 'none'} → {cause.new or 'none'})"
    if cause.at.path:
        yield str(cause.at)
