"""How images are made present: once for all that wait for the same, and meant once for each run."""

import pytest

from reconciler.controller.execution import carry_out
from reconciler.engines.engine import TransientError
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.action import Action, Verb
from reconciler.model.confidence import Origin, RegistryLogin
from reconciler.model.desired import Backoff, DesiredTask, Retry
from reconciler.model.images import digest_in
from reconciler.model.observed import Phase
from tests.support.desired import make_task
from tests.support.lab import Lab
from tests.support.many import Many

TAG = "far:1"
OLD, NEW = (f"{TAG}@sha256:{digit * 64}" for digit in "ab")


def pulls(actions: list[Action]) -> list[str]:
    return [action.task for action in actions if action.verb is Verb.PULL]


def of(name: str, image: str = "busybox:stable", pull: str = "missing") -> DesiredTask:
    return make_task(name, spec={"image": image, "pull": pull})


def test_tasks_that_ask_for_the_same_image_share_a_pull() -> None:
    lab = Lab(of("a"), of("b"), of("c"), make_task("d", 3))
    assert pulls(lab.settle()) == ["a"]
    assert len(lab.live()) == 6


def test_what_is_fetched_on_other_terms_is_asked_for_apart() -> None:
    lab = Lab(of("a"), of("b", pull="always"))
    lab.world.in_registry = lambda _: True
    assert pulls(lab.settle()) == ["a", "b"]
    assert len(lab.live()) == 2


def test_who_has_the_image_does_not_wait_for_who_asks_a_registry_that_is_away() -> None:
    lab = Lab(of("a", pull="always"), of("b"), of("c", "far:1", pull="never"), of("d", "far:1"))
    lab.world.faults = lambda call, subject, _: (
        TransientError("it is away") if (call, subject) == ("pull", "busybox:stable") else None
    )
    lab.settle()
    assert lab.live() == ["demo.b.1.0.1", "demo.d.1.0.1"]
    assert lab.verdict("a").reason == (
        "it is away; the node has one, which does not serve, for pull is always"
    )
    assert lab.verdict("c").reason == "image far:1 is not on node local, and pull is never"


def test_who_has_a_login_does_not_wait_for_who_has_another_one() -> None:
    logins = [RegistryLogin(credentials="lab"), RegistryLogin(username="ada", password=Origin())]
    tasks = [make_task(f"t{n}", spec={"image": "far:1", "login": logins[n % 2]}) for n in range(4)]
    assert pulls(Lab(*tasks).settle()) == ["t0", "t1"]


def test_a_task_that_comes_while_its_image_is_pulled_goes_on_after_that() -> None:
    lab = Lab(of("a"))
    (pull,) = lab.core.turn()
    lab.commit(of("a"), of("b"))
    assert lab.core.turn() == []
    lab.core.finished(carry_out(SimulatedEngine(lab.world), pull))
    lab.driver.settle()
    assert len(lab.live()) == 2


def test_a_pull_that_is_refused_is_tried_again_for_all() -> None:
    lab = Lab(of("a", "far:1"), of("b", "far:1"))
    assert pulls(lab.settle()) == ["a"]
    lab.world.in_registry = lambda _: True
    lab.wait(600)
    assert len(lab.live()) == 2


def test_a_task_that_is_renamed_while_its_image_is_pulled_has_it() -> None:
    lab = Lab(of("a"), of("b"))
    (pull,) = lab.core.turn()
    lab.commit(of("a"), make_task("c", renamed_from="b"))
    lab.core.turn()
    lab.core.finished(carry_out(SimulatedEngine(lab.world), pull))
    assert pulls(lab.driver.settle()) == []
    assert lab.live() == ["demo.a.1.0.1", "demo.c.1.0.1"]


def spread(old: str = "", new: str = "") -> Many:
    """Return two machines with these images, whose registries have the old digest and the new."""
    lab = Many("a", "b")
    for world, reference, there in zip(lab.worlds.values(), (OLD, NEW), (old, new), strict=True):
        world.images = {TAG: there} if there else {}
        world.tags = {TAG: digest_in(reference)}
    return lab


def made_of(lab: Many) -> list[str]:
    return [box.image for world in lab.worlds.values() for box in world.boxes.values()]


@pytest.mark.parametrize("there", ["", OLD])
@pytest.mark.parametrize("pull", ["missing", "always"])
def test_a_tag_that_moves_between_the_first_pulls_means_what_was_first(
    there: str, pull: str
) -> None:
    lab = spread(old=there)
    done = lab.apply(make_task("work", 2, spec={"image": TAG, "pull": pull}))
    assert made_of(lab) == [OLD, OLD]
    assert [a.reference for a in done if a.verb is Verb.PULL] == ["", "", OLD]


def test_what_a_node_has_by_the_same_tag_is_not_what_another_one_began_with() -> None:
    lab = spread(OLD, NEW)
    lab.apply(make_task("work", 2, spec={"image": TAG}))
    assert made_of(lab) == [OLD, OLD]


@pytest.mark.parametrize("crashed", [False, True])
def test_a_run_keeps_its_digest_also_once_the_image_is_gone(crashed: bool) -> None:  # a case
    lab = Lab(make_task("work", 1, spec={"image": TAG}, retry=Retry(2, Backoff(jitter=0))))
    lab.world.images = {}
    lab.world.tags = {TAG: digest_in(OLD)}
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    lab.world.images = {}
    lab.world.tags = {TAG: digest_in(NEW)}
    if crashed:
        lab.crash()
    for _ in range(3):  # its end, that there is no image, another attempt
        lab.wait(600)
    assert {box.image for box in lab.world.boxes.values() if box.phase is Phase.RUNNING} == {OLD}
