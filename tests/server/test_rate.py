"""Buckets of tokens, with a clock that tests turn."""

from reconciler.server.rate import Allowance, Rate
from reconciler.server.repeats import REMEMBERED_SECONDS, Repeats

SMALL = Rate(burst_each=2, each=1.0, burst_all=3, all=1.0)


def test_a_burst_and_then_as_much_as_comes_back() -> None:
    allowance = Allowance(SMALL)
    assert [allowance.take("a", 10.0) for _ in range(3)] == [True, True, False]
    assert [allowance.take("a", 11.0) for _ in range(2)] == [True, False]


def test_one_who_asks_too_often_leaves_the_others_their_share() -> None:
    allowance = Allowance(SMALL)
    assert [allowance.take("a", 10.0) for _ in range(9)].count(True) == 2
    assert allowance.take("b", 10.0)
    assert not allowance.take("c", 10.0)


def test_made_up_addresses_cost_no_memory() -> None:
    allowance = Allowance(Rate())
    for number in range(10_000):
        allowance.take(str(number), 0.0)
    assert len(allowance._each) < 5_000


def test_a_repeat_is_forgotten_after_a_while() -> None:
    repeats = Repeats()
    assert repeats.is_new("/hooks", "1", b"body", 0.0)
    assert not repeats.is_new("/hooks", "1", b"another", REMEMBERED_SECONDS - 1)
    assert repeats.is_new("/hooks", "1", b"body", REMEMBERED_SECONDS)


def test_bodies_are_told_apart_from_ids_and_paths() -> None:
    repeats = Repeats()
    assert repeats.is_new("/hooks", "x", b"", 0.0)
    assert repeats.is_new("/hooks", "", b"x", 0.0)
    assert repeats.is_new("/hooks/a", "", b"x", 0.0)
    assert repeats.is_new("/hooks", "", b"", 0.0)
    assert repeats.is_new("/hooks", "", b"", 0.0)


def test_repeats_cost_little_memory() -> None:
    repeats = Repeats()
    for number in range(30_000):
        repeats.is_new("/hooks", str(number), b"", 0.0)
    assert len(repeats._seen) <= 20_001
