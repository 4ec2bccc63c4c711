"""What all of fate's hands share: the stage, the wishes, the laws, and a tally of what was done."""

from collections import Counter
from typing import ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from reconciler.controller import requests
from reconciler.model.fact import Fact, RunOpened
from reconciler.model.history import History
from tests.laws.of_engines import EngineLaws
from tests.laws.of_record import RecordLaws
from tests.laws.stage import Stage, Witness
from tests.laws.wishes import Wishes


class Judges(Witness):
    """The laws, in the place of whoever looks on."""

    def __init__(self, stage: Stage, wishes: Wishes, tally: Counter[str]) -> None:
        known = History()
        self.engines = EngineLaws(stage, wishes, known)
        self.record = RecordLaws(stage, wishes, known, self.engines)
        self.tally = tally

    def recorded(self, fact: Fact) -> None:
        self.tally["facts"] += 1
        self.record.recorded(fact)

    def called(self, node: str, verb: str, subject: str) -> None:
        self.tally["calls"] += 1
        self.engines.called(node, verb, subject)

    def started(self, node: str, name: str) -> None:
        self.tally["starts"] += 1
        self.engines.started(node, name)

    def forget(self, *facts: Fact) -> None:
        """The ledger was lost: these facts are all that is on record, and names are free again."""
        known = History()
        for fact in facts:
            known.apply(fact)
        self.engines.known = self.record.known = known
        self.record.fired.clear()
        self.record.asked.clear()
        self.engines.forget()


class Fate(RuleBasedStateMachine):
    """One project, two nodes, and everything that can happen to them."""

    # What has been done by all machines of this process, by kind.
    faults: ClassVar[Counter[str]] = Counter()
    checked: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.wishes = Wishes()
        self.stage = Stage()
        self.laws = Judges(self.stage, self.wishes, self.checked)
        self.stage.witness = self.laws
        self.since_calm = 0

    def fault(self, kind: str) -> None:
        """Count a fault."""
        self.faults[kind] += 1

    def ours(self) -> list[tuple[str, str]]:
        """Return (node, name) of each container of ours."""
        nodes = self.stage.nodes.items()
        return sorted((n, b.name) for n, node in nodes for b in node.boxes.values() if b.ours)

    def running(self) -> list[tuple[str, str]]:
        """Return (node, name) of each container of ours that runs."""
        return sorted((n, name) for n, node in self.stage.nodes.items() for name in node.running())

    def request(self, verb: str, **arguments: object) -> None:
        """Ask the reconciler, as the verbs do."""
        core = self.stage.core
        made = requests.judge(verb, arguments, core.desired, core.history, self.stage.now)
        for fact in made.facts:
            if isinstance(fact, RunOpened):
                self.laws.record.asked.add((fact.task, fact.run))
        core.note(made.facts)
        if made.look:
            self.stage.look()
