"""A share of `make prove`: other lives each time. What it finds is told in all its length."""

import secrets

from tests.laws.living import live, to_repeat

BATCHES = 4


def test_no_law_is_broken_whatever_happens() -> None:
    start = secrets.randbelow(1_000_000)
    for batch in range(BATCHES):
        try:
            live(start, batch, shrink=False)
        except Exception as error:
            error.add_note(to_repeat(start, batch))
            raise
