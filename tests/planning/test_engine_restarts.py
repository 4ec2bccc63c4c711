"""Law 15: an exit that spans an engine's restart is a success only if it was seen before."""

import pytest

from reconciler.controller.execution import carry_out
from reconciler.controller.happenings import Hinted
from reconciler.engines.engine import (
    EngineEvent,
    StrandedError,
    TransientError,
    UnreachableError,
)
from reconciler.engines.simulated import SimulatedEngine
from reconciler.engines.simulated.events import SimulatedEvents
from reconciler.engines.simulated.world import Manner, When
from reconciler.model.action import InstanceState
from reconciler.model.desired import Backoff, DesiredTask, Restart, Retry
from reconciler.model.fact import Result
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Phase
from reconciler.model.run import Attempt
from tests.support.desired import make_task
from tests.support.lab import Lab

ONCE = Retry(1, Backoff(initial=0.0, jitter=0.0))
MANNERS: list[Manner] = ["crash", "kill", "stop"]
NAME = "demo.work.1.0.1"
ATTEMPT = AttemptKey(InstanceKey("work", 0), 1, 1)
TOLD = "exit code 0 after somebody else, or its engine, had told it to end"


def batch(count: int = 1) -> DesiredTask:
    return make_task(count=count, retry=ONCE)


def listen(lab: Lab) -> SimulatedEvents:
    return SimulatedEngine(lab.world).events("demo")


def hear(lab: Lab, stream: SimulatedEvents, era: str) -> None:
    """Let the reconciler hear what a stream that was opened in an era has told."""
    for event in stream.pending():
        lab.core.hinted(Hinted("local", event, era))


def attempts(lab: Lab, instance: int = 0) -> list[Attempt]:
    return list(lab.record.load().tasks["work"].runs[1].attempts_of(instance))


@pytest.mark.parametrize("code", [0, 255, 143, 3])
@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("crash", [False, True])
def test_what_ran_has_not_succeeded_whatever_the_engine_says(
    code: int, manner: Manner, *, crash: bool
) -> None:
    lab = Lab(batch())
    lab.settle()
    lab.world.restart(code, manner)
    if crash:
        lab.crash()
    lab.settle()
    first, second = attempts(lab)
    assert (first.result, first.exit_code) == (Result.LOST, None)
    assert first.reason == "its engine restarted while it ran, so how it ended is not known"
    assert not second.ended
    assert lab.live() == ["demo.work.1.0.2"]


def test_with_no_attempt_left_it_is_failed_and_says_that_it_was_lost() -> None:
    lab = Lab(make_task())
    lab.settle()
    lab.world.restart(0)
    lab.settle()
    verdict = lab.verdict("work")
    assert verdict.state is InstanceState.FAILED
    assert verdict.reason == (
        "its engine restarted while it ran, so how it ended is not known; retry.perInstance is 0"
    )
    assert lab.wait(600) == []


@pytest.mark.parametrize("code", [0, 7, 255])
def test_an_engine_that_takes_over_what_it_runs_makes_up_one_exit_code(code: int) -> None:
    lab = Lab(batch())
    lab.settle()
    lab.world.faults = lambda *_: UnreachableError("gone")
    lab.settle()
    lab.world.finish(NAME, code)
    lab.world.faults = lambda *_: None
    lab.settle()
    first, *_ = attempts(lab)
    expected = {0: Result.SUCCEEDED, 7: Result.FAILED, 255: Result.LOST}
    assert first.result is expected[code]
    assert (first.exit_code is None) == (code == 255)


def test_a_program_that_ends_so_while_its_engine_is_in_sight_has_failed() -> None:
    lab = Lab(batch())
    lab.settle()
    lab.world.finish(NAME, 255)
    lab.settle()
    assert (attempts(lab)[0].result, attempts(lab)[0].exit_code) == (Result.FAILED, 255)


def strand(lab: Lab, *names: str) -> None:
    """Let the engine refuse these for ever: a start of theirs was cut off by its death."""
    why = "the engine died while it was starting it"
    lab.world.faults = lambda call, subject, when: (
        StrandedError(why) if (call, when) == ("start", "before") and subject in names else None
    )


def test_what_a_start_that_was_cut_off_has_left_is_given_up_and_made_anew() -> None:
    lab = Lab(batch())
    strand(lab, NAME)
    lab.settle()
    first, second = attempts(lab)
    assert (first.result, first.counts_as_failure) == (Result.LOST, True)
    assert not second.ended
    assert lab.live() == ["demo.work.1.0.2"]
    assert NAME not in lab.world.boxes, "nothing is left of it"
    assert lab.wait(600) == []


@pytest.mark.parametrize("crash", [False, True])
def test_a_start_that_was_asked_of_an_engine_that_died_is_not_asked_again(*, crash: bool) -> None:
    lab = Lab(batch())
    lab.world.faults = lambda call, _, when: (
        UnreachableError("gone") if (call, when) == ("start", "before") else None
    )
    lab.driver.look()
    while not lab.world.boxes:
        lab.driver.step()
    lab.driver.step()
    assert lab.world.boxes[NAME].phase is Phase.CREATED
    assert attempts(lab)[0].start_requested_at
    lab.world.faults = lambda *_: None
    lab.world.restart(0)
    if crash:
        lab.crash()
    lab.settle()
    first, second = attempts(lab)
    assert (first.result, first.counts_as_failure) == (Result.LOST, True)
    assert "so whether it has begun is not known" in first.reason
    assert not second.ended
    assert lab.live() == ["demo.work.1.0.2"]
    assert [name for name in lab.world.journal.starts if name == NAME] == []
    assert NAME not in lab.world.boxes


def hold_back_the_start(lab: Lab) -> None:
    """Have a reconciler begin anew while a start is on its way to an engine that has died since."""
    lab.world.faults = lambda call, _, when: (
        UnreachableError("gone") if (call, when) == ("start", "before") else None
    )
    lab.driver.look()
    while not lab.record.load().attempt(ATTEMPT) or not attempts(lab)[0].start_requested_at:
        lab.driver.step()
    lab.world.faults = lambda *_: None
    lab.world.restart(0)
    lab.crash()


def test_a_start_that_the_next_engine_is_at_work_on_is_waited_for() -> None:
    """Asked of the one that died, and carried out by the next: nobody hears of it."""
    lab = Lab(batch())
    hold_back_the_start(lab)

    def land(call: str, _: str, when: When) -> None:
        """Whoever looks under the container's lock sees what comes of a start that has it."""
        box = lab.world.boxes[NAME]
        if (call, when) == ("inspect", "before") and box.phase is Phase.CREATED:
            with lab.world.changed:
                lab.world.begin(box)

    lab.world.faults = land
    lab.settle()
    (only,) = attempts(lab)
    assert not only.ended
    assert lab.live() == [NAME]


def test_a_start_that_died_with_its_engine_counts_where_it_is_not_wanted_any_more() -> None:
    lab = Lab(batch())
    hold_back_the_start(lab)
    lab.apply(batch(0))
    assert attempts(lab)[0].result is Result.LOST, "its program may have begun"
    assert NAME not in lab.world.boxes


def test_what_is_left_with_no_attempt_to_spare_is_failed_and_says_why() -> None:
    lab = Lab(make_task())
    strand(lab, NAME)
    lab.settle()
    verdict = lab.verdict("work")
    assert verdict.state is InstanceState.FAILED
    assert "the engine died while it was starting it" in verdict.reason
    assert lab.wait(600) == []


@pytest.mark.parametrize("manner", MANNERS)
def test_an_end_that_was_told_before_the_engine_went_stands(manner: Manner) -> None:
    lab = Lab(batch())
    stream = listen(lab)
    lab.settle()
    lab.world.finish(NAME, 0)
    hear(lab, stream, "local-1")
    lab.world.restart(255, manner)
    lab.settle()
    assert lab.verdict("work").state is InstanceState.SUCCEEDED
    assert attempts(lab)[0].exit_code == 0


def test_an_end_that_was_listed_before_the_engine_went_stands() -> None:
    lab = Lab(batch())
    lab.settle()
    lab.world.finish(NAME, 0)
    lab.driver.look()
    lab.world.restart(255)
    lab.settle()
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_an_end_that_nobody_saw_before_the_engine_went_is_not_known() -> None:
    lab = Lab(batch())
    lab.settle()
    lab.world.finish(NAME, 0)
    lab.world.restart(255)
    lab.settle()
    assert attempts(lab)[0].result is Result.LOST


def test_an_end_while_nobody_watched_and_the_engine_lived_is_what_it_says() -> None:
    lab = Lab(batch(2))
    lab.settle()
    lab.world.finish(NAME, 0)
    lab.crash()
    lab.world.finish("demo.work.1.1.1", 3)
    lab.settle()
    assert lab.verdict("work", 0).state is InstanceState.SUCCEEDED
    assert (attempts(lab, 1)[0].result, attempts(lab, 1)[0].exit_code) == (Result.FAILED, 3)


def test_what_an_engine_ends_on_its_way_out_has_not_succeeded() -> None:
    """Its stream tells it live: the signal first, and then an exit that looks like any other."""
    lab = Lab(batch())
    stream = listen(lab)
    lab.settle()
    lab.world.restart(0, "stop")
    hear(lab, stream, "local-1")
    (collect,) = lab.core.turn()
    lab.core.finished(carry_out(lab.driver.engines["local"], collect))
    assert attempts(lab)[0].result is None, "not recorded before the next turn"
    lab.settle()
    assert attempts(lab)[0].reason == TOLD


def test_what_an_engine_ends_on_its_way_in_has_not_succeeded() -> None:
    """It is told on the new stream, which reaches back a second."""
    lab = Lab(batch())
    lab.settle()
    lab.world.restart(0, "kill")
    hear(lab, listen(lab), "local-2")
    lab.settle()
    assert attempts(lab)[0].result is Result.LOST


def test_a_new_stream_may_be_heard_before_a_new_list() -> None:
    lab = Lab(batch())
    lab.settle()
    lab.world.restart(0, "kill")
    (died,) = (event for event in listen(lab).pending() if event.action == "die")
    lab.core.hinted(Hinted("local", died, "local-2"))
    (collect,) = lab.core.turn()
    lab.core.finished(carry_out(lab.driver.engines["local"], collect))
    lab.settle()
    assert attempts(lab)[0].result is Result.LOST


@pytest.mark.parametrize("heard", ["before", "after"])
def test_a_program_that_somebody_told_to_end_has_not_succeeded(heard: str) -> None:
    lab = Lab(batch())
    stream = listen(lab)
    lab.settle()
    lab.world.stop_by_hand(NAME, 0)
    if heard == "after":
        lab.driver.look()
    hear(lab, stream, "local-1")
    lab.settle()
    (first, _) = attempts(lab)
    assert (first.result, first.reason) == (Result.LOST, TOLD)


def test_nor_has_it_where_we_ask_for_its_end_later() -> None:
    lab = Lab(batch())
    stream = listen(lab)
    lab.settle()
    lab.world.stop_by_hand(NAME, 0)
    lab.now += 5
    lab.commit()
    lab.driver.step()  # the end is asked for: nothing has told yet that it has come
    lab.driver.look()
    hear(lab, stream, "local-1")
    lab.settle()
    assert attempts(lab)[0].result is Result.LOST


def test_our_own_signal_casts_no_doubt_on_what_had_ended_before() -> None:
    lab = Lab(batch())
    lab.settle()
    lab.world.finish(NAME, 0)
    lab.now += 5
    lab.commit()
    lab.core.turn()
    (container,) = lab.core.board.nodes["local"].containers
    late = EngineEvent("container", "kill", container, NAME, lab.now, signal=15)
    lab.core.hinted(Hinted("local", late, "local-1"))
    lab.crash()
    lab.core.hinted(Hinted("local", late, "local-1"))
    lab.settle()
    assert attempts(lab)[0].result is Result.SUCCEEDED


def test_a_signal_that_ends_nothing_casts_no_doubt() -> None:
    lab = Lab(batch())
    stream = listen(lab)
    lab.settle()
    lab.world.stubborn.add(NAME)
    lab.driver.engines["local"].signal(NAME, "SIGHUP")
    lab.world.finish(NAME, 0)
    hear(lab, stream, "local-1")
    lab.settle()
    assert attempts(lab)[0].result is Result.SUCCEEDED


def test_what_we_ended_ourselves_is_what_we_meant_it_to_be() -> None:
    lab = Lab(batch(2))
    lab.settle()
    lab.world.stubborn.add("demo.work.1.1.1")
    lab.apply(batch(1))
    lab.world.restart(0)
    lab.settle()
    assert attempts(lab, 1)[0].result is Result.CANCELLED


def test_what_had_completed_stays_completed() -> None:
    lab = Lab(batch(2))
    lab.settle()
    lab.world.finish(NAME, 0)
    lab.settle()
    lab.world.restart(255)
    lab.settle()
    assert lab.verdict("work", 0).state is InstanceState.SUCCEEDED
    assert lab.live() == ["demo.work.1.1.2"]


def test_what_was_made_before_and_starts_after_is_of_the_new_era() -> None:
    lab = Lab(batch())
    lab.world.faults = lambda call, _, when: (
        TransientError("not now") if (call, when) == ("start", "before") else None
    )
    lab.settle()
    lab.world.restart()
    lab.world.faults = lambda call, subject, when: None
    lab.wait(60)
    assert lab.live() == [NAME]
    lab.world.finish(NAME, 0)
    lab.settle()
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_a_service_starts_again() -> None:
    lab = Lab(make_task("web", 2, restart=Restart.ALWAYS, retry=Retry(None)))
    lab.settle()
    lab.now += 60
    lab.world.restart(0)
    lab.settle()
    assert lab.live() == ["demo.web.1.0.2", "demo.web.1.1.2"]


def test_where_the_engine_does_not_tell_its_restarts_its_word_is_taken() -> None:
    lab = Lab()
    lab.world.era = ""
    lab.apply(batch())
    lab.world.finish(NAME, 0)
    lab.world.era = "local-2"
    lab.settle()
    assert lab.verdict("work").state is InstanceState.SUCCEEDED


def test_memory_that_ran_out_is_known_of_a_container_that_is_gone() -> None:
    lab = Lab(batch())
    stream = listen(lab)
    lab.settle()
    lab.world.finish(NAME, 137, oom=True)
    lab.world.remove_by_hand(NAME)
    hear(lab, stream, "local-1")
    lab.settle()
    assert (attempts(lab)[0].oom, attempts(lab)[0].reason) == (
        True, "exit code 137 (out of memory)",
    )  # fmt: skip


def test_an_end_without_an_exit_code_is_no_success() -> None:
    lab = Lab(batch())
    lab.settle()
    died = EngineEvent("container", "die", lab.world.boxes[NAME].id, NAME, lab.now)
    lab.world.remove_by_hand(NAME)
    lab.core.hinted(Hinted("local", died, "local-1"))
    lab.settle()
    assert attempts(lab)[0].result is Result.LOST
