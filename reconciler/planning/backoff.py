"""How long to wait before the next attempt.

Jitter is drawn from the attempt's own name, so that the same history gives the same plan.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from reconciler.model.desired import Backoff, DesiredTask
from reconciler.model.run import Attempt, Forgotten
from reconciler.planning.tries import speaks

# A service that ran this long (seconds) has proved itself: it starts over at once.
STEADY: Final = 10.0
# Refusals by an engine are retried for ever, so the wait stays short enough to notice a cure.
TROUBLE_INITIAL: Final = 1.0
TROUBLE_MAX: Final = 60.0


def retry_delay(
    task: DesiredTask, attempts: Sequence[Attempt], gone: Forgotten, seed: str
) -> float:
    """Return the seconds between the last attempt's end and the next start.

    `attempts` are those of the instance that count, `gone` is what counts besides.
    """
    if task.service:
        tail = short_lives(attempts, gone)
    else:
        tail = sum(a.counts_as_failure for a in attempts) + gone.failures
    return spread(task.retry.backoff, tail, seed) if tail else 0.0


def spread(backoff: Backoff, count: int, seed: str) -> float:
    """Return initial * factor ** (count - 1), at most max, moved by up to ±jitter of itself."""
    try:
        wait = backoff.initial * backoff.factor ** (count - 1)
    except OverflowError:
        wait = backoff.max
    wait = min(wait, backoff.max)
    share = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32
    return wait * (1 + backoff.jitter * (2 * share - 1))


def short_lives(attempts: Sequence[Attempt], gone: Forgotten) -> int:
    """Count the short lives in a row up to now, with which a service's wait grows."""
    count = 0
    for attempt in reversed(attempts):
        if not speaks(attempt):
            continue
        if lived(attempt) >= STEADY:
            return count + (gone.row if attempt.number < gone.last else 0)
        count += 1
    return count + gone.row


def trouble_delay(count: int) -> float:
    """Return the seconds to wait after the count-th refusal in a row."""
    return min(TROUBLE_INITIAL * 2.0 ** min(count - 1, 10), TROUBLE_MAX)


def lived(attempt: Attempt) -> float:
    """Return how long it ran, in seconds, by its engine's clock and at most by ours."""
    at_most = max(0.0, attempt.ended_at - attempt.start_requested_at)
    if attempt.started_at and attempt.finished_at:
        return min(at_most, max(0.0, attempt.finished_at - attempt.started_at))
    return at_most
