"""Forges, which show beside each commit what has become of it.

`Statuses` tells them, `said_of` says what. Forges are told, and never asked: nothing that they
answer changes what is done.
"""

from reconciler.forges.forge import Forge, ForgeError, Kind, Said, State
from reconciler.forges.statuses import Statuses
from reconciler.forges.wording import said_of

__all__ = ["Forge", "ForgeError", "Kind", "Said", "State", "Statuses", "said_of"]
