"""One project's loop under observation: when it last turned, and what was last seen of it.

What health and readiness are judged from, and what metrics add to. Decides how often a sight is
taken. Runs in the loop's thread; `sight` and `age` may be asked from any.
"""

import time
from typing import Final

from reconciler.controller.core import Core
from reconciler.controller.revisions import Change
from reconciler.controller.witness import Witness
from reconciler.server.sight import Sight, look_at

# How often at most a sight is taken, in seconds.
SIGHT_SECONDS: Final = 0.5


class Vigil(Witness):
    """Watches one loop."""

    def __init__(self, project: str, every: float = SIGHT_SECONDS) -> None:
        """Begin with nothing seen."""
        self.project = project
        self.sight = Sight()
        self._every = every
        self._read = False
        self._turned = time.monotonic()
        self._looked = 0.0

    def turned(self, core: Core, seconds: float) -> None:
        """Note that the loop is alive, and look at it when it is time."""
        del seconds
        self._turned = now = time.monotonic()
        if now - self._looked >= self._every:
            self._looked = now
            self.sight = look_at(core, self.sight, read=self._read)

    def read(self, change: Change, seconds: float) -> None:
        """Note that the source has been read."""
        del change, seconds
        self._read = True

    def age(self) -> float:
        """Return how long ago the loop last turned, in seconds."""
        return time.monotonic() - self._turned
