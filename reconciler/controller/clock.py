"""The time that planning is given: the wall clock's at start, then only elapsed time.

A clock that is set while the reconciler runs starts, kills or reorders nothing. Over a restart
the planner itself keeps differences from being negative.
"""

import time


class SteadyClock:
    """Epoch seconds that move on with the monotonic clock."""

    def __init__(self) -> None:
        """Take the wall clock's word once."""
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Return epoch seconds."""
        return self._offset + time.monotonic()
