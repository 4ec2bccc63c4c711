"""What every engine owes us about output."""

from tests.support.engines import Rig, make_request, watching

BOTH = ("sh", "-c", "echo one; echo two >&2; echo three; exit 0")


def run(rig: Rig) -> str:
    request = make_request(rig.project, "task", command=BOTH)
    with watching(rig.engine, rig.project) as watch:
        rig.engine.start(rig.engine.create(request))
        watch.until("die", request.name)
    return request.name


def test_output_has_both_streams(rig: Rig) -> None:
    name = run(rig)
    output = rig.engine.logs(name, limit=1000)
    assert sorted(output.split()) == [b"one", b"three", b"two"]


def test_output_is_cut_from_the_front(rig: Rig) -> None:
    name = run(rig)
    everything = rig.engine.logs(name, limit=1000)
    assert rig.engine.logs(name, limit=5) == everything[-5:]
    assert rig.engine.logs(name, limit=0) == b""


def test_what_is_gone_said_nothing(rig: Rig) -> None:
    assert rig.engine.logs(f"{rig.project}.task.1.0.1", limit=10) == b""
    assert list(rig.engine.follow(f"{rig.project}.task.1.0.1")) == []


def test_following_ends_with_the_container(rig: Rig) -> None:
    name = run(rig)
    assert b"".join(rig.engine.follow(name)) == rig.engine.logs(name, limit=1000)
    assert b"".join(rig.engine.follow(name, tail=1)).count(b"\n") == 1


def test_following_can_be_given_up(rig: Rig) -> None:
    request = make_request(rig.project, "task", command=("sh", "-c", "echo hello; sleep 600"))
    rig.engine.start(rig.engine.create(request))
    output = rig.engine.follow(request.name)
    assert next(output) == b"hello\n"
    output.close()  # type: ignore[attr-defined]  # a generator


def test_following_sees_what_is_said_later(rig: Rig) -> None:
    request = make_request(rig.project, "task", command=("sh", "-c", "echo hello; sleep 600"))
    rig.engine.start(rig.engine.create(request))
    output = rig.engine.follow(request.name)
    assert next(output) == b"hello\n"
    rig.kill_by_hand(request.name)
    assert list(output) == []
