"""What others take of a node, on both kinds of engine: told by ports, which nobody else has."""

from msgspec.structs import replace

from reconciler.model.action import CreateRequest
from reconciler.model.claim import claim_of, labels_of
from reconciler.model.spec import Port, Resources
from tests.support.engines import Rig, make_request, new_project
from tests.support.process import eventually
from tests.support.registry import free_port


def labelled(project: str, port: int) -> CreateRequest:
    """Return a request for a container that says what it takes, as all of ours do."""
    limits = Resources(cpus=0.25, memory=1 << 24)
    ports = (Port(container=80, host=port),)
    made = make_request(project, "theirs", network="bridge", resources=limits, ports=ports)
    labels = dict(made.labels) | {k: v for k, v in labels_of(claim_of(made.spec)).items() if v}
    return replace(made, labels=tuple(sorted(labels.items())))


def test_another_project_takes_what_its_labels_say_while_it_runs(rig: Rig) -> None:
    other, port = new_project(), free_port()
    request = labelled(other, port)
    key = (port, "tcp")
    made = rig.engine.create(request)
    try:
        assert rig.engine.others(rig.project).ports[key] == 0, "it has not been started"
        rig.engine.start(made)
        there = rig.engine.others(rig.project)
        assert there.ports[key] == 1
        assert there.cpus >= 0.25
        assert there.memory >= 1 << 24
        assert there.slots == {}
        assert rig.engine.others(other).ports[key] == 0, "it is not other to itself"
        rig.kill_by_hand(request.name)
        assert rig.engine.others(rig.project).ports[key] == 0
    finally:
        if rig.exists(request.name):
            rig.remove_by_hand(request.name)


def test_what_nobody_has_labelled_is_counted(rig: Rig) -> None:
    rig.run_by_hand(f"{rig.project}-foreign")
    # Tests beside this one begin and end containers on the same engine.
    eventually(lambda: rig.engine.others(rig.project).count == rig.running(), "all are counted")
