"""The mapping that shares what does not change, held against a plain one."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.shared import SharedMap, differing

keys = st.text("abc", max_size=3)
items = st.dictionaries(keys, st.integers(0, 3))


@given(items, items, st.lists(keys))
def test_it_is_as_a_plain_mapping(
    first: dict[str, int], new: dict[str, int], gone: list[str]
) -> None:
    before = SharedMap(first)
    after = before.changed(new, gone)
    plain = {key: value for key, value in first.items() if key not in gone} | new
    assert after == plain
    assert (list(after), len(after)) == (sorted(plain), len(plain))
    assert all(key in after and after[key] == plain[key] for key in plain)
    assert after.get("none") is None
    assert before == first


@given(items, items, st.lists(keys))
def test_what_differs_is_found_at_a_glance_or_at_length(
    first: dict[str, int], new: dict[str, int], gone: list[str]
) -> None:
    before = SharedMap(first)
    after = before.changed(new, gone)
    expected = {k for k in first.keys() | after.keys() if first.get(k) != after.get(k)}
    assert differing(before, after) == expected
    assert differing(first, dict(after)) == expected
    assert differing(first, after) == expected


def test_values_that_are_equal_do_not_differ() -> None:
    before = SharedMap({"a": [1], "b": [2]})
    assert differing(before, before.changed({"a": [1], "b": [3]})) == {"b"}
