"""Reading what comes in pieces."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engines.docker.output import tail_of
from reconciler.engines.docker.wire import frames, lines, objects


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(place, len(data)) for place in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(places)]


CUTS = st.lists(st.integers(0, 200), max_size=8)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=30)), max_size=6), CUTS)
def test_frames_do_not_depend_on_how_they_are_cut(
    sent: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    data = b"".join(struct.pack(">BxxxL", stream, len(text)) + text for stream, text in sent)
    assert list(frames(cut(data, cuts))) == [text for _, text in sent]


@given(st.lists(st.binary(max_size=20), max_size=6), CUTS)
def test_lines_do_not_depend_on_how_they_are_cut(texts: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(texts)
    assert list(lines(cut(data, cuts))) == [line for line in data.split(b"\n") if line]


def test_a_frame_that_is_cut_short_is_left_out() -> None:
    assert list(frames([struct.pack(">BxxxL", 1, 5) + b"abc"])) == []


def test_only_objects_are_told() -> None:
    assert list(objects([b'{"a": 1}\n[]\nnonsense\n{"b"', b": 2}\n"])) == [{"a": 1}, {"b": 2}]


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(1, 40))
def test_the_tail_is_the_end(pieces: list[bytes], limit: int) -> None:
    assert tail_of(pieces, limit) == b"".join(pieces)[-limit:]


@pytest.mark.parametrize(
    "said", [[], [b"$ "], [b"\x01"], [b"\x01\x00", b"\x00\x01 no frame"], [b"one\n", b"two\n"]]
)
def test_what_a_terminal_shows_is_in_no_frames(said: list[bytes]) -> None:
    assert b"".join(frames(said)) == b"".join(said)
