"""The laws that are seen on engines: what runs, what was started, what was touched.

Held against the truth, which no reconciler sees: each node's own journal, at the moment at which
a call reaches it and a program begins.
"""

from collections import Counter

from msgspec import Struct, field

from reconciler.model.fact import Result
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey, InstanceKey, parse_container_name
from reconciler.model.observed import Phase
from tests.laws.stage import Stage
from tests.laws.wishes import SERVICE, Wishes

SURGE = 1
_CHANGING = {"create", "start", "signal", "remove"}
Slot = tuple[InstanceKey, int]


class EngineLaws(Struct):
    """What was seen on engines so far. `known` is what is on record."""

    stage: Stage
    wishes: Wishes
    known: History
    # By container: how often its program began; by instance and run: how many programs did.
    starts: Counter[str] = field(default_factory=Counter)
    begun: Counter[Slot] = field(default_factory=Counter)
    # Ends on record, other than of what never ran, by instance and run.
    ended: Counter[Slot] = field(default_factory=Counter)
    # By container: how many might run at once when its start was decided, None for no bound.
    bounds: dict[str, int | None] = field(default_factory=dict)
    foreign: dict[tuple[str, str], str] = field(default_factory=dict)
    # What somebody stopped by hand: it may exit with 0, which tells nothing to who saw no signal.
    told_to_end: set[str] = field(default_factory=set)
    engine_ended: set[tuple[str, str]] = field(default_factory=set)
    # What an engine took with it when it died, so that nobody could see how it ended.
    killed_with_engine: set[tuple[str, str]] = field(default_factory=set)
    # What runs on where its node was lost, and may be begun elsewhere beside that.
    given_up: set[str] = field(default_factory=set)

    # --- while it happens ------------------------------------------------------------------

    def called(self, node: str, verb: str, subject: str) -> None:
        """Laws 8 and 9, and the order that makes crashes harmless, at the moment of a call."""
        if verb not in _CHANGING:
            return
        assert (node, subject) not in self.foreign or verb == "create", (verb, subject)
        if parse_container_name(subject) is None:
            return  # an id of what is there no more
        record = self.known.attempt(self.owner(subject))
        assert record is not None, f"{verb} of {subject}, which is not on record"
        if verb == "remove" and self.starts[subject]:
            assert record.ended, f"law 8: {subject} is removed before its end is on record"
        if verb == "start":
            assert record.start_requested_at, f"{subject} starts, and that is not on record"
            # Of a start that an engine's death has cut off it is on record that it may come.
            unsure = record.result is Result.LOST and record.reason.endswith("begun is not known")
            assert unsure or not record.ended, f"law 3: {subject} starts after its end"
        if verb == "signal":
            assert record.stop_requested_at, f"{subject} is stopped, and that is not on record"
        if verb == "create" and not self.stage.landing:
            assert not record.ended, f"law 3: {subject} is made after its end"

    def started(self, node: str, name: str) -> None:
        """Laws 4 and 12, at the moment at which a program begins; and that it has its data."""
        self._has_its_data(node, name)
        attempt = self.attempt(name)
        slot = attempt.key, attempt.run
        self.starts[name] += 1
        self.begun[slot] += 1
        assert self.starts[name] == 1, f"law 4: {name} was started twice"
        most = 1 + self.ended[slot] + (SURGE if attempt.key.task == SERVICE else 0)
        most += sum(self._place(other) == self._place(name) for other in self.given_up)
        assert self.begun[slot] <= most, f"law 4: {slot} began {self.begun[slot]} times"
        self._within_parallelism(attempt)

    def _has_its_data(self, node: str, name: str) -> None:
        box = self.stage.nodes[node].boxes[name]
        wanted = {one.target for one in box.request.provisions} if box.request else set()
        assert wanted <= box.provided, f"{name} starts without its data at {wanted - box.provided}"

    def _within_parallelism(self, started: AttemptKey) -> None:
        """Law 12: no more run at once than might when any of them was asked to start."""
        task = started.key.task
        mates = [n for n in self.live() if self.attempt(n).key.task == task]
        if self.overlaps(task):
            mates = [n for n in mates if self.attempt(n).run == started.run]
        bounds = [self.bounds.get(name) for name in mates]
        most = None if None in bounds else max(b for b in bounds if b is not None)
        surge = SURGE if task == SERVICE else 0
        live = {self.attempt(name).key for name in mates}
        assert most is None or len(live) <= most + surge, f"law 12: {mates} run, {most} may"

    # --- after every step ------------------------------------------------------------------

    def check(self) -> None:
        """Laws 1 and 9, which hold at any time."""
        live = Counter(self._place(name) for name in self.live() if name not in self.given_up)
        more = {place: n - 1 for place, n in live.items() if n > 1}
        assert all(place[0].task == SERVICE for place in more), f"law 1: {live}"
        assert sum(more.values()) <= SURGE, f"law 1: {live}"
        for (node, name), container in self.foreign.items():
            box = self.stage.nodes[node].boxes[name]
            assert box.id == container, f"law 9: {name} was replaced"
            alive = box.phase is Phase.RUNNING or (node, name) in self.engine_ended
            assert alive, f"law 9: {name} was stopped"

    def _place(self, name: str) -> Slot:
        """Return what one container at most may stand for: where runs overlap, in each run."""
        attempt = self.attempt(name)
        return attempt.key, attempt.run if self.overlaps(attempt.key.task) else 0

    # --- what is asked ---------------------------------------------------------------------

    def live(self) -> list[str]:
        """Return the names of all our containers that run, on nodes in reach and out of it."""
        return [name for node in self.stage.nodes.values() for name in node.running()]

    def attempt(self, name: str) -> AttemptKey:
        """Return whose container it is, by the first name of its task."""
        found = _parsed(name)
        return AttemptKey(self.wishes.first(found.key), found.run, found.attempt)

    def owner(self, name: str) -> AttemptKey:
        """Return whose container it is, by the present name of its task."""
        return self.known.owner(_parsed(name))

    def overlaps(self, first: str) -> bool:
        """Whether runs of a task have been allowed to overlap."""
        return first in self.wishes.overlapped

    def gives_up(self, name: str) -> None:
        """Take in that nobody waits for a container any more whose node was lost."""
        self.given_up.add(name)

    def ends(self, attempt: AttemptKey, result: Result) -> None:
        """Take in that an attempt's end is on record."""
        if result is not Result.BURNT:
            self.ended[self.wishes.first(attempt.key), attempt.run] += 1

    def forget(self) -> None:
        """Know nothing of names that are free again, for the ledger was lost.

        Nobody can tell any more how that came to its end which has: its exit code is believed.
        """
        there: set[str] = set()
        for node in self.stage.nodes.values():
            there |= {name for name, box in node.boxes.items() if box.ours}
            node.ends = {name: end for name, end in node.ends.items() if name in node.boxes}
            node.journal.done = {n for n, b in node.boxes.items() if b.exit_code == 0}
        self.killed_with_engine.clear()
        self.starts = Counter({name: n for name, n in self.starts.items() if name in there})
        self.begun = Counter((a.key, a.run) for a in map(self.attempt, self.starts))
        self.bounds = {name: bound for name, bound in self.bounds.items() if name in there}
        self.given_up &= there
        self.ended.clear()


def _parsed(name: str) -> AttemptKey:
    found = parse_container_name(name)
    assert found is not None, name
    return found[1]
