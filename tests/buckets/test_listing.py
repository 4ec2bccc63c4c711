"""How a service's pages become a listing, whatever their order."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.buckets.failures import Where
from reconciler.buckets.service import ServiceBucket

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


class Pages:
    """What the library tells of a bucket: in which order, the service decides."""

    def __init__(self, *found: tuple[str, int]) -> None:
        self._found = found
        self.seen = 0

    def list(self, prefix: str | None, *, offset: str | None, chunk_size: int) -> Iterator[Any]:
        for path, size in self._found:
            if path.startswith(f"{prefix}/" if prefix else "") and path > (offset or ""):
                self.seen += 1
                yield [{"path": path, "size": size, "e_tag": "x", "last_modified": WHEN}]


def names(pages: Pages, prefix: str = "", base: str = "") -> list[str]:
    bucket = ServiceBucket(Where("lab", "s3://x", ""), base, pages, pages)  # type: ignore[arg-type]
    return [entry.name for entry in bucket.list(prefix)]


def test_a_listing_by_folders_is_put_in_order() -> None:
    assert names(Pages(("a/b", 1), ("a-b", 1), ("a0", 1))) == ["a-b", "a/b", "a0"]


def test_marks_of_folders_are_no_objects() -> None:
    pages = Pages(("a", 0), ("a-b", 0), ("a/b", 1), ("c", 0), ("d", 1), ("d/e", 1))
    assert names(pages) == ["a-b", "a/b", "c", "d", "d/e"]


def test_what_is_not_below_the_own_prefix_is_left_out() -> None:
    pages = Pages(("p", 0), ("p/a", 1), ("pa", 1), ("q/a", 1))
    assert names(pages, base="/p/") == ["a"]


@pytest.mark.parametrize(
    "order", [["a/1", "b", "b-1", "b/1", "b0", "c"], ["a/1", "b", "b/1", "b-1", "b0", "c"]]
)
@pytest.mark.parametrize("prefix", ["", "b", "b-", "b/", "b0"])
def test_nothing_is_missed_and_little_is_asked_in_vain(order: list[str], prefix: str) -> None:
    pages = Pages(*((name, 1) for name in [*order, *(f"d/{number}" for number in range(100))]))
    found = names(pages, prefix)
    assert found[: len(order)] == sorted(name for name in order if name.startswith(prefix))
    assert pages.seen < 10 or not prefix
