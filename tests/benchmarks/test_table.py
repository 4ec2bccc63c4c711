"""The arithmetic of the table; nothing here measures anything."""

import pytest

from tests.benchmarks.table import (
    Figure,
    Item,
    as_json,
    best,
    bound,
    excess,
    interleaved,
    ratio,
    render,
)

OURS = Figure("ours", "s", (1.0, 1.1, 3.0))
RIVAL = Figure("rival", "s", (1.0, 0.9, 1.2))


def test_ratio_is_of_medians() -> None:
    claim = ratio(OURS, RIVAL, 1.2)
    assert claim.value == pytest.approx(1.1)
    assert claim.met is True
    assert ratio(OURS, RIVAL, 1.05).met is False


def test_without_a_target_nothing_is_met_or_missed() -> None:
    assert ratio(OURS, RIVAL).met is None


def test_excess_keeps_the_unit() -> None:
    claim = excess(OURS, RIVAL, 0.2)
    assert claim.value == pytest.approx(0.1)
    assert claim.unit == "s"


@pytest.mark.parametrize(
    ("count", "expected"), [(1, 1.0), (10, 10.0), (20, 19.0), (40, 38.0), (100, 95.0)]
)
def test_p95_is_by_nearest_rank(count: int, expected: float) -> None:
    figure = Figure("f", "ms", tuple(float(i) for i in range(count, 0, -1)))
    assert bound(figure, "p95").value == expected


def test_best_has_the_least_median_not_the_least_minimum() -> None:
    lucky = Figure("lucky", "s", (0.1, 5.0, 5.0))
    assert best([lucky, RIVAL]) is RIVAL


def test_interleaved_takes_turns_and_turns_round() -> None:
    order: list[str] = []

    def take(name: str) -> float:
        order.append(name)
        return float(len(order))

    values = interleaved(2, [lambda: take("a"), lambda: take("b")])
    assert order == ["a", "b", "b", "a"]
    assert values == [(1.0, 4.0), (2.0, 3.0)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.00456, "0.0046"), (0.123, "0.12"), (12.34, "12.34"), (123.4, "123.4"),
     (1234.5, "1234")],
)  # fmt: skip
def test_numbers_have_as_many_digits_as_mean_something(value: float, shown: str) -> None:
    item = Item("a", "a title", [], [bound(Figure("f", "x", (value,)), "median")])
    assert render([item]).splitlines()[-1].split()[-2:] == [shown, "x"]


def test_rendered_table_says_what_was_missed() -> None:
    item = Item("a", "a title", [OURS, RIVAL], [ratio(OURS, RIVAL, 1.05)], ["a remark"])
    lines = render([item]).splitlines()
    assert lines[0] == "(a) a title"
    assert lines[2].split() == ["ours", "3", "1.00", "1.10", "3.00", "3.00", "s"]
    assert lines[4].endswith("1.10 x   target <= 1.05 x   MISSED")
    assert lines[5] == "  * a remark"


def test_json_holds_every_value() -> None:
    item = Item("a", "a title", [OURS], [bound(OURS, "median", 2.0)])
    (found,) = as_json([item])
    assert found["figures"] == [
        {
            "name": "ours", "unit": "s", "minimum": 1.0, "median": 1.1, "p95": 3.0,
            "maximum": 3.0, "values": [1.0, 1.1, 3.0],
        }
    ]  # fmt: skip
    assert found["claims"] == [
        {"text": "ours, median", "value": 1.1, "unit": "s", "target": 2.0, "met": True}
    ]
