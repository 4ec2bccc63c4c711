"""A preview says exactly what would be done, and does nothing."""

import copy
from collections.abc import Sequence

from reconciler.controller.almanac import Wall, scheduled
from reconciler.controller.execution import as_if
from reconciler.controller.happenings import Done
from reconciler.controller.preview import Preview, preview
from reconciler.engines.engine import Engine
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.action import Action, Verb
from reconciler.model.data import Bucket, Input, Resolved
from reconciler.model.desired import DesiredTask, OnScale, Restart, Retry, Schedule
from reconciler.model.history import History
from reconciler.model.observed import Containers, NodeView, Observed
from reconciler.planning.render import render_action
from tests.support.desired import make_desired, make_matrix, make_task
from tests.support.lab import Lab


def foresee(lab: Lab, *tasks: DesiredTask) -> Preview:
    """Commit to the lab, and preview on what it shows."""
    lab.commit(*tasks)
    shown = SimulatedEngine(lab.world).list("demo")
    observed = Observed({"local": NodeView("local", containers=Containers(shown))})
    images = {"local": dict(lab.world.images)}
    calendar = Wall(lambda: lab.now + lab.ahead).look(
        scheduled(lab.desired), lab.desired.pools.values()
    )
    return preview(lab.desired, observed, lab.core.history, lab.now, images, calendar)


def said(actions: list[Action]) -> list[str]:
    return [render_action(a) for a in actions if a.verb is not Verb.PULL]


def service(count: int, image: str = "busybox:stable") -> DesiredTask:
    spec = {"image": image}
    return make_task("web", count, restart=Restart.ALWAYS, retry=Retry(None), spec=spec)


def test_apply_does_what_the_preview_said() -> None:
    lab = Lab(make_task(count=2), service(2))
    lab.settle()
    lab.world.images["busybox:2"] = "sha256:b2"
    wanted = (make_task(count=3), service(1, "busybox:2"))
    before = copy.deepcopy(lab.world.journal)
    foreseen = foresee(lab, *wanted)
    assert lab.world.journal == before
    assert said(list(foreseen.now)) == said(lab.settle())


def fetched(engine: Engine, action: Action) -> Done:
    """Have inputs come to something that no description tells."""
    known = {action.fetching.description: Resolved("content")} if action.fetching else {}
    return as_if(engine, action, known)


def test_results_are_taken_over_as_the_preview_said() -> None:
    data = Input(bucket="data", target="/in")
    first, second, third = (
        make_task(name, 2, cache=True, spec={"inputs": (data,), "command": command})
        for name, command in (("first", ("a",)), ("second", ("a",)), ("third", ("b",)))
    )
    lab = Lab(first, buckets=[Bucket(name="data", url="file:///data")])
    lab.world.autoexit = lambda _: 0
    lab.carry = fetched
    lab.settle()
    lab.world.autoexit = Lab().world.autoexit
    foreseen = foresee(lab, first, second, third)
    assert said(list(foreseen.now)) == said(lab.settle())
    assert [str(a.key) for a in foreseen.now if a.verb is Verb.REUSE] == ["second/0", "second/1"]
    assert [str(a.key) for a in foreseen.now if a.verb is Verb.CREATE] == ["third/0", "third/1"]


def test_a_preview_of_what_is_to_run_takes_nothing_over() -> None:
    first, second = (make_task(name, cache=True) for name in ("first", "second"))
    lab = Lab(first)
    lab.world.autoexit = lambda _: 0
    lab.settle()
    lab.commit(first, second)
    core, images = lab.core, {"local": lab.world.images}
    shown = core.board.observed()
    for afresh, verb in ((False, Verb.REUSE), (True, Verb.CREATE)):
        seen = preview(lab.desired, shown, core.history, lab.now, images, afresh=afresh)
        assert [a.key for a in seen.now if a.verb in {Verb.REUSE, Verb.CREATE}] == second.keys()
        assert verb in {a.verb for a in seen.now}


def test_what_depends_on_outcomes_is_said_to_be_later() -> None:
    lab = Lab()
    foreseen = foresee(lab, make_task(count=3, parallelism=1))
    created = [a.subject for a in foreseen.now if a.verb is Verb.CREATE]
    later = [a.subject for a in foreseen.later if a.verb is Verb.CREATE]
    assert created == ["demo.work.1.0.1"]
    assert later == ["demo.work.1.1.1", "demo.work.1.2.1"]


def test_completed_work_that_would_run_again_is_counted() -> None:
    lab = Lab(make_task(count=2))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    assert foresee(lab, make_task(count=2)).reruns == 0
    assert foresee(lab, make_task(count=2, spec={"command": ("true",)})).reruns == 2


def test_an_image_that_is_missing_is_a_pull_and_one_that_is_there_is_not() -> None:
    lab = Lab()
    missing = foresee(lab, make_task(spec={"image": "far:1"}))
    assert [a.image for a in missing.now if a.verb is Verb.PULL] == ["far:1"]
    assert not [a for a in foresee(lab, make_task()).now if a.verb is Verb.PULL]


def test_a_node_that_cannot_be_seen_gets_nothing() -> None:
    lab = Lab()
    lab.commit(make_task())
    observed = Observed({"local": NodeView("local", known=False, reason="no answer")})
    foreseen = preview(lab.desired, observed, lab.core.history, lab.now, {})
    assert foreseen.now == ()
    assert foreseen.verdicts[0].reason == "no answer"


def test_an_instance_that_keeps_failing_does_not_make_the_preview_endless() -> None:
    lab = Lab(service(1))
    lab.settle()
    for _ in range(3):
        lab.now += 400
        lab.world.kill_by_hand(lab.live()[0])
        lab.settle()
    assert foresee(lab, service(1)).now == ()


def hourly(name: str = "work", count: int = 1, cron: str = "0 * * * *") -> DesiredTask:
    return make_task(name, count, schedule=Schedule(cron))


def made(actions: Sequence[Action]) -> list[str]:
    return [a.subject for a in actions if a.verb is Verb.CREATE]


def test_a_schedule_fires_once_and_later() -> None:
    lab = Lab()  # 1970-01-12 13:46:40 UTC
    foreseen = foresee(lab, hourly(count=2), make_task("other", schedule=Schedule("0 0 1 * *")))
    assert foreseen.now == ()
    assert made(foreseen.later) == ["demo.work.1.0.1", "demo.work.1.1.1", "demo.other.1.0.1"]
    reasons = {a.subject: a.cause.reason for a in foreseen.later if a.verb is Verb.CREATE}
    assert reasons["demo.other.1.0.1"] == "fired at 1970-02-01 00:00 UTC"
    assert lab.core.history.tasks == {}, "nothing was put on record"


def test_a_firing_that_is_due_is_the_only_one() -> None:
    lab = Lab(hourly())
    lab.world.autoexit = lambda _: 0
    lab.settle()
    lab.now += 7200
    foreseen = foresee(lab, hourly())
    assert made(foreseen.now) == ["demo.work.1.0.1"]
    assert made(foreseen.later) == []
    lab.settle()
    again = foresee(lab, hourly())
    assert (made(again.now), made(again.later)) == ([], ["demo.work.2.0.1"])
    assert again.reruns == 0, "that is what it is for"


def test_a_matrix_is_foreseen_by_the_ids_that_it_keeps() -> None:
    lab = Lab(make_matrix("work", {"a": ["1", "2"]}))
    lab.settle()
    foreseen = foresee(lab, make_matrix("work", {"a": ["2", "3"]}))
    assert made(foreseen.now) == ["demo.work.1.2.1"]


def test_what_completed_with_another_count_is_mentioned_or_runs_again() -> None:
    lab = Lab(make_task(count=2))
    lab.world.autoexit = lambda _: 0
    lab.settle()
    foreseen = foresee(lab, make_task(count=3))
    assert list(foreseen.notes) == ["work"]
    foreseen = foresee(lab, make_task(count=3, on_scale=OnScale.RERUN))
    assert (dict(foreseen.notes), foreseen.reruns) == ({}, 2)


def test_each_node_without_the_image_fetches_it_once_and_the_same() -> None:
    digests = [f"sha256:{digit * 64}" for digit in "ab"]
    old, new = (f"far:1@{digest}" for digest in digests)
    work = make_task("work", 3, spec={"image": "far:1"})
    desired = make_desired(work, nodes=("a", "b", "c"))
    observed = Observed({name: NodeView(name) for name in desired.nodes})
    images = {"a": {"far:1": old}, "b": {"far:1": new}, "c": {}}
    made = preview(desired, observed, History(), 0.0, images)
    pulls = [(a.node, a.reference) for a in made.now if a.verb is Verb.PULL]
    assert pulls == [("c", ""), ("b", old)]

    desired = make_desired(work, nodes=("a", "b", "c"), locks={"far:1": digests[1]})
    images |= {"a": {"far:1": old, new: new}, "c": {new: new}}
    made = preview(desired, observed, History(), 0.0, images)
    assert [a for a in made.now if a.verb is Verb.PULL] == []
    images["a"] = {"far:1": old}
    made = preview(desired, observed, History(), 0.0, images)
    assert [(a.node, a.reference) for a in made.now if a.verb is Verb.PULL] == [("a", new)]
