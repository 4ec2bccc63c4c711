"""What every engine owes us about the files of a container."""

import pytest

from reconciler.engines.engine import TransientError
from reconciler.model.action import CreateRequest
from tests.contract.conftest import KINDS
from tests.support.engines import Rig, make_request, watching

REAL = KINDS[1:]  # programs in memory write nothing
WRITING = """
mkdir -p /job/sub && cd /job && echo one > a && echo two > sub/b
ln a again && ln -s a link && ln -s /etc/passwd out && ln -s sub folder && mkfifo pipe
touch -d '2020-01-01 00:00:00' sub/b && ln -s /job /elsewhere
: > empty && dd if=/dev/zero of=large bs=1M count=20 2>&-
printf x > "$(printf 'od\\377d')"
"""


def read(rig: Rig, request: CreateRequest, folder: str) -> dict[str, bytes] | None:
    found = rig.engine.read_folder(request.name, folder)
    return None if found is None else {file.path: b"".join(file.pieces) for file in found}


def written(rig: Rig, script: str) -> CreateRequest:
    request = make_request(rig.project, "task", command=("sh", "-c", script))
    with watching(rig.engine, rig.project) as watch:
        rig.engine.start(rig.engine.create(request))
        watch.until("die", request.name)
    return request


def test_files_are_read_with_their_paths_below_the_folder(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    rig.engine.create(request)
    rig.put_by_hand(request.name, "/job/a.txt", b"one")
    rig.put_by_hand(request.name, "/job/sub/b.txt", b"two")
    rig.put_by_hand(request.name, "/jobs/c.txt", b"three")
    assert read(rig, request, "/job") == {"a.txt": b"one", "sub/b.txt": b"two"}
    assert read(rig, request, "/job/sub") == {"b.txt": b"two"}


def test_there_is_nothing_of_a_folder_that_is_not_there(rig: Rig) -> None:
    request = make_request(rig.project, "task")
    rig.engine.create(request)
    assert rig.engine.read_folder(request.name, "/no/such") is None


def test_a_container_that_is_gone_has_no_files(rig: Rig) -> None:
    with pytest.raises(TransientError, match="gone"):
        rig.engine.read_folder(f"{rig.project}.task.1.0.1", "/job")


@pytest.mark.parametrize("rig", REAL, indirect=True)
def test_an_ended_container_gives_its_files_and_no_links(rig: Rig) -> None:
    request = written(rig, WRITING)
    found = read(rig, request, "/job")
    assert found is not None
    assert found.pop("large") == bytes(20 * 2**20)
    assert found == {
        "a": b"one\n", "again": b"one\n", "sub/b": b"two\n", "empty": b"", "od\udcffd": b"x",
    }  # fmt: skip
    assert read(rig, request, "/elsewhere/sub") == {"b": b"two\n"}
    assert set(read(rig, request, "/elsewhere") or ()) == {*found, "large"}


@pytest.mark.parametrize("rig", REAL, indirect=True)
def test_a_file_tells_its_size_and_time_and_may_be_passed_over(rig: Rig) -> None:
    request = written(rig, WRITING)
    told = {
        f.path: (f.size, f.modified) for f in rig.engine.read_folder(request.name, "/job") or ()
    }
    assert told["large"][0] == 20 * 2**20
    assert told["sub/b"] == (4, 1577836800.0)


@pytest.mark.parametrize("rig", REAL, indirect=True)
def test_files_of_a_running_container_are_read_and_those_of_its_volumes(rig: Rig) -> None:
    request = make_request(
        rig.project, "task", command=("sh", "-c", "echo one > /v/a; sleep 600"), scratch=True
    )
    rig.engine.start(rig.engine.create(request))
    script = "mkdir /run/reconciler/x; echo one > /run/reconciler/x/a"
    from reconciler.engines.dialogue import Command  # noqa: PLC0415

    dialogue = rig.engine.execute(request.name, Command(("sh", "-c", script)))
    assert list(dialogue.output()) == []
    assert dialogue.exit_code() == 0
    assert read(rig, request, "/run/reconciler/x") == {"a": b"one\n"}


@pytest.mark.parametrize("rig", REAL, indirect=True)
def test_what_is_left_unread_keeps_nobody_out(rig: Rig) -> None:
    """The engine keeps a container locked while it is read."""
    request = written(rig, WRITING)
    found = rig.engine.read_folder(request.name, "/job")
    assert found is not None
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert rig.engine.inspect(request.name) is not None
