"""What only a simulated engine can do: fate on demand."""

import pytest
from msgspec.structs import replace

from reconciler.engines.engine import (
    Engine,
    EngineError,
    TransientError,
    UnreachableError,
)
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.engines.simulated.journal import Call
from reconciler.engines.simulated.world import When
from reconciler.model.identity import LABEL_PROJECT
from reconciler.model.observed import Phase
from tests.support.engines import IMAGE, make_request, real_engine, simulated_engine

A = make_request("demo", "a")
B = make_request("demo", "b")


@pytest.fixture
def engine() -> SimulatedEngine:
    return simulated_engine()


def up(engine: SimulatedEngine) -> str:
    identifier = engine.create(A)
    engine.start(identifier)
    return identifier


def test_two_engines_see_one_world(engine: SimulatedEngine) -> None:
    up(engine)
    assert SimulatedEngine(engine.world).list("demo") == engine.list("demo")


def test_time_is_what_the_clock_says() -> None:
    now = [100.0]
    world = World("n1", lambda: now[0])
    world.images[IMAGE] = "sha256:1"
    engine = SimulatedEngine(world)
    up(engine)
    now[0] = 107.0
    world.finish(A.name, 3)
    detail = engine.inspect(A.name)
    assert detail is not None
    assert (detail.started_at, detail.finished_at) == (100.0, 107.0)
    assert detail.container.exit_code == 3


def test_the_same_calls_come_to_the_same(engine: SimulatedEngine) -> None:
    assert up(engine) == up(simulated_engine())


def test_what_ran_when_the_engine_died_has_ended(engine: SimulatedEngine) -> None:
    up(engine)
    engine.create(B)
    stream = engine.events("demo")
    engine.world.restart()
    by_name = {c.name: c for c in engine.list("demo")}
    assert by_name[A.name].exit_code == 255
    assert by_name[B.name].phase is Phase.CREATED
    with pytest.raises(UnreachableError):
        [event for event in stream if event.action == "never"]
    assert engine.events("demo").pending() == ()


def test_a_wedged_engine_still_lists(engine: SimulatedEngine) -> None:
    identifier = up(engine)
    engine.world.wedged = True
    assert len(engine.list("demo")) == 1
    for call in (
        engine.info,
        lambda: engine.create(B),
        lambda: engine.start(identifier),
        lambda: engine.signal(identifier, "SIGKILL"),
        lambda: engine.remove(identifier),
        lambda: engine.claim("demo", {}),
    ):
        with pytest.raises(UnreachableError):
            call()
    engine.world.wedged = False
    assert engine.list("demo")[0].live


def test_an_unreachable_engine_answers_nothing(engine: SimulatedEngine) -> None:
    up(engine)
    engine.world.unreachable = True
    for call in (
        lambda: engine.list("demo"),
        lambda: engine.inspect(A.name),
        lambda: engine.events("demo"),
        lambda: engine.claimed_by("demo"),
    ):
        with pytest.raises(UnreachableError):
            call()


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_an_answer_can_be_lost(engine: SimulatedEngine, when: When, made: int) -> None:
    def faults(call: str, subject: str, now: When) -> Exception | None:
        hit = (call, subject, now) == ("create", A.name, when)
        return UnreachableError("lost") if hit else None

    engine.world.faults = faults
    with pytest.raises(UnreachableError, match="lost"):
        engine.create(A)
    assert len(engine.list("demo")) == made
    engine.world.faults = lambda *_: None
    engine.create(A)
    assert len(engine.list("demo")) == 1


def test_faults_are_asked_by_name_even_where_an_id_is_used(engine: SimulatedEngine) -> None:
    asked: list[tuple[str, str, str]] = []

    def faults(call: str, subject: str, when: When) -> Exception | None:
        asked.append((call, subject, when))
        return None

    engine.world.faults = faults
    up(engine)
    assert asked == [(c, A.name, w) for c in ("create", "start") for w in ("before", "after")]


def test_the_journal_has_what_was_done_and_refused(engine: SimulatedEngine) -> None:
    identifier = up(engine)
    with pytest.raises(TransientError):
        engine.remove(identifier)
    engine.world.finish(A.name)
    engine.remove(identifier)
    assert engine.world.journal.calls == [
        Call("create", A.name, ok=True),
        Call("start", A.name, ok=True),
        Call("remove", A.name, ok=False),
        Call("remove", A.name, ok=True),
    ]
    assert engine.world.journal.of("remove") == [A.name]


def test_only_what_began_is_in_the_start_ledger(engine: SimulatedEngine) -> None:
    def fails(request: object) -> int | None:
        raise TransientError("no port")

    engine.world.autoexit = fails
    identifier = engine.create(A)
    with pytest.raises(TransientError):
        engine.start(identifier)
    assert engine.world.journal.starts == []
    engine.world.autoexit = lambda _: 0
    engine.start(identifier, fenced=True)
    engine.start(identifier, fenced=True)
    assert engine.world.journal.starts == [A.name]


def test_an_unfenced_start_of_an_ended_container_runs_it_again_as_docker_does(
    engine: SimulatedEngine,
) -> None:
    identifier = up(engine)
    engine.world.finish(A.name)
    engine.start(identifier)
    assert engine.world.journal.starts == [A.name, A.name]


def test_the_late_learn_of_the_last_256_events_only() -> None:
    engine = simulated_engine()
    for number in range(300):
        engine.create(make_request("demo", "a", instance=number))
    names = [event.name for event in engine.events("demo").pending()]
    assert names == [make_request("demo", "a", instance=n).name for n in range(44, 300)]


def test_the_late_learn_nothing_old() -> None:
    now = [100.0]
    world = World("n1", lambda: now[0])
    world.images[IMAGE] = "sha256:1"
    engine = SimulatedEngine(world)
    engine.create(A)
    now[0] += 5
    engine.create(B)
    assert [event.name for event in engine.events("demo").pending()] == [B.name]


def test_a_copy_of_reality_is_as_it_was_shown(engine: SimulatedEngine) -> None:
    up(engine)
    engine.create(B)
    engine.world.finish(A.name, 7)
    shown = engine.list("demo")
    copy = SimulatedEngine(World("local", lambda: 0.0))
    copy.world.seed(reversed(shown))
    assert copy.list("demo") == shown
    copy.remove(A.name)
    assert engine.list("demo") == shown


def test_a_copy_of_foreign_containers_is_refused(engine: SimulatedEngine) -> None:
    up(engine)
    foreign = replace(engine.list("demo")[0], name="foreign")
    with pytest.raises(ValueError, match="foreign"):
        engine.world.seed([foreign])


def test_memory_can_run_out(engine: SimulatedEngine) -> None:
    up(engine)
    engine.world.finish(A.name, 137, oom=True)
    detail = engine.inspect(A.name)
    assert detail is not None
    assert detail.oom


def test_what_does_not_run_cannot_finish(engine: SimulatedEngine) -> None:
    engine.create(A)
    with pytest.raises(ValueError, match="not running"):
        engine.world.finish(A.name)


def test_an_image_can_be_fetched_once_it_is_there_to_fetch() -> None:
    engine = simulated_engine()
    engine.world.in_registry = lambda image: image == "there:1"
    told: list[str] = []
    with pytest.raises(EngineError):
        engine.pull("elsewhere:1")
    assert engine.resolve("there:1") is None
    engine.pull("there:1", told.append)
    resolved = engine.resolve("there:1")
    assert resolved is not None
    assert told
    engine.create(make_request("demo", "task", image=resolved))


def test_a_foreign_container_carries_what_labels_it_likes(engine: SimulatedEngine) -> None:
    engine.world.run_by_hand("somebodys", {LABEL_PROJECT: "demo"})
    assert engine.list("demo") == ()
    engine.world.remove_by_hand("somebodys")
    assert engine.world.boxes == {}


def test_a_harmless_signal_harms_nothing(engine: SimulatedEngine) -> None:
    identifier = up(engine)
    engine.signal(identifier, "SIGWINCH")
    assert engine.list("demo")[0].live
    engine.signal(identifier, "HUP")
    assert engine.list("demo")[0].exit_code == 129


def test_both_kinds_are_engines() -> None:
    engines: tuple[Engine, ...] = (simulated_engine(), real_engine())
    for engine in engines:
        assert engine.node == "local"
        engine.close()
