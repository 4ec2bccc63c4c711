"""A share of `make prove`: the same lives each time. What it finds is told in all its length."""

from tests.laws.living import live, to_repeat

SEED = 1
BATCHES = 4


def test_no_law_is_broken_whatever_happens() -> None:
    for batch in range(BATCHES):
        try:
            live(SEED, batch, shrink=False)
        except Exception as error:
            error.add_note(to_repeat(SEED, batch))
            raise
