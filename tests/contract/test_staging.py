"""What every engine owes us about files that are put into a container before its start."""

from typing import Any

import pytest

from reconciler.engines.engine import PermanentError, TransientError
from reconciler.model.action import CreateRequest
from reconciler.model.observed import Phase
from reconciler.model.spec import Mount, Security
from reconciler.model.staging import Account, StagedFile, Staging
from tests.support.engines import Held, Rig, make_request

READ_ONLY = Security(read_only_root=True)
KEY = StagedFile(path="/run/reconciler/ssh/key", content=b"secret\n", mode=0o600)
NOTE = StagedFile(path="/job/hosts/list", content=b"one\ntwo\n", owner="root")
ACCOUNT = Staging(account=Account(entries=True, name="ada"))


def made(rig: Rig, **spec: Any) -> CreateRequest:  # noqa: ANN401
    request = make_request(rig.project, "task", **spec)
    rig.engine.create(request)
    return request


def staged(rig: Rig, *files: StagedFile, **spec: Any) -> str:  # noqa: ANN401
    request = made(rig, **spec)
    rig.engine.stage(request.name, Staging(files=files))
    return request.name


def text_of(rig: Rig, name: str, path: str) -> list[str]:
    held = rig.held(name, path)
    assert held is not None
    assert held.content is not None
    return held.content.decode().splitlines()


def test_a_file_belongs_to_the_user_that_the_container_runs_as(rig: Rig) -> None:
    name = staged(rig, KEY, NOTE, user="1234:2345", scratch=True)
    assert rig.held(name, KEY.path) == Held(1234, 2345, 0o600, b"secret\n")
    assert rig.held(name, NOTE.path) == Held(0, 0, 0o644, b"one\ntwo\n")


@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("", (0, 0)),
        ("nobody", (65534, 65534)),
        ("65534", (65534, 65534)),
        ("nobody:root", (65534, 0)),
        ("1234", (1234, 0)),
        ("1234:nobody", (1234, 65534)),
    ],
)
def test_users_are_looked_up_as_the_engine_does(
    rig: Rig, user: str, owner: tuple[int, int]
) -> None:
    name = staged(rig, NOTE, KEY, user=user)
    found = rig.held(name, KEY.path)
    assert found is not None
    assert (found.uid, found.gid) == owner


def test_a_user_that_the_image_does_not_know_is_refused(rig: Rig) -> None:
    request = made(rig, user="stranger")
    with pytest.raises(PermanentError, match="does not know the user stranger") as caught:
        rig.engine.stage(request.name, Staging(files=(KEY,)))
    assert caught.value.exit_code == 126


def test_a_read_only_root_takes_files_in_our_own_folder(rig: Rig) -> None:
    name = staged(rig, KEY, user="1234:2345", security=READ_ONLY, scratch=True)
    assert rig.held(name, KEY.path) == Held(1234, 2345, 0o600, b"secret\n")
    rig.engine.start(name)


def test_a_read_only_root_takes_files_in_a_volume(rig: Rig) -> None:
    volume = Mount(type="volume", source="job", target="/job")
    name = staged(rig, KEY, NOTE, security=READ_ONLY, mounts=(volume,), scratch=True)
    assert rig.held(name, NOTE.path) == Held(0, 0, 0o644, b"one\ntwo\n")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"security": READ_ONLY}, "its root is read-only.* mount a volume there"),
        ({"mounts": (Mount(type="tmpfs", target="/job"),)}, "the tmpfs at /job is empty"),
        (
            {"mounts": (Mount(type="bind", source="/var/tmp", target="/job"),)},
            "at /job a folder of the node is mounted",
        ),
        (
            {"mounts": (Mount(type="volume", source="v", target="/job", read_only=True),)},
            "the volume at /job is mounted read-only",
        ),
    ],
)
def test_a_file_that_can_be_put_nowhere_is_refused(
    rig: Rig, spec: dict[str, Any], says: str
) -> None:
    request = made(rig, **spec)
    with pytest.raises(PermanentError, match=f"could not put /job/hosts/list into .*{says}") as no:
        rig.engine.stage(request.name, Staging(files=(NOTE,)))
    assert no.value.exit_code == 126


def test_staging_may_come_again(rig: Rig) -> None:
    request = made(rig, user="1234:2345")
    both = Staging(files=(KEY, NOTE), account=Account(entries=True))
    for _ in range(3):
        rig.engine.stage(request.name, both)
    assert rig.held(request.name, KEY.path) == Held(1234, 2345, 0o600, b"secret\n")
    assert len(text_of(rig, request.name, "/etc/passwd")) == 3


def test_what_has_been_started_is_left_alone(rig: Rig) -> None:
    request = made(rig)
    rig.engine.start(request.name)
    rig.engine.stage(request.name, Staging(files=(KEY,)))
    assert rig.held(request.name, KEY.path) is None


def test_a_container_that_is_gone_may_come_back(rig: Rig) -> None:
    with pytest.raises(TransientError, match="the container is gone"):
        rig.engine.stage(f"{rig.project}.task.1.0.1", Staging(files=(KEY,)))


def test_what_is_not_ours_is_not_touched(rig: Rig) -> None:
    name = f"{rig.project}.task.1.0.1"
    rig.run_by_hand(name)
    with pytest.raises(TransientError, match="the container is gone"):
        rig.engine.stage(name, Staging(files=(KEY,)))
    assert rig.held(name, KEY.path) is None


def test_an_account_names_the_user_and_its_groups(rig: Rig) -> None:
    name = made(rig, user="1234:2345", groups=("77", "65534")).name
    rig.engine.stage(name, ACCOUNT)
    assert text_of(rig, name, "/etc/passwd") == [
        "root:x:0:0:root:/root:/bin/sh",
        "nobody:x:65534:65534:nobody:/home:/bin/false",
        "ada:x:1234:2345:ada:/home/ada:/bin/sh",
    ]
    assert text_of(rig, name, "/etc/group") == [
        "root:x:0:",
        "nobody:x:65534:",
        "ada:x:2345:",
        "group77:x:77:ada",
    ]
    assert rig.held(name, "/home/ada") == Held(1234, 2345, 0o700, None)


def test_an_account_that_the_image_has_is_kept(rig: Rig) -> None:
    name = made(rig, user="nobody").name
    rig.engine.stage(name, ACCOUNT)
    passwd = rig.held(name, "/etc/passwd")
    assert passwd is None or passwd.content is None or b"ada" not in passwd.content
    assert rig.held(name, "/home/ada") == Held(65534, 65534, 0o700, None)


@pytest.mark.parametrize("user", ["", "root", "0:2345"])
def test_root_is_left_to_the_image(rig: Rig, user: str) -> None:
    name = made(rig, user=user).name
    rig.engine.stage(name, ACCOUNT)
    assert rig.held(name, "/home/ada") is None


def test_a_name_that_is_taken_is_not_given_twice(rig: Rig) -> None:
    name = made(rig, user="1234:2345").name
    rig.engine.stage(name, Staging(account=Account(entries=True, name="nobody")))
    assert text_of(rig, name, "/etc/passwd")[-1].startswith("nobody1:x:1234:2345:")
    assert text_of(rig, name, "/etc/group")[-1] == "nobody1:x:2345:"


def test_lines_of_any_kind_are_kept_as_they_are(rig: Rig) -> None:
    name = made(rig, user="1234:2345").name
    odd = (
        b"# comment\n\xff:x:notanumber:0\nlong:x:" + b"9" * 5000 + b":0::/:/bin/sh\nlast:x:5:5::/:"
    )
    rig.put_by_hand(name, "/etc/passwd", odd)
    rig.engine.stage(name, ACCOUNT)
    held = rig.held(name, "/etc/passwd")
    assert held is not None
    assert held.content == odd + b"\nada:x:1234:2345:ada:/home/ada:/bin/sh\n"


def test_a_home_that_is_mounted_is_left_as_it_is(rig: Rig) -> None:
    home = Mount(type="tmpfs", target="/home/ada")
    name = made(rig, user="1234:2345", mounts=(home,)).name
    rig.engine.stage(name, ACCOUNT)
    assert text_of(rig, name, "/etc/passwd")[-1].startswith("ada:")
    rig.engine.start(name)


def test_an_account_wants_a_root_that_can_be_written_to(rig: Rig) -> None:
    name = made(rig, user="1234:2345", security=READ_ONLY, scratch=True).name
    with pytest.raises(PermanentError, match=r"could not put /etc/passwd into .* read-only"):
        rig.engine.stage(name, ACCOUNT)


def test_nothing_of_a_file_is_shown() -> None:
    assert "secret" not in repr(Staging(files=(KEY,)))


def test_the_container_stays_created(rig: Rig) -> None:
    name = staged(rig, KEY, NOTE)
    detail = rig.engine.inspect(name)
    assert detail is not None
    assert detail.container.phase is Phase.CREATED
