"""What a webhook can hint at: a source that may have news. Decides the interface alone."""

from typing import Protocol


class Hinted(Protocol):
    """A source that looks at once when it is nudged, instead of at its next poll."""

    @property
    def name(self) -> str:
        """What the operator calls it: the end of its webhook's path."""

    def concerns(self, ref: str, repository: str) -> bool:
        """Whether a push to this ref may be news; what could not be read is empty.

        Called in a listener's thread: it decides from what it knows and waits for nothing.
        """

    def nudge(self) -> None:
        """Look for news now. May take its time; it is never called twice at once."""
