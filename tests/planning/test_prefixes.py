"""Prefixes: each instance has its own."""

from reconciler.planning.prefixes import rendered


def test_known_names_are_replaced_and_others_stay() -> None:
    values = {"INSTANCE_ID": "3", "alpha": "0.5"}
    assert rendered("pi/${INSTANCE_ID}/${alpha}/${OTHER}/", values) == "pi/3/0.5/${OTHER}/"


def test_a_value_is_not_looked_at_again() -> None:
    assert rendered("${a}/", {"a": "${b}", "b": "no"}) == "${b}/"
