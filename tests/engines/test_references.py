import pytest

from reconciler.engines.docker.references import pinned, split

D1, D2 = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("busybox", ("busybox", "", "")),
        ("busybox:1", ("busybox", "1", "")),
        ("host:5000/a/b", ("host:5000/a/b", "", "")),
        ("host:5000/a/b:1", ("host:5000/a/b", "1", "")),
        (f"a/b@{D1}", ("a/b", "", D1)),
        (f"host:5000/a:1@{D1}", ("host:5000/a", "1", D1)),
    ],
)
def test_split(reference: str, parts: tuple[str, str, str]) -> None:
    assert split(reference) == parts


@pytest.mark.parametrize(
    ("reference", "digests", "expected"),
    [
        ("busybox:1", [f"busybox@{D1}"], f"busybox:1@{D1}"),
        ("busybox", [f"busybox@{D1}"], f"busybox:latest@{D1}"),
        ("busybox:1", [f"other@{D1}"], "the-id"),
        ("busybox:1", [f"a/busybox@{D1}"], "the-id"),
        ("busybox:1", [f"x@{D1}", f"busybox@{D2}"], f"busybox:1@{D2}"),
        ("busybox:1", [f"busybox@{D2}", f"busybox@{D1}"], f"busybox:1@{D1}"),
        ("registry.example/library/busybox:1", [f"busybox@{D1}"], f"busybox:1@{D1}"),
        ("h/a/b:1", [f"b@{D2}", f"h/a/b@{D1}"], f"h/a/b:1@{D1}"),
        ("busybox:1", [], "the-id"),
        ("busybox:1", None, "the-id"),
        (f"busybox:1@{D1}", [f"busybox@{D2}"], f"busybox:1@{D1}"),
        (D1, [f"busybox@{D2}"], "the-id"),
    ],
)
def test_pinned(reference: str, digests: list[str] | None, expected: str) -> None:
    assert pinned(reference, {"Id": "the-id", "RepoDigests": digests}) == expected
