"""Inputs from buckets to a node: listed, and stored there unless their content is there already."""

from collections.abc import Callable

from reconciler.buckets.bucket import Bucket, BucketError, ChangedError, UnavailableError
from reconciler.controller.happenings import Done
from reconciler.controller.merging import Item, Listing, merged, resolved
from reconciler.controller.packing import packed
from reconciler.controller.transfers import Transfers
from reconciler.engines.engine import Engine, EngineError, PermanentError, TransientError
from reconciler.model import data
from reconciler.model.action import Action
from reconciler.model.data import CACHE, Fetching, Origin, Resolved, Stored
from reconciler.planning.caching import surplus

OpenBucket = Callable[[data.Bucket], Bucket]
"""Returns a bucket that is declared; raises BucketError where that cannot be."""


class Fetcher:
    """Carries out fetches, from any thread."""

    def __init__(self, open_bucket: OpenBucket, transfers: Transfers, limit: int = CACHE) -> None:
        """Keep data up to a limit on each node, in bytes."""
        self._open = open_bucket
        self._transfers = transfers
        self._limit = limit

    def fetch(self, engine: Engine, action: Action) -> Done:
        """Make inputs present on a node, and say what they come to.

        Raises:
            TransientError: it may work later.
            PermanentError: somebody has to mend something first.
        """
        if action.fetching is None:
            message = f"{action.subject}: a fetch without inputs"
            raise TypeError(message)
        try:
            items = merged([self._listing(origin) for origin in action.fetching.origins])
            found = resolved(items)
            self._keep(engine, action, action.fetching, items, found)
        except BucketError as error:
            raise _told(error) from error
        return Done(resolved=found)

    def _listing(self, origin: Origin) -> Listing:
        bucket = self._open(origin.bucket)
        return Listing(origin, bucket, list(bucket.list(origin.prefix)))

    def _keep(
        self,
        engine: Engine,
        action: Action,
        fetching: Fetching,
        items: list[Item],
        found: Resolved,
    ) -> None:
        project = fetching.project
        stored = engine.stored(project)
        if any(one.key == found.key for one in stored):
            return
        for key in surplus(stored, fetching.uses, found.size, self._limit):
            try:
                engine.discard(project, key)
            except TransientError:
                continue  # it is of use again
        with self._transfers.of(action.subject, found.size) as told:
            data = Stored(found.key, found.size, found.files)
            engine.store(project, data, packed(items, told))


def _told(error: BucketError) -> EngineError:
    message = f"could not fetch inputs: {error}"
    if isinstance(error, UnavailableError | ChangedError):
        return TransientError(message)
    return PermanentError(message)
