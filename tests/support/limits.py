"""Less of the past than is kept otherwise, so that tests need not live for months."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.planning import forgetting


@contextmanager
def keeping(*, runs: int, attempts: int) -> Iterator[None]:
    """Keep so many runs of each kind, and so many attempts of an instance, for a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgetting, "RUNS_KEPT", runs)
        patch.setattr(forgetting, "RUNS_KEPT_ANYWAY", runs)
        patch.setattr(forgetting, "ATTEMPTS_KEPT", attempts)
        yield
