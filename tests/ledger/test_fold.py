"""Memory and disk cannot disagree: loading equals folding, whatever the facts."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.ledger import Ledger
from reconciler.model.fact import Fact
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey
from tests.ledger.samples import EQUALS, any_fact, possible


def completed(history: History) -> list[frozenset[AttemptKey]]:
    """Return which attempts have completed equal work, by what is equal in samples."""
    return [history.equals.of(equal) for equal in EQUALS]


@settings(max_examples=300, deadline=None)
@given(batches=st.lists(st.lists(any_fact, max_size=15), max_size=4))
def test_loading_equals_folding(batches: list[list[Fact]]) -> None:
    history = History()
    with tempfile.TemporaryDirectory() as name:
        for batch in batches:
            taken = []
            for fact in batch:
                if possible(history, fact):
                    history.apply(fact)
                    taken.append(fact)
            # Opened anew each time: nothing may rest on what a connection remembers.
            with Ledger.open(Path(name), write=True, project="p") as ledger:
                ledger.record(taken)
                assert ledger.load() == history
                assert completed(ledger.load()) == completed(history)
        with Ledger.open(Path(name), write=True, project="p") as ledger:
            assert ledger.load() == history
