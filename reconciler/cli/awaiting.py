"""A repository of which nobody knows yet what its project is called: its first revision.

Decides how long to wait for it. Until then nothing is made, for a ledger and a claim have the
project's name for ever: the forge and people are told, and the remote is polled.
"""

import threading
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from reconciler.cli.heralding import Herald
from reconciler.cli.place import Place
from reconciler.cli.remotes import naming
from reconciler.cli.text import complain
from reconciler.model.revision import Revision

_EVERY: Final = 1.0  # seconds


def awaited(
    place: Place, herald: Herald, ended: threading.Event, told: Callable[[str], None]
) -> Place | None:
    """Follow a source until its project's name is known; None when it is ended before.

    `told` hears why it is not, whenever that is looked at.
    """
    stirred = threading.Event()
    watch = place.source.watch(stirred.set)
    complain(f"nothing is begun before {place.source.name} has a revision to read")
    said = ""
    try:
        while not ended.is_set():
            stirred.clear()
            found = naming(place)
            if found.project:
                return replace(place, project=found.project)
            told(found.why)
            refused = None
            if found.revision:  # why none is read at all, the source says itself
                refused = Revision(found.revision, 0.0, valid=False, problem=found.why)
                if found.why != said:
                    complain(f"revision {found.revision} is refused: {found.why}")
                said = found.why
            herald.unnamed(refused)
            stirred.wait(_EVERY)
    finally:
        watch.stop()
        herald.close()
    return None
