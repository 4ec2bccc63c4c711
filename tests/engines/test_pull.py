"""What an engine says while it fetches an image: words once, and bytes as they come."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest

from reconciler.engines.docker.pull import _follow
from reconciler.engines.docker.wire import Wire
from reconciler.engines.engine import ImageMissingError


class Said:
    """An answer that comes as it is."""

    def __init__(self, *told: dict[str, Any]) -> None:
        self._lines = [json.dumps(one).encode() + b"\n" for one in told]

    def chunks(self) -> Iterator[bytes]:
        yield from self._lines


def loading(layer: str, current: int) -> dict[str, Any]:
    detail = {"current": current, "total": 100}
    return {"id": layer, "status": "Downloading", "progressDetail": detail}


def test_bytes_are_counted_once_whatever_is_said_of_them() -> None:
    words: list[str] = []
    moved: list[int] = []
    said = Said(
        {"status": "Pulling from x"},
        loading("a", 10),
        loading("b", 5),
        loading("a", 30),
        loading("a", 30),
        {"id": "a", "status": "Extracting", "progressDetail": {"current": 90}},
        {"id": "c", "status": "Downloading", "progressDetail": {}},
    )
    _follow(cast("Wire", said), "pull x", words.append, moved.append)
    assert sum(moved) == 35
    assert words == [
        "Pulling from x", "a: Downloading", "b: Downloading", "a: Extracting", "c: Downloading",
    ]  # fmt: skip


def test_an_error_on_the_way_is_one() -> None:
    with pytest.raises(ImageMissingError, match="no access to it"):
        _follow(cast("Wire", Said({"error": "unauthorized"})), "pull x", None, None)
