"""How a service's pages become a listing, whatever their order."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from obstore.exceptions import InvalidPathError

from reconciler.buckets.bucket import UnfitNameError
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
    return [entry.name for entry in opened(pages, base).list(prefix)]


def opened(pages: Pages, base: str = "") -> ServiceBucket:
    return ServiceBucket(Where("lab", "s3://x", ""), base, pages, pages)  # type: ignore[arg-type]


class Spoiled(Pages):
    """A service whose pages cannot be read as long as one of the names is in them."""

    def __init__(self, *found: tuple[str, int], unfit: str) -> None:
        super().__init__(*found)
        self._unfit = unfit

    def list(self, prefix: str | None, *, offset: str | None, chunk_size: int) -> Iterator[Any]:
        yield from super().list(prefix, offset=offset, chunk_size=chunk_size)
        if self._unfit.startswith(f"{prefix}/" if prefix else ""):
            raise self._refused(self._unfit)

    def list_with_delimiter(self, prefix: str | None) -> dict[str, Any]:
        above = f"{prefix}/" if prefix else ""
        rest = self._unfit.removeprefix(above)
        if self._unfit.startswith(above) and (rest.startswith("/") or "/" not in rest):
            raise self._refused(self._unfit)
        names = [name for name, _ in self._found if name.startswith(above)] + [self._unfit]
        below = {
            name[len(above) :].partition("/")[0] for name in names if "/" in name[len(above) :]
        }
        objects = [page[0] for page in Pages.list(self, prefix, offset=None, chunk_size=1)]
        return {
            "common_prefixes": sorted(above + one for one in below),
            "objects": [one for one in objects if "/" not in one["path"][len(above) :]],
        }

    def _refused(self, name: str) -> InvalidPathError:
        return InvalidPathError(f'invalid path: Path "{name}" contained empty path segment')


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


OTHERS = (("a", 1), ("b/1", 1), ("b/2/3", 1), ("x/ok", 1), ("y-1/2", 1))


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("", ["a", "b/1", "b/2/3", "y-1/2"]), ("b", ["b/1", "b/2/3"]), ("b/2", ["b/2/3"]), ("x/", [])],
)
def test_a_name_that_is_none_takes_nothing_but_its_folder_along(
    prefix: str, expected: list[str]
) -> None:
    bucket = opened(Spoiled(*OTHERS, unfit="x//y"))
    found: list[str] = []
    if prefix in {"", "x/"}:
        with pytest.raises(UnfitNameError, match=r"'x//y'.*all below x/ is left out"):
            found.extend(entry.name for entry in bucket.list(prefix))
    else:
        found.extend(entry.name for entry in bucket.list(prefix))
    assert found == expected


def test_a_name_that_is_none_beside_what_is_asked_for_is_told() -> None:
    bucket = opened(Spoiled(*OTHERS, unfit="y\n"))
    with pytest.raises(UnfitNameError, match=r"'y\\n'.*all of it is left out"):
        list(bucket.list("y-"))
