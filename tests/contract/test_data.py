"""What every engine owes us about data that it keeps for instances."""

import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.engines.engine import DataMissingError, PermanentError, TransientError
from reconciler.model.action import CreateRequest
from reconciler.model.data import Provision, Stored
from reconciler.model.spec import Mount, Security
from reconciler.model.staging import Staging
from tests.support.engines import Held, Rig, make_request

DATA = Stored("k" * 20, 9, 2)
FILES = {"a.txt": b"four", "deep/er/b.txt": b"seven"}
TARGET = "/job/in"


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folder = tarfile.TarInfo("./")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


def keep(rig: Rig, data: Stored = DATA, files: dict[str, bytes] = FILES) -> None:
    rig.engine.store(rig.project, data, iter([packed(files)]))


def keys(rig: Rig) -> list[str]:
    return [one.key for one in rig.engine.stored(rig.project)]


def provision(rig: Rig, target: str = TARGET, *, read_only: bool = False) -> Provision:
    return Provision(project=rig.project, key=DATA.key, target=target, read_only=read_only)


def made(rig: Rig, *provisions: Provision, instance: int = 0, **spec: Any) -> CreateRequest:  # noqa: ANN401
    request = make_request(rig.project, "task", instance, **spec)
    request = replace(request, provisions=provisions)
    rig.engine.create(request)
    return request


def provided(rig: Rig, *provisions: Provision, **spec: Any) -> str:  # noqa: ANN401
    name = made(rig, *provisions, **spec).name
    rig.engine.stage(name, Staging(provisions=provisions))
    return name


def test_data_are_kept_and_discarded(rig: Rig) -> None:
    keep(rig)
    (there,) = rig.engine.stored(rig.project)
    assert (there.key, there.size, there.files, there.used) == (DATA.key, 9, 2, False)
    assert there.since > 0
    rig.engine.discard(rig.project, DATA.key)
    rig.engine.discard(rig.project, DATA.key)
    assert keys(rig) == []


def test_data_are_no_instance_and_no_volume_of_the_project(rig: Rig) -> None:
    keep(rig)
    assert rig.engine.list(rig.project) == ()
    assert rig.engine.volumes(rig.project) == ()
    assert rig.engine.stored("another") == ()


def test_who_comes_second_with_the_same_key_changes_nothing(rig: Rig) -> None:
    keep(rig)
    keep(rig, files={"a.txt": b"else"})
    name = provided(rig, provision(rig))
    assert rig.held(name, f"{TARGET}/a.txt") == Held(0, 0, 0o644, b"four")
    assert keys(rig) == [DATA.key]


def test_what_breaks_off_is_not_there(rig: Rig) -> None:
    class BrokenError(Exception):
        pass

    def content() -> Iterator[bytes]:
        yield packed(FILES)[:700]
        raise BrokenError

    with pytest.raises(BrokenError):
        rig.engine.store(rig.project, DATA, content())
    assert keys(rig) == []
    keep(rig)
    assert keys(rig) == [DATA.key]


def test_copies_belong_to_the_user_and_are_below_the_target(rig: Rig) -> None:
    keep(rig)
    name = provided(rig, provision(rig), user="1234:2345")
    assert rig.held(name, f"{TARGET}/a.txt") == Held(1234, 2345, 0o644, b"four")
    assert rig.held(name, f"{TARGET}/deep/er/b.txt") == Held(1234, 2345, 0o644, b"seven")


def test_copies_may_be_made_again(rig: Rig) -> None:
    keep(rig)
    name = provided(rig, provision(rig))
    rig.engine.stage(name, Staging(provisions=(provision(rig),)))
    rig.engine.start(name)
    rig.engine.stage(name, Staging(provisions=(provision(rig),)))


def test_copies_go_into_volumes(rig: Rig) -> None:
    keep(rig)
    mount = Mount(type="volume", source="job", target="/job")
    name = provided(rig, provision(rig), mounts=(mount,), security=Security(read_only_root=True))
    assert rig.held(name, f"{TARGET}/a.txt") == Held(0, 0, 0o644, b"four")


def test_a_read_only_root_without_a_volume_takes_no_copies(rig: Rig) -> None:
    keep(rig)
    with pytest.raises(PermanentError, match=r"inputs into /job/in.*read-only"):
        provided(rig, provision(rig), security=Security(read_only_root=True))


def test_shared_data_are_used_until_the_container_is_gone(rig: Rig) -> None:
    keep(rig)
    name = provided(rig, provision(rig, read_only=True))
    assert [one.used for one in rig.engine.stored(rig.project)] == [True]
    with pytest.raises(TransientError):
        rig.engine.discard(rig.project, DATA.key)
    assert keys(rig) == [DATA.key]
    rig.engine.remove(name)
    rig.engine.discard(rig.project, DATA.key)
    assert keys(rig) == []


@pytest.mark.parametrize("read_only", [True, False])
def test_missing_data_are_told_before_a_program_starts(rig: Rig, read_only: bool) -> None:
    asked = provision(rig, read_only=read_only)
    with pytest.raises(DataMissingError) as caught:
        provided(rig, asked)
    assert caught.value.key == DATA.key


def test_other_data_than_were_mounted_are_told_of(rig: Rig) -> None:
    keep(rig)
    asked = provision(rig, read_only=True)
    elsewhere = made(rig, provision(rig, "/other", read_only=True))
    with pytest.raises(DataMissingError):
        rig.engine.stage(elsewhere.name, Staging(provisions=(asked,)))
