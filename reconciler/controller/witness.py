"""Who watches the loop at work: told of each thing, in the loop's own thread, and asked nothing.

Decides what there is to be told of. Whoever measures overrides what matters to it, and is quick:
the loop waits for it.
"""

from reconciler.controller.core import Core
from reconciler.controller.happenings import Happening
from reconciler.controller.revisions import Change


class Witness:
    """One that hears everything and keeps nothing."""

    def turned(self, core: Core, seconds: float) -> None:
        """Hear that a turn is over, whether or not there was anything to do."""

    def heard(self, happening: Happening) -> None:
        """Hear what came out of the inbox, after it was taken in."""

    def read(self, change: Change, seconds: float) -> None:
        """Hear what a reading of the source has led to, before that is in force."""
