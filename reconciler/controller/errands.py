"""Calls that were handed out and have not come back, and what planning is to know of them.

Decides nothing: while one is on its way, planning leaves its subject alone. A task may be renamed
meanwhile, and an event may tell of a call before its own result does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from reconciler.controller.board import Board
from reconciler.controller.happenings import Done, Finished, Hinted
from reconciler.model.action import Action, Underway, Verb
from reconciler.model.claim import Claim, claim_in
from reconciler.model.history import History

_SIGNALS = {Verb.STOP, Verb.KILL}
# Meanwhile other things may be decided of the same instance.
_ASIDE = {Verb.REMOVE, Verb.SNAPSHOT}


class Errands(dict[str, Action]):
    """Actions under way, by subject."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._signalled: set[str] = set()

    def hand_out(self, actions: Iterable[Action]) -> None:
        """Know that actions are on their way."""
        self.update((action.subject, action) for action in actions)

    def back(self, done: Finished) -> None:
        """Know that one has come back."""
        action = done.action
        self.pop(action.subject, None)
        if action.verb in _SIGNALS and isinstance(done.outcome, Done):
            self._signalled.add(action.container)
        if action.verb is Verb.REMOVE:
            self._signalled.discard(action.container)

    def keep_only(self, subjects: set[str]) -> None:
        """Know no more of those that will not be carried out."""
        for subject in self.keys() - subjects:
            del self[subject]

    def told_of(self, hint: Hinted) -> bool:
        """Whether an event only tells of a call whose own result is on its way."""
        return hint.event.name in self and hint.event.action in {"create", "start"}

    def underway(self, history: History, board: Board) -> Underway:
        """Return them as planning reads them."""
        actions = [as_owned(action, history) for action in self.values()]
        busy = [(a.key, a.verb) for a in actions if a.key is not None and a.verb not in _ASIDE]
        return Underway(
            frozenset(key for key, _ in busy),
            frozenset(key for key, verb in busy if verb in {Verb.CREATE, Verb.START}),
            frozenset(self),
            frozenset(self._signalled),
            self._coming(board),
        )

    def _coming(self, board: Board) -> Mapping[str, Sequence[Claim]]:
        """Return what those containers take that are being made, and that nobody has seen yet."""
        found = defaultdict[str, list[Claim]](list)
        for action in self.values():
            request = action.request
            if request is not None and not board.shows(action.node, request.name):
                found[action.node].append(claim_in(dict(request.labels)))
        return found


def as_owned(action: Action, history: History) -> Action:
    """Return an action as of the task's name now: it may have been renamed since."""
    moved = history.moved
    if action.sharers and moved:
        sharers = tuple((moved.get(run, run[0]), run[1]) for run in action.sharers)
        action = replace(action, sharers=sharers)
    task = moved.get((action.task, action.run))
    if task is None:
        return action
    attempt = history.owner(action.attempt) if action.attempt else None
    return replace(action, task=task, attempt=attempt)
