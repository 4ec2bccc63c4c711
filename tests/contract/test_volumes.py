"""What every engine owes us about volumes and claims."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.engines.engine import ConflictError, PermanentError, TransientError
from reconciler.model.spec import Mount
from tests.support.engines import Rig, make_request

DATA = Mount(type="volume", source="data", target="/data")


def test_a_volume_is_made_once_and_shared(rig: Rig) -> None:
    for instance in range(2):
        rig.engine.create(make_request(rig.project, "task", instance=instance, mounts=(DATA,)))
    assert rig.engine.volumes(rig.project) == (f"{rig.project}.data",)


def test_a_volume_outlives_its_containers(rig: Rig) -> None:
    rig.engine.remove(rig.engine.create(make_request(rig.project, "task", mounts=(DATA,))))
    assert rig.engine.volumes(rig.project) == (f"{rig.project}.data",)
    rig.engine.remove_volume(f"{rig.project}.data")
    rig.engine.remove_volume(f"{rig.project}.data")
    assert rig.engine.volumes(rig.project) == ()


def test_a_volume_in_use_stays(rig: Rig) -> None:
    rig.engine.create(make_request(rig.project, "task", mounts=(DATA,)))
    with pytest.raises(TransientError):
        rig.engine.remove_volume(f"{rig.project}.data")
    assert rig.engine.volumes(rig.project) == (f"{rig.project}.data",)


def test_a_foreign_volume_under_our_name_is_a_conflict(rig: Rig) -> None:
    name = f"{rig.project}.data"
    rig.make_volume(name)
    with pytest.raises(ConflictError, match=name):
        rig.engine.create(make_request(rig.project, "task", mounts=(DATA,)))
    with pytest.raises(ConflictError, match=name):
        rig.engine.remove_volume(name)
    assert rig.engine.list(rig.project) == ()
    assert rig.engine.volumes(rig.project) == ()


def test_an_external_volume_must_be_there_and_is_not_ours(rig: Rig) -> None:
    name = f"{rig.project}-external"
    mount = Mount(type="volume", source=name, target="/data", external=True)
    request = make_request(rig.project, "task", mounts=(mount,))
    with pytest.raises(PermanentError, match=name):
        rig.engine.create(request)
    rig.make_volume(name)
    rig.engine.create(request)
    assert rig.engine.volumes(rig.project) == ()


def test_the_first_claim_stands(rig: Rig) -> None:
    assert rig.engine.claimed_by(rig.project) is None
    first = rig.engine.claim(rig.project, {"holder": "one"})
    assert first["holder"] == "one"
    assert rig.engine.claim(rig.project, {"holder": "two"}) == first
    assert rig.engine.claimed_by(rig.project) == first
    assert rig.engine.volumes(rig.project) == ()


def test_of_many_who_claim_one_wins(rig: Rig) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda who: rig.engine.claim(rig.project, {"holder": str(who)}), range(8))
        )
    assert len({answer["holder"] for answer in answers}) == 1


def test_a_released_project_can_be_claimed(rig: Rig) -> None:
    rig.engine.claim(rig.project, {"holder": "one"})
    rig.engine.release(rig.project)
    rig.engine.release(rig.project)
    assert rig.engine.claimed_by(rig.project) is None
    assert rig.engine.claim(rig.project, {"holder": "two"})["holder"] == "two"


def test_what_looks_like_a_claim_is_shown_and_stays(rig: Rig) -> None:
    name = f"reconciler-claim.{rig.project}"
    rig.make_volume(name, {"holder": "somebody"})
    assert rig.engine.claim(rig.project, {"holder": "me"}) == {"holder": "somebody"}
    with pytest.raises(ConflictError, match=name):
        rig.engine.release(rig.project)
    assert rig.engine.claimed_by(rig.project) == {"holder": "somebody"}
