"""What every engine owes us about events: they are hints, but they come."""

import threading

import pytest

from reconciler.engines.engine import EngineEvent
from tests.support.engines import Rig, make_request, watching


def test_a_life_is_told_in_order(rig: Rig) -> None:
    request = make_request(rig.project, "task", command=("sh", "-c", "exit 7"))
    with watching(rig.engine, rig.project) as watch:
        identifier = rig.engine.create(request)
        rig.engine.start(identifier)
        died = watch.until("die", request.name)
        rig.engine.remove(identifier)
        watch.until("destroy", request.name)
    assert [event.action for event in watch.seen] == ["create", "start", "die", "destroy"]
    assert {event.id for event in watch.seen} == {identifier}
    assert {event.kind for event in watch.seen} == {"container"}
    assert [event.exit_code for event in watch.seen] == [None, None, 7, None]
    assert died.at > 0


def test_what_people_do_is_told(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    with watching(rig.engine, rig.project) as watch:
        rig.engine.start(rig.engine.create(request))
        rig.kill_by_hand(request.name)
        assert watch.until("die", request.name).exit_code == 137
        rig.remove_by_hand(request.name)
        watch.until("destroy", request.name)


def test_other_projects_are_not_told(rig: Rig) -> None:
    ours = make_request(rig.project, "task")
    with watching(rig.engine, rig.project) as watch:
        rig.run_by_hand(f"{rig.project}-foreign")
        rig.engine.create(ours)
        watch.until("create", ours.name)
    assert [event.name for event in watch.seen] == [ours.name]


def test_the_claim_is_told_of_and_other_volumes_are_not(rig: Rig) -> None:
    with watching(rig.engine, rig.project) as watch:
        rig.make_volume(f"{rig.project}-some-volume")
        rig.engine.claim(rig.project, {"holder": "me"})
        rig.engine.release(rig.project)
        watch.until("destroy")
    told = [(event.kind, event.action, event.name) for event in watch.seen]
    name = f"reconciler-claim.{rig.project}"
    assert told == [("volume", "create", name), ("volume", "destroy", name)]


def test_what_just_happened_is_told_to_the_late(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    rig.engine.create(request)
    with watching(rig.engine, rig.project) as watch:
        watch.until("create", request.name)


def test_closing_ends_a_waiting_reader_at_once(rig: Rig) -> None:
    stream = rig.engine.events(rig.project)
    seen: list[EngineEvent] = []
    reader = threading.Thread(target=lambda: seen.extend(stream))
    reader.start()
    stream.close()
    reader.join(timeout=5)
    assert not reader.is_alive()
    assert seen == []


@pytest.mark.parametrize("times", [1, 2])
def test_closing_needs_no_reader(rig: Rig, times: int) -> None:
    stream = rig.engine.events(rig.project)
    for _ in range(times):
        stream.close()
    assert list(stream) == []
