"""The calls that carry data between buckets and nodes, and how far those under way are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from reconciler.controller.fetching import Fetcher, OpenBucket
from reconciler.controller.happenings import Done
from reconciler.controller.storing import Storer
from reconciler.controller.taking import Taker
from reconciler.controller.transfers import Transfers
from reconciler.engines.engine import Engine, PermanentError
from reconciler.model.action import Action, Verb
from reconciler.model.data import CACHE, Taking
from reconciler.model.headway import Glimpse

_NOWHERE: Final = "there is no way to any bucket here"


class Carriage:
    """Makes them, from any thread."""

    def __init__(
        self, open_bucket: OpenBucket | None, cache: int = CACHE, folder: Path | None = None
    ) -> None:
        """Keep data up to `cache` bytes on each node. No bucket is opened before it is needed.

        What has been stored of containers is kept in the state folder.
        """
        self.transfers = Transfers()
        self._fetcher = Fetcher(open_bucket, self.transfers, cache) if open_bucket else None
        self._taker = Taker(open_bucket, self.transfers) if open_bucket else None
        self._storer = (
            Storer(open_bucket, self.transfers, folder) if open_bucket and folder else None
        )

    def carry(self, engine: Engine, action: Action) -> Done:
        """Make a call; raises EngineError where it comes to nothing."""
        if action.verb is Verb.FETCH and self._fetcher is not None:
            return self._fetcher.fetch(engine, action)
        if action.taking is not None:
            return self._take(action, action.taking)
        if action.upload is not None and self._storer is not None:
            return self._storer.store(engine, action, action.upload)
        raise PermanentError(f"{action.subject}: {_NOWHERE}")

    def _take(self, action: Action, taking: Taking) -> Done:
        if action.upload is None or taking.results is None:
            return Done()
        if self._taker is None:
            raise PermanentError(f"{action.subject}: {_NOWHERE}")
        return self._taker.take(action, taking, action.upload, taking.results)

    def forget(self, container: str) -> None:
        """Know no more what has been stored of a container, by its name: it is on record."""
        if self._storer is not None:
            self._storer.forget(container)

    def with_transfers(self, seen: Mapping[str, Glimpse]) -> dict[str, Glimpse]:
        """Return what is seen of containers together with what is on its way."""
        found = dict(seen)
        for subject, transfer in self.transfers.seen().items():
            found[subject] = replace(found.get(subject, Glimpse()), transfer=transfer)
        return found
