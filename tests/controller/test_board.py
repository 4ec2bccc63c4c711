"""What is believed of a node: lists, results and hints in every order."""

from msgspec.structs import replace

from reconciler.controller.board import Board
from reconciler.engines.engine import EngineEvent
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.observed import Container, Phase

KEY = AttemptKey(InstanceKey("work", 0), 1, 1)
RUNNING = Container("id0", "demo.work.1.0.1", "local", KEY, "w", "s", Phase.RUNNING)
CREATED = replace(RUNNING, phase=Phase.CREATED)


def listed(*containers: Container) -> Board:
    board = Board("demo", ["local"])
    board.list_containers("local", board.step, containers)
    return board


def event(action: str, name: str = RUNNING.name, code: int | None = None) -> EngineEvent:
    return EngineEvent("container", action, "id0", name, 5.0, code)


def seen(board: Board) -> dict[str, Phase]:
    return {i: c.phase for i, c in board.nodes["local"].containers.items()}


def test_a_node_is_unknown_until_it_is_listed() -> None:
    board = Board("demo", ["local"])
    assert not board.observed().nodes["local"].known
    board.list_containers("local", 0, ())
    assert board.observed().nodes["local"].known


def test_a_list_that_began_before_a_result_does_not_undo_it() -> None:
    board = listed()
    began = board.step
    board.put(RUNNING)
    board.list_containers("local", began, ())
    assert seen(board) == {"id0": Phase.RUNNING}


def test_a_list_that_began_before_a_removal_does_not_bring_back() -> None:
    board = listed(RUNNING)
    began = board.step
    board.drop("local", "id0")
    board.list_containers("local", began, (RUNNING,))
    assert seen(board) == {}


def test_a_look_that_was_on_its_way_brings_back_nothing_that_is_gone() -> None:
    """It was looked at while it was being removed, and what was seen is told after its removal."""
    board = listed(RUNNING)
    board.hint("local", event("destroy"))
    board.put(replace(RUNNING, phase=Phase.REMOVING))
    assert seen(board) == {}
    board.list_containers("local", board.step, (RUNNING,))  # an engine that is behind itself
    assert seen(board) == {}


def test_a_later_list_stands() -> None:
    board = listed(RUNNING)
    board.put(replace(RUNNING, phase=Phase.EXITED))
    board.list_containers("local", board.step, ())
    assert seen(board) == {}


def test_an_unchanged_list_makes_nothing_dirty() -> None:
    board = listed(RUNNING)
    assert board.list_containers("local", board.step, (RUNNING,)) == set()


def test_a_changed_list_names_the_tasks() -> None:
    board = listed(RUNNING)
    assert board.list_containers("local", board.step, ()) == {"work"}


def test_what_was_lost_is_planned_again_when_it_is_back() -> None:
    board = listed(RUNNING)
    assert board.lose("local", "no answer")
    assert not board.lose("local", "no answer"), "only the first loss is news"
    assert board.list_containers("local", board.step, (RUNNING,)) == {"work"}


def test_an_end_is_believed_and_remembered() -> None:
    board = listed(RUNNING)
    assert board.hint("local", event("die", code=7)) == ("work", False)
    assert seen(board) == {"id0": Phase.EXITED}
    assert board.hints[RUNNING.name].exit_code == 7


def test_a_start_that_is_told_late_does_not_revive() -> None:
    board = listed(CREATED)
    board.hint("local", event("die", code=0))
    board.hint("local", event("start"))
    board.started("local", "id0")
    assert seen(board) == {"id0": Phase.EXITED}


def test_an_unknown_container_asks_for_a_list() -> None:
    assert listed().hint("local", event("start")) == ("work", True)


def test_what_is_not_ours_is_no_hint() -> None:
    assert listed().hint("local", event("die", name="other.work.1.0.1")) == (None, False)
    assert listed().hint("local", event("die", name="nginx")) == (None, False)


def test_what_is_removed_by_name_is_gone() -> None:
    board = listed(RUNNING)
    board.drop("local", RUNNING.name)
    board.drop("local", "demo.other.1.0.1")
    assert seen(board) == {}


def test_who_has_been_asked() -> None:
    board = Board("demo", ["a", "b"])
    board.list_containers("a", 0, ())
    assert not board.all_asked()
    assert board.all_asked(but={"b"}), "nobody waits for one that was lost before"
    assert board.all_asked(but={"a", "b"}), "one of those is enough where all were"
    board.lose("b", "gone")
    assert board.all_asked()
    board.lose("b", "gone", doubt=True)
    assert not board.all_asked()


def test_of_no_node_at_all_everything_is_known() -> None:
    assert Board("demo", []).all_asked()


def test_all_nodes_were_lost_before() -> None:
    assert not Board("demo", ["a"]).all_asked(but={"a"})


def test_an_end_that_shows_when_a_lost_node_is_back_was_hidden() -> None:
    for told in (True, False):
        board = listed(RUNNING)
        board.lose("local", "no answer")
        if told:  # by the engine's successor, which makes up what it does not know
            board.hint("local", event("die", code=255))
        ended = replace(RUNNING, phase=Phase.EXITED, exit_code=255)
        board.list_containers("local", board.step, (ended,))
        assert board.witnessed("local", RUNNING.name).hidden
        board.forget(RUNNING.name)
        assert not board.witnessed("local", RUNNING.name).hidden


def test_an_end_that_was_seen_was_not_hidden() -> None:
    board = listed(RUNNING)
    board.hint("local", event("die", code=255))
    board.lose("local", "no answer")
    ended = replace(RUNNING, phase=Phase.EXITED, exit_code=255)
    board.list_containers("local", board.step, (ended,))
    assert not board.witnessed("local", RUNNING.name).hidden
