"""What every engine owes us about a line to a container's own program."""

import threading

import pytest

from reconciler.engines.dialogue import Dialogue, Size
from reconciler.engines.engine import TransientError
from tests.contract.conftest import KINDS
from tests.support.engines import Rig, make_request

REAL = KINDS[1:]  # programs in memory read nothing, and have no window
SCRIPT = "echo one; echo two; exit 3"


def heard(dialogue: Dialogue) -> bytes:
    return b"".join(said.data for said in dialogue.output())


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_is_missed_of_what_is_started_later(rig: Rig, terminal: bool) -> None:
    request = make_request(rig.project, "task", command=("sh", "-c", SCRIPT), tty=terminal)
    identifier = rig.engine.create(request)
    dialogue = rig.engine.attach(identifier)
    rig.engine.start(identifier)
    assert heard(dialogue).split() == [b"one", b"two"]
    assert dialogue.exit_code() == 3
    # Also what is kept of a terminal is as it was.
    assert b"".join(rig.engine.follow(request.name)).split() == [b"one", b"two"]
    assert rig.engine.logs(request.name, limit=1000).split() == [b"one", b"two"]


def test_what_was_said_before_comes_first(rig: Rig) -> None:
    request = make_request(rig.project, "task", command=("sh", "-c", "echo hello; sleep 600"))
    rig.engine.start(rig.engine.create(request))
    assert next(rig.engine.follow(request.name)) == b"hello\n"
    output = rig.engine.attach(request.name).output()
    assert next(output).data == b"hello\n"
    rig.kill_by_hand(request.name)
    assert list(output) == []


def test_it_can_be_given_up_from_another_thread(rig: Rig) -> None:
    dialogue = rig.engine.attach(rig.engine.create(make_request(rig.project, "task")))
    threading.Thread(target=dialogue.close).start()
    assert heard(dialogue) == b""


def test_there_is_none_to_what_is_gone(rig: Rig) -> None:
    with pytest.raises(TransientError, match="gone"):
        rig.engine.attach(f"{rig.project}.task.1.0.1")


@pytest.mark.parametrize("rig", REAL, indirect=True)
def test_a_program_reads_what_it_is_sent(rig: Rig) -> None:
    request = make_request(rig.project, "task", command=("sh", "-c", "cat; exit 4"), stdin=True)
    identifier = rig.engine.create(request)
    dialogue = rig.engine.attach(identifier)
    rig.engine.start(identifier)
    dialogue.send(b"hello\n")
    dialogue.end_input()
    assert heard(dialogue) == b"hello\n"
    assert dialogue.exit_code() == 4


@pytest.mark.parametrize("rig", REAL, indirect=True)
def test_a_terminal_has_a_size(rig: Rig) -> None:
    script = (
        'until [ "$(stty size 2>&-)" = "22 77" ]; do sleep 0.1; done; echo sized; read x; exit $x'
    )
    request = make_request(rig.project, "task", command=("sh", "-c", script), stdin=True, tty=True)
    identifier = rig.engine.create(request)
    dialogue = rig.engine.attach(identifier)
    rig.engine.start(identifier)
    dialogue.resize(Size(columns=77, rows=22))
    output = dialogue.output()
    assert b"sized" in next(output).data
    dialogue.send(b"5\n")
    assert all(said.data for said in output)
    assert dialogue.exit_code() == 5
