"""Plans compared as text: each scenario's actions, in order, with their causes.

`UPDATE_GOLDEN=1 pytest tests/planning/test_golden_plans.py` writes the files anew; the diff is
then what a reviewer reads.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from reconciler.model.action import Action
from reconciler.model.desired import (
    Backoff,
    DesiredTask,
    OnChange,
    OnScale,
    Overlap,
    Restart,
    Retry,
    Schedule,
)
from reconciler.model.fact import Approved, Suspended, TaskProtected
from reconciler.model.position import Position
from reconciler.model.spec import Health, Port, Resources, Stop
from reconciler.planning.render import render_action
from tests.support.desired import make_matrix, make_task
from tests.support.lab import Lab

GOLDEN = Path(__file__).parent.parent / "golden" / "plans"
STEADY = Retry(2, Backoff(jitter=0.0))
Steps = Iterable[tuple[str, list[Action]]]


def batch(count: int = 3, **fields: object) -> DesiredTask:
    where = {
        "image": Position("work.yaml", 7, 12),
        "command": Position("work.yaml", 8, 14),
        "env.SAMPLES": Position("work.yaml", 9, 16),
        "instances": Position("work.yaml", 5, 14),
        "resources.memory": Position("work.yaml", 11, 15),
        "rerun": Position("work.yaml", 12, 10),
    }
    return make_task("work", count, where=where, **fields)


def service(count: int = 2, **fields: object) -> DesiredTask:
    return make_task("web", count, restart=Restart.ALWAYS, retry=Retry(None), **fields)


def new_task() -> Steps:
    lab = Lab(batch())
    yield "first", lab.settle()
    yield "again", lab.settle()


def scale() -> Steps:
    lab = Lab(batch(3))
    yield "to 3", lab.settle()
    yield "to 5", lab.apply(batch(5))
    yield "to 2", lab.apply(batch(2))


def changed_image() -> Steps:
    lab = Lab(batch(2))
    lab.settle()
    yield "new image", lab.apply(batch(2, spec={"image": "busybox:2"}))


def changed_command_of_completed_work() -> Steps:
    lab = Lab(batch(2))
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    yield "new command", lab.apply(batch(2, spec={"command": ("true",)}))
    yield "and back", lab.apply(batch(2))


def changed_memory_limit() -> Steps:
    lab = Lab(batch(2, spec={"resources": Resources(memory=64)}))
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    yield "only the unfinished", lab.apply(batch(2, spec={"resources": Resources(memory=128)}))


def retries() -> Steps:
    lab = Lab(batch(1, retry=STEADY))
    lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    yield "first failure", lab.settle()
    yield "a second later", lab.wait(1)
    lab.world.finish("demo.work.1.0.2", 137, oom=True)
    yield "second failure", lab.settle() + lab.wait(2)
    lab.world.finish("demo.work.1.0.3", 1)
    yield "no retry left", lab.settle() + lab.wait(100)


def timeout() -> Steps:
    spec = {"stop": Stop(grace=5)}
    lab = Lab(batch(1, retry=STEADY, timeout=600.0, spec=spec))
    lab.settle()
    lab.world.stubborn.add("demo.work.1.0.1")
    yield "before it is over", lab.wait(599)
    yield "it is over", lab.wait(1)
    yield "the grace is over, too", lab.wait(5)
    yield "a second later", lab.wait(1)


def attempts_of_all() -> Steps:
    lab = Lab(batch(3, retry=Retry(None, Backoff(jitter=0.0), total=1)))
    lab.settle()
    lab.world.finish("demo.work.1.2.1", 1)
    lab.world.finish("demo.work.1.1.1", 1)
    yield "two fail, and one may go on", lab.settle() + lab.wait(1)


def engine_restart() -> Steps:
    lab = Lab(batch(2, retry=STEADY), service(1))
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    lab.now += 60
    lab.world.restart(0)
    yield "what had completed stays", lab.settle() + lab.wait(1)


def vanished_manifest() -> Steps:
    lab = Lab(batch(2), service(1))
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    yield "work gone", lab.apply(service(1))


def empty_source() -> Steps:
    lab = Lab(batch(2))
    lab.settle()
    yield "empty source", lab.apply(prunable=False)


def self_healing() -> Steps:
    lab = Lab(service(2))
    lab.settle()
    lab.now += 60
    lab.world.kill_by_hand("demo.web.1.0.1")
    yield "killed", lab.settle()
    lab.now += 60
    lab.world.remove_by_hand("demo.web.1.1.1")
    yield "removed", lab.settle()


def rolling_update() -> Steps:
    health = Health(command=("true",))
    lab = Lab(service(2, spec={"health": health}))
    lab.settle()
    for box in list(lab.world.boxes):
        lab.world.become(box, "healthy")
    new = service(2, spec={"health": health, "env": (("A", "1"),)})
    yield "one at a time", lab.apply(new)
    lab.world.become("demo.web.2.0.1", "healthy")
    yield "when the first is healthy", lab.settle()


def rolling_update_with_surge() -> Steps:
    def web(*env: tuple[str, str]) -> DesiredTask:
        spec = {"health": Health(command=("true",)), "env": env}
        return service(2, spec=spec, max_surge=1)

    lab = Lab(web())
    lab.settle()
    for box in list(lab.world.boxes):
        lab.world.become(box, "healthy")
    yield "beside the first", lab.apply(web(("A", "1")))
    lab.world.become("demo.web.2.0.1", "healthy")
    yield "when that is healthy", lab.settle()
    yield "and back", lab.apply(web())


def finishing() -> Steps:
    lab = Lab(batch(2, on_change=OnChange.FINISH))
    lab.settle()
    new = batch(2, on_change=OnChange.FINISH, spec={"command": ("true",)})
    yield "new command", lab.apply(new)
    lab.world.finish("demo.work.1.1.1")
    yield "when one has finished", lab.settle()


def gang() -> Steps:
    lab = Lab(batch(2, gang=True, retry=STEADY))
    yield "both are made first", lab.settle()
    lab.world.finish("demo.work.1.0.1", 1)
    yield "one fails", lab.settle()
    yield "both again", lab.wait(1)


def ports_and_grace() -> Steps:
    spec = {"ports": (Port(container=80),), "stop": Stop(grace=5)}
    lab = Lab(service(1, spec=spec))
    lab.settle()
    lab.world.stubborn.add("demo.web.1.0.1")
    yield "stop", lab.apply(batch(0))
    yield "before the grace is over", lab.wait(4)
    yield "kill", lab.wait(1)


def parallelism() -> Steps:
    lab = Lab(batch(3, parallelism=1))
    yield "one", lab.settle()
    lab.world.finish("demo.work.1.0.1")
    yield "the next", lab.settle()


def rerun_on_purpose() -> Steps:
    lab = Lab(batch(1))
    lab.settle()
    lab.world.finish("demo.work.1.0.1")
    lab.settle()
    yield "rerun: 1", lab.apply(batch(1, rerun=1))


def held_and_approved() -> Steps:
    lab = Lab(batch(6), service(1))
    lab.settle()
    yield "teardown of most is held", lab.apply(service(1))
    lab.core.note([Approved(lab.desired.revision, lab.now)])
    yield "approved", lab.settle()


def renamed() -> Steps:
    lab = Lab(make_task("old", 3))
    lab.settle()
    now = batch(3, renamed_from="old")
    yield "renamed", lab.apply(now)
    yield "scaled down", lab.apply(batch(2, renamed_from="old"))
    lab.world.remove_by_hand("demo.old.1.0.1")
    yield "one is gone", lab.settle()
    yield "new command", lab.apply(batch(2, spec={"command": ("true",)}))


def suspended() -> Steps:
    lab = Lab(batch(2), service(1))
    lab.settle()
    lab.core.note([Suspended("", lab.now, lab.now + 60, "", stop=True)])
    yield "suspended, with what runs", lab.settle()
    yield "committed meanwhile", lab.apply(batch(3), service(1))
    yield "its time is over", lab.wait(60)


def protected() -> Steps:
    lab = Lab(batch(1), service(2, protected=True))
    lab.settle()
    yield "both manifests are gone", lab.apply()
    lab.core.note([TaskProtected("web", protected=False, at=lab.now)])
    yield "unprotected", lab.settle()


def sweep() -> Steps:
    where = {"instances.matrix": Position("sweep.yaml", 6, 5)}
    lab = Lab(make_matrix("sweep", {"alpha": ["1", "2"]}, where=where))
    lab.world.autoexit = lambda _: 0
    yield "two values", lab.settle()
    yield "a third", lab.apply(make_matrix("sweep", {"alpha": ["0", "1", "2"]}, where=where))
    yield "one less", lab.apply(make_matrix("sweep", {"alpha": ["2", "0"]}, where=where))
    yield "another name", lab.apply(make_matrix("sweep", {"beta": ["2", "0"]}, where=where))


def scaled_and_run_again() -> Steps:
    lab = Lab(batch(2, on_scale=OnScale.RERUN))
    lab.world.autoexit = lambda _: 0
    yield "to 2", lab.settle()
    yield "to 3", lab.apply(batch(3, on_scale=OnScale.RERUN))
    yield "back to 2", lab.apply(batch(2, on_scale=OnScale.RERUN))


def scheduled() -> Steps:
    def hourly(**fields: object) -> DesiredTask:
        return batch(1, schedule=Schedule("0 * * * *", "UTC", Overlap.REPLACE), **fields)

    lab = Lab(hourly())  # 1970-01-12 13:46:40 UTC
    yield "declared", lab.settle()
    yield "at 14:00", lab.wait(800)
    yield "at 15:00, the first still running", lab.wait(3600)
    lab.world.finish("demo.work.2.0.1", 0)
    yield "it ends", lab.settle()
    yield "new command", lab.apply(hourly(spec={"command": ("true",)}))
    yield "at 16:00", lab.wait(3600)


SCENARIOS: list[Callable[[], Steps]] = [
    new_task,
    scale,
    changed_image,
    changed_command_of_completed_work,
    changed_memory_limit,
    retries,
    timeout,
    attempts_of_all,
    engine_restart,
    vanished_manifest,
    empty_source,
    self_healing,
    rolling_update,
    rolling_update_with_surge,
    finishing,
    gang,
    ports_and_grace,
    parallelism,
    rerun_on_purpose,
    held_and_approved,
    renamed,
    suspended,
    protected,
    sweep,
    scaled_and_run_again,
    scheduled,
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_plan_reads_as_recorded(scenario: Callable[[], Steps]) -> None:
    said = "".join(
        f"# {title}\n" + "".join(f"{render_action(action)}\n" for action in actions)
        for title, actions in scenario()
    )
    path = GOLDEN / f"{scenario.__name__}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(said)
    assert said == path.read_text()
