"""The whole machine: fate's hands together, and the laws after every step."""

from hypothesis.stateful import invariant

from tests.laws.calm import Calm
from tests.laws.people import People
from tests.laws.trouble import Trouble


class Laws(People, Trouble, Calm):
    """One project, two nodes, everything that can happen to them, and all the laws."""

    @invariant()
    def hold(self) -> None:
        """What is to be so at any time; the rest was judged while it happened."""
        self.since_calm += 1
        self.checked["steps"] += 1
        self.laws.engines.check()
