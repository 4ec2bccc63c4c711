"""What is left to a container, from what is dropped and added and mounted."""

import pytest

from reconciler.model.confinement import capabilities_left, confinement_of
from reconciler.model.spec import InstanceSpec, Mount, Security


@pytest.mark.parametrize(
    ("drop", "add", "left"),
    [
        (("ALL",), (), ()),
        (("ALL",), ("CAP_SETUID", "chown"), ("CHOWN", "SETUID")),
        (("ALL",), ("ALL",), ("ALL",)),
        (("NET_RAW",), ("SYS_ADMIN",), 14),
        ((), (), 14),
    ],
)
def test_capabilities_are_those_that_are_left(
    drop: tuple[str, ...], add: tuple[str, ...], left: tuple[str, ...] | int
) -> None:
    found = capabilities_left(drop, add, privileged=False)
    assert (found if isinstance(left, tuple) else len(found)) == left
    assert "NET_RAW" not in found or "NET_RAW" not in drop


def test_who_is_privileged_has_them_all() -> None:
    assert capabilities_left(("ALL",), (), privileged=True) == ("ALL",)


def test_what_is_mounted_is_not_put_in_memory_for_a_read_only_root() -> None:
    mounts = (Mount(type="volume", target="/tmp/"), Mount(type="tmpfs", target="/cache"))
    spec = InstanceSpec(image="a", mounts=mounts, security=Security(read_only_root=True))
    assert confinement_of(spec).in_memory == ("/cache", "/run", "/var/tmp")
    assert confinement_of(InstanceSpec(image="a", mounts=mounts)).in_memory == ("/cache",)
