"""An engine in memory, with Docker's manners and a clock that its owner turns.

It carries plan previews and the tests of every law. Whatever it does differently from a real
engine is a bug in it: one contract suite runs on both.
"""

from reconciler.engines.simulated.engine import SimulatedEngine
from reconciler.engines.simulated.world import World

__all__ = ["SimulatedEngine", "World"]
