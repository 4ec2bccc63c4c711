"""What is protected outlives its manifest, and ends only when a person says so."""

from reconciler.controller import requests
from reconciler.model.action import InstanceState
from reconciler.model.desired import Restart, Retry
from reconciler.planning.cause import PROTECTED
from tests.support.desired import make_task
from tests.support.lab import Lab

WEB = make_task("web", 2, restart=Restart.ALWAYS, retry=Retry(None), protected=True)


def ask(lab: Lab, verb: str, **arguments: object) -> requests.Judged:
    judged = requests.judge(verb, arguments, lab.desired, lab.core.history, lab.now)
    lab.core.note(judged.facts)
    lab.settle()
    return judged


def test_instances_stay_when_the_manifest_goes() -> None:
    lab = Lab(WEB, make_task("other"))
    lab.settle()
    before = lab.live()
    assert lab.apply() != []
    assert lab.live() == ["demo.web.1.0.1", "demo.web.1.1.1"] == before[1:]
    assert lab.verdict("web").reason == PROTECTED
    assert lab.verdict("web").settled
    lab.crash()
    assert lab.settle() == []


def test_it_holds_nothing_up() -> None:
    many = make_task("many", 8, protected=True)
    lab = Lab(many)
    lab.settle()
    lab.apply()
    assert lab.core.holds == ()
    assert len(lab.live()) == 8


def test_an_outcome_is_recorded_and_the_container_stays() -> None:
    lab = Lab(make_task("work", protected=True))
    lab.settle()
    lab.apply()
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert lab.verdict("work").state is InstanceState.SUCCEEDED
    assert list(lab.world.boxes) == ["demo.work.1.0.1"]


def test_it_comes_back_with_its_manifest() -> None:
    lab = Lab(WEB)
    lab.settle()
    lab.apply()
    assert lab.apply(WEB) == []


def test_without_protection_it_goes() -> None:
    lab = Lab(WEB)
    lab.settle()
    lab.apply(make_task("web", 2, restart=Restart.ALWAYS, retry=Retry(None)))
    lab.apply()
    assert lab.live() == []


def test_destroying_the_task_ends_it() -> None:
    lab = Lab(WEB)
    lab.settle()
    assert ask(lab, "destroy", tasks=["web"]).message.startswith("task web is asked for at")
    lab.apply()
    assert ask(lab, "destroy", tasks=["web"]).ok
    assert lab.live() == []
    assert lab.core.holds == ()


def test_destroying_everything_ends_it() -> None:
    lab = Lab(WEB)
    lab.settle()
    lab.apply()
    ask(lab, "destroy")
    assert lab.live() == []
