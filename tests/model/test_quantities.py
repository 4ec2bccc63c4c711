from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import quantities as q


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        (q.parse_bytes, "0", 0),
        (q.parse_bytes, 1048576, 1048576),
        (q.parse_bytes, "512Mi", 512 * 1024**2),
        (q.parse_bytes, "2G", 2 * 10**9),
        (q.parse_bytes, "1.5Ki", 1536),
        (q.parse_bytes, "3k", 3000),
        (q.parse_bytes, "1Ti", 1024**4),
        (q.parse_cpus, 2, 2.0),
        (q.parse_cpus, 0.5, 0.5),
        (q.parse_cpus, "500m", 0.5),
        (q.parse_cpus, "1.25", 1.25),
        (q.parse_duration, "10s", 10.0),
        (q.parse_duration, "1h30m", 5400.0),
        (q.parse_duration, "7d", 604800.0),
        (q.parse_duration, "250ms", 0.25),
        (q.parse_duration, "5m250ms", 300.25),
        (q.parse_duration, "1.5s", 1.5),
        (q.parse_duration, 90, 90.0),
        (q.parse_duration, "0.25", 0.25),
        (q.parse_ranges, "0-2,4,7-9", (0, 1, 2, 4, 7, 8, 9)),
        (q.parse_ranges, "3,1,1-2", (1, 2, 3)),
        (q.parse_ranges, "5-5", (5,)),
    ],
)
def test_reads(parse: Callable[[object], object], text: object, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (q.parse_bytes, "", "no size"),
        (q.parse_bytes, "-1", "no size"),
        (q.parse_bytes, "5MB", "no size"),
        (q.parse_bytes, "1e3", "no size"),
        (q.parse_bytes, "5 Mi", "no size"),
        (q.parse_bytes, True, "no size"),
        (q.parse_bytes, float("nan"), "no size"),
        (q.parse_bytes, float("inf"), "no size"),
        (q.parse_bytes, "0.5", "whole number of bytes"),
        (q.parse_bytes, "9999999Ti", "more than"),
        (q.parse_bytes, "9" * 5000, "too long"),
        (q.parse_cpus, "two", "no number of cpus"),
        (q.parse_cpus, "0.0001", "finer"),
        (q.parse_cpus, "100000", "more than"),
        (q.parse_duration, "", "no duration"),
        (q.parse_duration, "m", "no duration"),
        (q.parse_duration, "30m1h", "no duration"),
        (q.parse_duration, "1 minute", "no duration"),
        (q.parse_duration, "99999d", "longer than"),
        (q.parse_duration, "0.0001s", "finer"),
        (q.parse_ranges, "", "no instance id"),
        (q.parse_ranges, "1-", "no instance id"),
        (q.parse_ranges, "5-2", "backwards"),
        (q.parse_ranges, "0-999999", "more than 100000"),
        (q.parse_ranges, "1000000", "above"),
    ],
)
def test_refuses_with_a_sentence(
    parse: Callable[[object], object], text: object, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)


@given(st.integers(0, q.MAX_BYTES))
def test_bytes_round_trip(number: int) -> None:
    assert q.parse_bytes(q.format_bytes(number)) == number


@given(st.integers(0, q.MAX_CPUS * 1000))
def test_cpus_round_trip(thousandths: int) -> None:
    assert q.parse_cpus(q.format_cpus(thousandths / 1000)) == thousandths / 1000


@given(st.integers(0, q.MAX_SECONDS * 1000))
def test_durations_round_trip(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert q.parse_duration(q.format_duration(seconds)) == pytest.approx(seconds, abs=0.0005)


@given(st.frozensets(st.integers(0, q.MAX_INSTANCE_ID), min_size=1, max_size=50))
def test_ranges_round_trip(numbers: frozenset[int]) -> None:
    assert q.parse_ranges(q.format_ranges(tuple(sorted(numbers)))) == tuple(sorted(numbers))


@given(st.text())
def test_nothing_but_value_errors(text: str) -> None:
    for parse in (q.parse_bytes, q.parse_cpus, q.parse_duration, q.parse_ranges):
        with suppress(ValueError):
            parse(text)
