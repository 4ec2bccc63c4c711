"""Nodes that do not answer for long: what begins elsewhere, and what stays when they are back."""

import pytest

from reconciler.engines.engine import UnreachableError
from reconciler.model.action import InstanceState
from reconciler.model.desired import DesiredTask, Restart, Retry
from reconciler.model.fact import Result
from tests.support.desired import make_task
from tests.support.many import Many

TIMEOUT = 120.0


def service(count: int = 1) -> DesiredTask:
    return make_task("web", count, restart=Restart.ALWAYS, retry=Retry(None))


def batch(count: int = 1, retries: int = 1, *, replaced: bool = True) -> DesiredTask:
    return make_task("work", count, retry=Retry(retries), replaced=replaced)


def results(lab: Many, task: str = "work", instance: int = 0) -> list[Result | None]:
    return [a.result for a in lab.core.history.tasks[task].runs[1].attempts_of(instance)]


@pytest.fixture
def lab() -> Many:
    return Many("a", "b")


class TestWhatBeginsElsewhere:
    def test_a_service_does_when_its_node_has_been_silent_for_long(self, lab: Many) -> None:
        lab.apply(service())
        lab.lose("a")
        lab.wait(TIMEOUT - 1)
        assert lab.live() == {"a": ["demo.web.1.0.1"]}
        said = lab.verdict("web")
        assert said.state is InstanceState.UNKNOWN
        assert said.reason.endswith("begins elsewhere in 2m")
        lab.wait(1)
        assert lab.live() == {"a": ["demo.web.1.0.1"], "b": ["demo.web.1.0.2"]}
        assert lab.verdict("web").state is InstanceState.RUNNING
        assert lab.told("forsaken") == ["node a has been lost for longer than 2m"]

    @pytest.mark.parametrize("crashed", [False, True])
    def test_changed_work_of_a_service_does(self, lab: Many, crashed: bool) -> None:  # a case
        lab.apply(service())
        lab.lose("a")
        lab.apply(make_task("web", restart=Restart.ALWAYS, spec={"env": (("LEVEL", "2"),)}))
        if crashed:
            lab.crash()
            lab.settle()
        lab.wait(TIMEOUT - 1)
        assert lab.live() == {"a": ["demo.web.1.0.1"]}
        assert lab.verdict("web").state is InstanceState.UNKNOWN
        lab.wait(1)
        assert lab.live() == {"a": ["demo.web.1.0.1"], "b": ["demo.web.2.0.1"]}
        lab.heal("a")
        lab.wait(60)  # the new one has proved itself
        assert lab.live() == {"b": ["demo.web.2.0.1"]}
        assert lab.settle() == []

    def test_a_batch_instance_waits_where_nothing_else_is_said(self, lab: Many) -> None:
        lab.apply(batch(replaced=False))
        lab.lose("a")
        lab.wait(10 * TIMEOUT)
        assert lab.live() == {"a": ["demo.work.1.0.1"]}
        assert lab.verdict().state is InstanceState.UNKNOWN

    def test_a_batch_instance_does_where_it_may_and_has_a_retry(self, lab: Many) -> None:
        lab.apply(batch())
        lab.lose("a")
        lab.wait(TIMEOUT)
        assert lab.live() == {"a": ["demo.work.1.0.1"], "b": ["demo.work.1.0.2"]}
        assert results(lab) == [None, None]

    def test_a_batch_instance_without_a_retry_waits_and_says_so(self, lab: Many) -> None:
        lab.apply(batch(retries=0))
        lab.lose("a")
        lab.wait(TIMEOUT)
        assert lab.live() == {"a": ["demo.work.1.0.1"]}
        assert lab.verdict().reason.endswith("no retry is left for it to begin elsewhere")

    def test_each_loss_takes_a_retry(self) -> None:
        lab = Many("a", "b", "c")
        lab.apply(batch(retries=1))
        lab.lose("a")
        lab.wait(TIMEOUT)
        lab.lose("b")
        lab.wait(TIMEOUT)
        assert lab.live() == {"a": ["demo.work.1.0.1"], "b": ["demo.work.1.0.2"]}
        assert lab.verdict().state is InstanceState.UNKNOWN

    def test_what_has_never_started_does_at_once(self, lab: Many) -> None:
        lab.tasks = (batch(replaced=False),)
        lab.core.set_desired(lab.next())
        while not lab.worlds["a"].boxes:
            lab.driver.step()
        assert lab.live() == {}
        lab.lose("a")
        assert lab.live() == {"b": ["demo.work.1.0.2"]}
        assert results(lab) == [Result.BURNT, None]
        lab.heal("a")
        assert lab.worlds["a"].boxes == {}

    def test_what_may_yet_begin_there_counts_as_begun(self, lab: Many) -> None:
        """The engine may carry out a start long after whoever asked for it has given up."""

        def vanish(call: str, subject: str, when: str) -> Exception | None:
            if call != "start" or when != "before":
                return None
            lab.worlds["a"].unreachable = True
            return UnreachableError("it is still on its way")

        lab.worlds["a"].faults = vanish
        lab.apply(batch())
        lab.wait(TIMEOUT)
        assert lab.live() == {"b": ["demo.work.1.0.2"]}
        lab.heal("a")
        assert results(lab) == [Result.LOST, None]
        assert lab.worlds["a"].boxes == {}
        assert lab.live() == {"b": ["demo.work.1.0.2"]}

    def test_nothing_does_where_there_is_no_other_node(self) -> None:
        lab = Many("a")
        lab.apply(service())
        lab.lose("a")
        lab.wait(TIMEOUT)
        assert "nowhere else to begin" in lab.verdict("web").reason

    def test_the_silence_is_measured_over_a_crash(self, lab: Many) -> None:
        lab.apply(service())
        lab.lose("a")
        lab.wait(TIMEOUT - 1)
        lab.crash()
        lab.wait(1)
        assert lab.live() == {"a": ["demo.web.1.0.1"], "b": ["demo.web.1.0.2"]}

    def test_nothing_does_before_the_node_is_asked_again_after_a_crash(self, lab: Many) -> None:
        lab.apply(service(), batch())
        before = lab.live()
        lab.lose("a")
        lab.wait(TIMEOUT - 1)
        lab.worlds["a"].unreachable = False
        lab.crash(look=False)
        both = lab.driver.engines
        lab.driver.engines = {"b": both["b"]}
        assert lab.wait(10 * TIMEOUT) == []
        lab.driver.engines = both
        lab.settle()
        assert lab.live() == before

    def test_what_has_completed_is_not_lost_with_its_node(self, lab: Many) -> None:
        lab.apply(batch())
        lab.finish("a", "demo.work.1.0.1")
        lab.settle()
        lab.lose("a")
        lab.wait(TIMEOUT)
        assert lab.verdict().state is InstanceState.SUCCEEDED
        assert lab.live() == {}


class TestWhatStays:
    @pytest.fixture(autouse=True)
    def _begun_elsewhere(self, lab: Many) -> None:
        lab.apply(service(), batch(retries=2))
        for node in ("a", "b"):
            names = lab.live()[node]
            if any("work" in name for name in names):
                self.first, self.other = node, "b" if node == "a" else "a"
        lab.lose(self.first)
        lab.wait(TIMEOUT)
        assert "demo.work.1.0.2" in lab.live()[self.other]

    def test_the_one_that_has_run_for_longest(self, lab: Many) -> None:
        lab.heal(self.first)
        live = [name for names in lab.live().values() for name in names if "work" in name]
        assert live == ["demo.work.1.0.1"]
        assert results(lab) == [None, Result.CANCELLED]
        told = lab.core.history.tasks["work"].runs[1].attempts_of(0)[1].reason
        assert told == f"attempt 1 has run for longer, on node {self.first}, which is back"
        lab.finish(self.first, "demo.work.1.0.1")
        lab.settle()
        assert lab.verdict().state is InstanceState.SUCCEEDED
        assert lab.settle() == []

    def test_what_has_finished_while_away_counts(self, lab: Many) -> None:
        lab.finish(self.first, "demo.work.1.0.1")
        lab.heal(self.first)
        assert results(lab) == [Result.SUCCEEDED, Result.CANCELLED]
        assert lab.verdict().state is InstanceState.SUCCEEDED
        assert not [n for names in lab.live().values() for n in names if "work" in n]

    def test_what_has_failed_while_away_counts_and_ends_nothing(self, lab: Many) -> None:
        lab.finish(self.first, "demo.work.1.0.1", 3)
        lab.heal(self.first)
        assert results(lab) == [Result.FAILED, None]
        assert lab.verdict().state is InstanceState.RUNNING
        lab.finish(self.other, "demo.work.1.0.2")
        lab.settle()
        assert lab.verdict().state is InstanceState.SUCCEEDED

    def test_what_has_finished_elsewhere_before_it_is_back(self, lab: Many) -> None:
        lab.finish(self.other, "demo.work.1.0.2")
        lab.settle()
        assert lab.verdict().state is InstanceState.SUCCEEDED
        lab.heal(self.first)
        assert results(lab) == [Result.CANCELLED, Result.SUCCEEDED]
        assert not [n for names in lab.live().values() for n in names if "work" in n]

    def test_what_is_gone_when_it_is_back_is_lost(self, lab: Many) -> None:
        lab.worlds[self.first].remove_by_hand("demo.work.1.0.1")
        lab.heal(self.first)
        assert results(lab) == [Result.LOST, None]
        assert lab.verdict().state is InstanceState.RUNNING
        assert lab.settle() == []

    def test_the_newer_of_two_generations(self, lab: Many) -> None:
        changed = make_task(
            "work", 1, retry=Retry(2), replaced=True, spec={"command": ("sleep", "9")}
        )
        lab.apply(service(), changed)
        lab.heal(self.first)
        live = [name for names in lab.live().values() for name in names if "work" in name]
        assert [name.rpartition(".")[0] for name in live] == ["demo.work.2.0"]
