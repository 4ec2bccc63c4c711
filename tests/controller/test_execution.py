"""That what a start is to put in is there before the program is, and nowhere too late."""

from msgspec.structs import replace

from reconciler.controller.execution import carry_out
from reconciler.controller.happenings import Done
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.observed import Phase
from reconciler.model.spec import Security
from reconciler.model.staging import StagedFile, Staging
from tests.support.engines import make_request, simulated_engine

FILE = StagedFile(path="/job/list", content=b"one\n")


def begun(engine: SimulatedEngine, *, read_only: bool = False) -> Action:
    """Return the action that starts a container that has been made."""
    security = Security(read_only_root=read_only)
    request = make_request("demo", "work", security=security)
    return Action(
        verb=Verb.START,
        node="local",
        subject=request.name,
        task="work",
        run=1,
        cause=Cause("it has been created"),
        attempt=request.attempt,
        container=engine.create(request),
        staging=Staging(files=(FILE,)),
    )


def test_files_are_put_in_before_the_start() -> None:
    engine = simulated_engine()
    action = begun(engine)
    assert isinstance(carry_out(engine, action).outcome, Done)
    assert engine.world.boxes[action.subject].staged[FILE.path].content == b"one\n"
    assert [call.verb for call in engine.world.journal.calls] == ["create", "stage", "start"]


def test_what_cannot_be_put_in_is_not_started() -> None:
    engine = simulated_engine()
    action = begun(engine, read_only=True)
    assert "its root is read-only" in str(carry_out(engine, action).outcome)
    assert engine.world.boxes[action.subject].phase is Phase.CREATED


def test_a_start_that_comes_again_puts_nothing_into_what_runs() -> None:
    engine = simulated_engine()
    action = begun(engine)
    engine.start(action.container)
    assert isinstance(carry_out(engine, replace(action, fenced=True)).outcome, Done)
    assert engine.world.boxes[action.subject].staged == {}
    assert engine.world.journal.starts == [action.subject]
