"""Which data go for others: never what is needed, never more than has to."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.data import Stored, Use
from reconciler.planning.caching import surplus

KEYS = [f"k{number}" for number in range(8)]
THERE = st.lists(
    st.builds(
        Stored,
        st.sampled_from(KEYS),
        st.integers(0, 100),
        st.just(1),
        st.floats(0, 100),
        st.booleans(),
    ),
    unique_by=lambda one: one.key,
)
USES = st.lists(st.builds(Use, st.sampled_from(KEYS), st.floats(0, 100), st.booleans()))
SIZES = st.integers(0, 500)


@given(THERE, USES, SIZES, SIZES)
def test_what_is_in_use_or_needed_stays(
    there: list[Stored], uses: list[Use], coming: int, limit: int
) -> None:
    going = surplus(there, uses, coming, limit)
    assert not {one.key for one in there if one.used} & {*going}
    assert not {use.key for use in uses if use.needed} & {*going}


@given(THERE, USES, SIZES, SIZES)
def test_no_more_goes_than_has_to_and_no_less(
    there: list[Stored], uses: list[Use], coming: int, limit: int
) -> None:
    going = surplus(there, uses, coming, limit)
    sizes = {one.key: one.size for one in there}
    left = sum(sizes.values()) - sum(sizes[key] for key in going) + coming
    kept = {one.key for one in there if one.used} | {use.key for use in uses if use.needed}
    assert left <= limit or {*sizes} <= {*going} | kept
    if going:
        assert left + sizes[going[-1]] > limit


@given(THERE, USES, SIZES, SIZES)
def test_what_stays_was_of_use_later(
    there: list[Stored], uses: list[Use], coming: int, limit: int
) -> None:
    going = surplus(there, uses, coming, limit)
    last = {one.key: max((u.at for u in uses if u.key == one.key), default=one.since)
            for one in there}  # fmt: skip
    kept = {one.key for one in there if one.used} | {use.key for use in uses if use.needed}
    staying = last.keys() - {*going} - kept
    assert all(last[gone] <= last[stays] for gone in going for stays in staying)


@given(THERE, USES, SIZES, SIZES)
def test_the_order_in_which_they_are_told_does_not_matter(
    there: list[Stored], uses: list[Use], coming: int, limit: int
) -> None:
    assert surplus(there[::-1], uses[::-1], coming, limit) == surplus(there, uses, coming, limit)
