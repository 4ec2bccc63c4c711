"""`reconciler.lock`: written alike, read back, and what is told of images that are not in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import manifests
from reconciler.manifests import Memory
from reconciler.manifests.locking import read_locks
from reconciler.manifests.reporting import Report
from reconciler.model.catalog import Catalog
from reconciler.model.images import LOCK_FILE
from tests.manifests.loaded import task

ONE, OTHER = (f"sha256:{digit * 64}" for digit in "ab")


def loaded(lock: str | None, *images: str, memory: Memory | None = None, **others: str) -> Catalog:
    texts = [task(f"container: {{image: {image}}}", f"t{n}") for n, image in enumerate(images)]
    files = {"a.yaml": "---\n".join(texts).encode()}
    files |= {f"{name}.yaml": text.encode() for name, text in others.items()}
    if lock is not None:
        files[LOCK_FILE] = lock.encode()
    return manifests.load(files, project="demo", revision="r", memory=memory)


def test_without_a_lock_file_nothing_is_said() -> None:
    catalog = loaded(None, "busybox:1")
    assert catalog.problems == ()
    assert catalog.desired is not None
    assert catalog.desired.locks == {}


def test_what_is_locked_is_known_and_changes_no_hash() -> None:
    bare, locked = (
        loaded(None, "busybox:1"),
        loaded(manifests.lock_text({"busybox:1": ONE}), "busybox:1"),
    )
    assert locked.problems == ()
    assert bare.desired is not None
    assert locked.desired is not None
    assert locked.desired.locks == {"busybox:1": ONE}
    assert str(locked.desired.lock_places["busybox:1"]) == "reconciler.lock:4:3"
    assert locked.desired.tasks["t0"].work == bare.desired.tasks["t0"].work
    assert locked.desired.tasks["t0"].shape == bare.desired.tasks["t0"].shape


def test_what_is_not_locked_is_told_once_where_it_is_named_first() -> None:
    lock = manifests.lock_text({"busybox:1": ONE})
    images = ("busybox:1", "alpine:3", "alpine:3", f"debian@{OTHER}", "{archive: a.tgz}")
    (problem,) = loaded(lock, *images).problems
    assert (problem.code, str(problem.at)) == ("not-locked", "a.yaml:11:22")
    assert problem.message == "the image alpine:3 is not in reconciler.lock"


def test_an_image_of_a_profile_is_told_at_the_task() -> None:
    catalog = loaded(manifests.lock_text({}), a=task("constants: {DOCKER_TAG: 7}"), b=task("", "b"))
    found = [(str(p.at), p.message) for p in catalog.problems]
    assert found == [
        ("a.yaml:5:27", "the image library/busybox:7 is not in reconciler.lock"),
        ("b.yaml:1:1", "the image library/busybox:latest is not in reconciler.lock"),
    ]


@pytest.mark.parametrize(
    ("lock", "at"),
    [
        ("", "1:1"),
        ("[]", "1:1"),
        ("version: 1\nimages: 3", "1:1"),
        ("version: 2\nimages: {}", "1:1"),
        (f"version: 1\nimages: {{a: {ONE}, b: sha256:12}}", "2:86"),
        ("version: 1\nimages: {a: [x]}", "2:10"),
        ("images: {}", "1:1"),
    ],
)
def test_a_lock_that_is_none_refuses_the_revision(lock: str, at: str) -> None:
    (problem,) = loaded(lock).errors
    assert (problem.code, str(problem.at)) == ("bad-lock", f"{LOCK_FILE}:{at}")


def test_another_lock_counts_though_nothing_else_has_changed() -> None:
    memory, others = (
        Memory(),
        {f"o{n}": task("container: {image: x:1}", f"o{n}") for n in range(40)},
    )
    for lock in ({"x:1": ONE}, {"x:1": OTHER}):
        catalog = loaded(manifests.lock_text(lock), memory=memory, **others)
        assert catalog.desired is not None
        assert catalog.desired.locks == lock
    others["o7"] = task("container: {image: x:2}", "o7")
    catalog = loaded(manifests.lock_text({"x:1": ONE}), memory=memory, **others)
    assert [problem.code for problem in catalog.problems] == ["not-locked"]


NAMES = st.from_regex(
    r"[a-z0-9]+([._/-][a-z0-9]+)*(:[0-9]+/[a-z]+)?(:[A-Za-z0-9_.-]+)?", fullmatch=True
)


@given(
    st.dictionaries(NAMES, st.integers(0, 2**256 - 1).map(lambda n: f"sha256:{n:064x}"), max_size=5)
)
def test_what_is_written_is_read_back_and_written_alike(locks: dict[str, str]) -> None:
    text, report = manifests.lock_text(locks), Report()
    assert manifests.lock_text(dict(reversed(locks.items()))) == text
    read = read_locks({LOCK_FILE: text.encode()}, report) or {}
    assert {image: lock.digest for image, lock in read.items()} == locks
    assert [lock.at.line for lock in read.values()] == [*range(4, 4 + len(locks))]
    assert report.sorted() == ()
