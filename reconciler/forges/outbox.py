"""What is yet to be said of commits: of each the newest word, and nothing twice.

Decides what is next. Must not know how it is said, nor when. Not safe for threads by itself.
"""

from typing import Final

from msgspec import Struct, field

from reconciler.forges.forge import Said

MOST_COMMITS: Final = 256


class Outbox(Struct):
    """Words that wait, and the last ones that were shown; the oldest commits are forgotten."""

    _waiting: dict[str, Said] = field(default_factory=dict)
    _shown: dict[str, Said] = field(default_factory=dict)

    def put(self, commit: str, said: Said) -> None:
        """Take in what is to be said; it replaces what waits for the same commit."""
        self._waiting[commit] = said
        _bound(self._waiting)

    def back(self, commit: str, said: Said) -> None:
        """Take in again what could not be said, unless there is something newer by now."""
        if commit not in self._waiting:
            self._waiting = {commit: said} | self._waiting
            _bound(self._waiting)

    def shown(self, commit: str, said: Said) -> None:
        """Note what a commit's status says from now on."""
        self._shown.pop(commit, None)
        self._shown[commit] = said
        _bound(self._shown)

    def take(self) -> tuple[str, Said] | None:
        """Return what is next, and let go of it."""
        while self._waiting:
            commit = next(iter(self._waiting))
            said = self._waiting.pop(commit)
            if self._shown.get(commit) != said:
                return commit, said
        return None

    def clear(self) -> None:
        """Give up what waits."""
        self._waiting.clear()


def _bound(words: dict[str, Said]) -> None:
    while len(words) > MOST_COMMITS:
        del words[next(iter(words))]
