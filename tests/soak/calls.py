"""Which of the engine's calls a commit has asked for, and which nobody has.

Pure: decides by the calls in their order, as the proxy notes them. A commit's calls begin with the
commit, and have ended when all that it was to bring about has happened and no call has come for
some looks.
"""

from collections.abc import Sequence
from typing import Final

from tests.support.proxy import Request

Call = tuple[str, str]

LIST: Final = ("GET", "/containers/json")
HEALTH: Final = ("GET", "/info")
_CLOCKWORK: Final = {LIST, HEALTH, ("GET", "/events"), ("GET", "/version"), ("GET", "/_ping")}
_CLAIM: Final = "/volumes/reconciler-claim."
_NETWORK: Final = "/networks"  # as old as the engine's present life
_RESTS: Final = 5  # looks


class Calls:
    """All calls of a soak. `stray` are those that nobody has asked for."""

    def __init__(self, made: Sequence[Request]) -> None:
        """Follow `made`, which grows."""
        self._made = made
        self._judged = 0  # so many have been looked at
        self._rests = 0
        self.at_work = False
        self.stray: list[str] = []

    def begin(self) -> None:
        """Note that a commit asks for calls from now on."""
        self.stray += self._news()
        self.at_work, self._rests = True, 0

    def look(self, *, happened: bool) -> None:
        """Take in what has been called; `happened`: all that was asked for so far."""
        news = self._news()
        if not self.at_work:
            self.stray += news
            return
        self._rests = self._rests + 1 if happened and not news else 0
        self.at_work = self._rests < _RESTS

    def count(self, call: Call) -> int:
        """Return how often something was called."""
        return sum((one.method, one.path) == call for one in self._made)

    def _news(self) -> list[str]:
        """Return what has been called since, beyond what goes by the clock."""
        now = len(self._made)
        news = self._made[self._judged : now]
        self._judged = now
        return [
            f"{one.method} {one.path}" for one in news if not _is_clockwork(one.method, one.path)
        ]


def _is_clockwork(method: str, path: str) -> bool:
    """Whether a call goes by the clock: what is looked at, the claim, what containers use."""
    if method != "GET":
        return False
    return (
        (method, path) in _CLOCKWORK
        or path.startswith(_CLAIM)
        or path.endswith("/stats")
        or path == _NETWORK
    )
