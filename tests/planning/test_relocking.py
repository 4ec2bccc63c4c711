"""A lock that changes: services get the other digest by a rollout, and nothing runs again."""

from msgspec.structs import replace

from reconciler.model.action import Action, Verb
from reconciler.model.comparison import Change
from reconciler.model.desired import Backoff, DesiredTask, Restart, Retry
from reconciler.planning.backoff import STEADY
from reconciler.planning.compare import compare
from tests.support.desired import make_desired, make_task
from tests.support.lab import Lab

TAG = "far:1"
OLD, NEW = (f"sha256:{digit * 64}" for digit in "ab")


def web(count: int = 2, **fields: object) -> DesiredTask:
    retry = Retry(None, Backoff(jitter=0))
    spec = {"image": TAG}
    return make_task("web", count, restart=Restart.ALWAYS, retry=retry, spec=spec, **fields)


def running(*tasks: DesiredTask, locked: str = OLD) -> Lab:
    """Return a lab in which these run by the old digest, locked to it or not."""
    lab = Lab()
    lab.world.tags = {TAG: OLD}
    lab.locks = {TAG: locked} if locked else {}
    lab.apply(*tasks)
    lab.wait(100)
    return lab


def relocked(lab: Lab, *tasks: DesiredTask, to: str = NEW) -> list[Action]:
    lab.locks = {TAG: to} if to else {}
    return lab.apply(*tasks)


def made_of(lab: Lab) -> dict[str, str]:
    return {name.split(".", 2)[2]: lab.world.boxes[name].image[-71:] for name in lab.live()}


def test_a_service_is_replaced_bit_by_bit_and_told_the_line() -> None:
    lab = running(web())
    assert made_of(lab) == {"1.0.1": OLD, "1.1.1": OLD}
    done = relocked(lab, web())
    assert [a.verb for a in done][:2] == [Verb.PULL, Verb.STOP], "the image is there first"
    assert made_of(lab) == {"1.1.1": OLD, "2.0.1": NEW}
    assert "at most 1 out of service at once" in lab.verdict("web", 1).reason
    done += lab.wait(STEADY)
    assert made_of(lab) == {"2.0.1": NEW, "2.1.1": NEW}
    for action in done:
        if action.verb in {Verb.STOP, Verb.CREATE}:
            why = action.cause
            assert (why.field, why.old, why.new) == ("image.digest", OLD, NEW)
            assert (why.reason, str(why.at)) == (
                "its image is locked to another digest", "reconciler.lock:1:3",
            )  # fmt: skip
    lab.wait(STEADY)
    assert relocked(lab, web()) == []
    relocked(lab, web(), to=OLD)
    lab.wait(STEADY)
    assert made_of(lab) == {"3.0.1": OLD, "3.1.1": OLD}


def test_a_crash_in_the_middle_changes_nothing() -> None:
    lab = running(web())
    relocked(lab, web())
    lab.crash()
    lab.wait(STEADY)
    assert made_of(lab) == {"2.0.1": NEW, "2.1.1": NEW}
    assert lab.wait(STEADY) == []


def test_with_surge_the_old_one_serves_until_the_new_one_is_ready() -> None:
    lab = running(web(1, max_surge=1))
    relocked(lab, web(1, max_surge=1))
    assert made_of(lab) == {"1.0.1": OLD, "2.0.1": NEW}
    lab.wait(STEADY)
    assert made_of(lab) == {"2.0.1": NEW}


def test_to_be_locked_to_what_runs_or_not_at_all_changes_nothing() -> None:
    lab = running(web(), locked="")
    assert relocked(lab, web(), to=OLD) == []
    assert relocked(lab, web(), to="") == []
    assert made_of(lab) == {"1.0.1": OLD, "1.1.1": OLD}


def test_what_ran_by_its_tag_is_replaced_if_it_is_locked_to_another_digest() -> None:
    lab = running(web(1), locked="")
    relocked(lab, web(1))
    assert made_of(lab) == {"2.0.1": NEW}


def test_what_never_was_in_a_registry_is_replaced_by_what_it_is_locked_to() -> None:
    work = make_task("work", 1, spec={"image": TAG}, retry=Retry(1, Backoff(jitter=0)))
    lab = Lab()
    lab.world.images = {TAG: "sha256:own"}
    lab.apply(web(1), work)
    lab.wait(100)
    assert set(made_of(lab).values()) == {"sha256:own"}
    done = relocked(lab, web(1), work)
    assert ("", NEW) in {(a.cause.old, a.cause.new) for a in done if a.verb is Verb.STOP}
    assert made_of(lab) == {"2.0.1": NEW, "1.0.1": "sha256:own"}, "batch goes on"


def test_a_gang_of_servers_is_replaced_as_a_whole() -> None:
    lab = running(web(gang=True))
    relocked(lab, web(gang=True))
    assert made_of(lab) == {"2.0.1": NEW, "2.1.1": NEW}


def test_completed_and_running_batch_goes_on_and_the_next_run_has_the_new_one() -> None:
    work = make_task("work", 2, spec={"image": TAG}, retry=Retry(1, Backoff(jitter=0)))
    lab = running(work)
    lab.world.finish("demo.work.1.0.1", 0)
    lab.settle()
    assert relocked(lab, work) == []
    lab.world.finish("demo.work.1.1.1", 1)
    lab.wait(10)
    lab.wait(10)
    assert made_of(lab) == {"1.1.2": OLD}, "a run has one digest"
    lab.apply(replace(work, rerun=1))
    assert made_of(lab) == {"2.0.1": NEW, "2.1.1": NEW}


def test_while_it_is_suspended_nothing_is_replaced() -> None:
    lab = running(web(1))
    relocked(lab, web(1, suspend="task"))
    assert made_of(lab) == {"1.0.1": OLD}
    lab.apply(web(1))
    assert made_of(lab) == {"2.0.1": NEW}


def test_two_revisions_are_compared_by_their_locks() -> None:
    batch = make_task("work", spec={"image": TAG})
    before, after = (make_desired(web(), batch, locks={TAG: digest}) for digest in (OLD, NEW))
    (change,) = compare(before, after).tasks
    assert (change.task, change.change) == ("web", Change.REPLACE)
    assert change.cause.reason == "its image is locked to another digest"
    assert compare(make_desired(web()), after).tasks[0].task == "work"
