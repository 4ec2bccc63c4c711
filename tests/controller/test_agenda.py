"""What is planned next: as little as will do, and all that it concerns."""

from reconciler.controller.agenda import Agenda
from reconciler.model.action import Plan
from reconciler.model.desired import Dependency, DesiredTask
from reconciler.model.fact import RunCancelled
from reconciler.model.milestone import Milestone, Reached
from tests.support.desired import make_desired, make_job, make_task

DONE = Reached(Milestone.SUCCEEDED, "1 succeeded")


def after(name: str, other: str, job: str = "") -> DesiredTask:
    return make_task(name, depends_on=(Dependency(other),), job=job)


DESIRED = make_desired(
    make_task("a"),
    after("b", "a"),
    after("c", "b", job="j"),
    make_task("d", job="j"),
    make_task("e", job="k"),
    make_task("f", job="k"),
    jobs=[make_job("j", cancel=True), make_job("k")],
)


def planned(agenda: Agenda, made: Plan) -> set[str] | None:
    """Have an agenda take in a plan for what was to be planned; return what is next."""
    agenda.planned(agenda.take(), made, DESIRED)
    return agenda.dirty


def idle() -> Agenda:
    agenda = Agenda()
    assert planned(agenda, Plan()) == set()
    return agenda


def test_it_begins_with_everything_and_ends_with_nothing() -> None:
    agenda = Agenda()
    assert not agenda.empty
    assert not agenda.due
    assert agenda.take() is None
    assert agenda.empty


def test_news_of_a_task_is_for_those_that_wait_for_it() -> None:
    agenda = idle()
    agenda.add(["a"])
    assert planned(agenda, Plan(reached={"a": DONE})) == {"b"}
    assert agenda.due
    assert planned(agenda, Plan(reached={"b": None})) == set()
    agenda.add(["a"])
    assert planned(agenda, Plan(reached={"a": DONE})) == set(), "that is known"
    agenda.add(["a"])
    assert planned(agenda, Plan(reached={"a": None})) == {"b"}, "it has another run"


def test_news_of_a_task_is_for_its_job_where_a_failure_stops_that() -> None:
    agenda = idle()
    failed = Reached(Milestone.FAILED, "d/0: exit code 1")
    assert planned(agenda, Plan(reached={"d": failed})) == {"c", "d"}
    assert planned(agenda, Plan(reached={"e": failed})) == set()


def test_a_task_is_planned_again_once_its_end_is_on_record() -> None:
    ended = RunCancelled("a", 1, None, "its time is over", 1.0)
    assert planned(idle(), Plan(facts=(ended,))) == {"a"}


def test_what_was_taken_in_vain_is_taken_again() -> None:
    agenda = idle()
    agenda.add(["a"])
    taken = agenda.take()
    agenda.add(["b"])
    agenda.put_back(taken)
    assert agenda.dirty == {"a", "b"}
    agenda.put_back(None)
    assert agenda.take() is None
