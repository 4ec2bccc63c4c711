"""How far a program is, by what it prints."""

import pytest

from reconciler.manifests.headway import headway
from reconciler.model.headway import Headway

EPOCH = r"epoch (\d+)/(\d+)"
PERCENT = r"([\d.]+) ?%"


@pytest.mark.parametrize(
    ("output", "done", "said"),
    [
        (b"epoch 1/4\nepoch 3/4\nloss 0.3\n", 0.75, "epoch 3/4"),
        (b"  45 % of it", 0.45, "45 %"),
        (b"12%|#   \r 50%|##  \r", 0.5, "50%"),
        (b"epoch 9/4", 1.0, "epoch 9/4"),
        (b"epoch 1/4 100%", 0.25, "epoch 1/4"),
        (b"caf\xc3\xa9 \xff epoch 2/4", 0.5, "epoch 2/4"),
    ],
)
def test_the_last_line_that_says_so_counts(output: bytes, done: float, said: str) -> None:
    assert headway([EPOCH, PERCENT], output) == Headway(done, said)


@pytest.mark.parametrize(
    "output", [b"", b"\n\r\n", b"nothing", b"epoch 1/0", b"epoch x/y", b"... %"]
)
def test_what_says_nothing_leaves_it_open(output: bytes) -> None:
    assert headway([EPOCH, PERCENT], output) is None


def test_a_line_whose_beginning_is_missing_is_left_out() -> None:
    assert headway([PERCENT], b"5%\n", whole=False) is None
    assert headway([PERCENT], b"5%\n6%", whole=False) == Headway(0.06, "6%")


def test_lines_are_cut_at_four_kilobytes() -> None:
    assert headway([PERCENT], b" " * 4094 + b"50%") is None
    assert headway([PERCENT], b" " * 4093 + b"50%") == Headway(0.5, "50%")


def test_an_expression_of_the_worst_kind_takes_no_time() -> None:
    assert headway(["(a*)*(a*)*(a*)*b", "((a?){1000})c"], b"a" * 4096) is None


@pytest.mark.parametrize("number", ["9" * 400, "1e5"])
def test_numbers_of_any_size_are_no_matter(number: str) -> None:
    found = headway([r"(\S+)/(\S+)"], f"{number}/{number}".encode())
    assert found is None or 0.0 <= found.done <= 1.0
