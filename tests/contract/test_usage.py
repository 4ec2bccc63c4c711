"""What every engine owes us about what containers use."""

from tests.support.engines import Rig, make_request, watching


def test_a_running_container_uses_something(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    made = rig.engine.create(request)
    assert rig.engine.usage(made) is None, "it has not been started"
    rig.engine.start(made)
    used = rig.engine.usage(made)
    assert used is not None
    assert 0 < used.memory < 2**30
    assert 0 < used.cpu_seconds < 60


def test_what_has_ended_or_is_gone_uses_nothing(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    made = rig.engine.create(request)
    with watching(rig.engine, rig.project) as watch:
        rig.engine.start(made)
        rig.kill_by_hand(request.name)
        watch.until("die", request.name)
    assert rig.engine.usage(made) is None
    rig.engine.remove(made)
    assert rig.engine.usage(made) is None
