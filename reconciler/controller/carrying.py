"""The calls that carry data between buckets and nodes, and how far those under way are."""

from typing import Final

from reconciler.controller.fetching import CACHE, Fetcher, OpenBucket
from reconciler.controller.happenings import Done
from reconciler.controller.transfers import Transfers
from reconciler.engines.engine import Engine, PermanentError
from reconciler.model.action import Action, Verb

_NOWHERE: Final = "there is no way to any bucket here"


class Carriage:
    """Makes them, from any thread."""

    def __init__(self, open_bucket: OpenBucket | None, cache: int = CACHE) -> None:
        """Keep data up to `cache` bytes on each node. No bucket is opened before it is needed."""
        self.transfers = Transfers()
        self._fetcher = Fetcher(open_bucket, self.transfers, cache) if open_bucket else None

    def carry(self, engine: Engine, action: Action) -> Done:
        """Make a call; raises EngineError where it comes to nothing."""
        if action.verb is Verb.FETCH and self._fetcher is not None:
            return self._fetcher.fetch(engine, action)
        raise PermanentError(f"{action.subject}: {_NOWHERE}")
