"""What every engine owes us about programs that are executed in containers that run."""

import threading

import pytest

from reconciler.engines.dialogue import Command, Dialogue
from reconciler.engines.engine import PermanentError, TransientError
from tests.support.engines import Rig, make_request


def running(rig: Rig) -> str:
    request = make_request(rig.project, "task")
    rig.engine.start(rig.engine.create(request))
    return request.name


def shell(script: str, *, terminal: bool = False, stdin: bool = False) -> Command:
    return Command(("sh", "-c", script), terminal=terminal, stdin=stdin)


def heard(dialogue: Dialogue) -> tuple[bytes, bytes]:
    """Return all that is said, on stdout and on stderr."""
    said = list(dialogue.output())
    out = b"".join(one.data for one in said if not one.error)
    return out, b"".join(one.data for one in said if one.error)


def test_both_outputs_are_told_apart_and_the_exit_code_is_known(rig: Rig) -> None:
    dialogue = rig.engine.execute(running(rig), shell("echo one; echo two >&2; exit 3"))
    assert heard(dialogue) == (b"one\n", b"two\n")
    assert dialogue.exit_code() == 3


def test_a_terminal_makes_one_of_both_outputs(rig: Rig) -> None:
    dialogue = rig.engine.execute(
        running(rig), shell("echo one; echo two >&2; exit 0", terminal=True)
    )
    out, error = heard(dialogue)
    assert (out.split(), error) == ([b"one", b"two"], b"")
    assert dialogue.exit_code() == 0


def test_input_is_read_to_its_end(rig: Rig) -> None:
    dialogue = rig.engine.execute(running(rig), Command(("cat",), stdin=True))
    much = b"".join(b"%07d\n" % number for number in range(50_000))

    def give() -> None:
        dialogue.send(much)
        dialogue.end_input()

    sender = threading.Thread(target=give)
    sender.start()
    assert heard(dialogue) == (much, b"")
    sender.join()
    assert dialogue.exit_code() == 0


def test_without_input_there_is_none_to_wait_for(rig: Rig) -> None:
    dialogue = rig.engine.execute(running(rig), Command(("cat",)))
    assert heard(dialogue) == (b"", b"")
    assert dialogue.exit_code() == 0


@pytest.mark.parametrize("terminal", [False, True])
def test_a_program_that_is_not_there(rig: Rig, terminal: bool) -> None:
    dialogue = rig.engine.execute(running(rig), Command(("/no/such",), terminal=terminal))
    with pytest.raises(PermanentError, match="the image has no program /no/such") as caught:
        heard(dialogue)
    assert caught.value.exit_code == 127


def test_it_ends_with_its_container(rig: Rig) -> None:
    name = running(rig)
    dialogue = rig.engine.execute(name, shell("echo hello; sleep 600"))
    output = dialogue.output()
    assert next(output).data == b"hello\n"
    rig.kill_by_hand(name)
    assert list(output) == []
    assert dialogue.exit_code() == 137


def test_it_can_be_given_up_from_another_thread(rig: Rig) -> None:
    dialogue = rig.engine.execute(running(rig), shell("echo hello; sleep 600"))
    output = dialogue.output()
    assert next(output).data == b"hello\n"
    threading.Thread(target=dialogue.close).start()
    assert list(output) == []


def test_nothing_is_executed_in_what_does_not_run(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    rig.engine.create(request)
    with pytest.raises(TransientError, match="not running"):
        rig.engine.execute(request.name, shell("exit 0"))
    with pytest.raises(TransientError, match="could not execute sh"):
        rig.engine.execute(f"{rig.project}.other.1.0.1", shell("exit 0"))
