"""What was asked of the engine and what came of it, for checks of the laws from outside."""

from msgspec import Struct, field


class Call(Struct, frozen=True):
    """A mutating call that reached the engine. `ok` is what it did, not what the caller heard."""

    verb: str
    name: str
    ok: bool


class Journal(Struct):
    """Mutating calls in order, and by name each time that a program really began to run.

    `done` are those that came to a good end, undisturbed.
    """

    calls: list[Call] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def of(self, verb: str) -> list[str]:
        """Return the names for which a verb succeeded, in order."""
        return [call.name for call in self.calls if call.ok and call.verb == verb]
