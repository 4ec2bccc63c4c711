"""What the operator decides about data, and the way to buckets that follows from it."""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from reconciler.manifests import Operator
from reconciler.model import data
from reconciler.model.operator import Credential

if TYPE_CHECKING:
    from reconciler.buckets.bucket import Bucket
    from reconciler.buckets.opening import Buckets


class DataTerms(Struct, frozen=True):
    """Credentials by their names, and how many bytes of data each node keeps for a project."""

    credentials: Mapping[str, Credential] = field(default_factory=dict)
    cache: int = data.CACHE


def data_terms(operator: Operator) -> DataTerms:
    """Return what an operator's configuration says."""
    said = operator.data_cache
    return DataTerms(operator.service.credentials, data.CACHE if said is None else said)


def bucket_opener(terms: DataTerms) -> Callable[[data.Bucket], "Bucket"]:
    """Return what opens buckets, each as it is declared; one that was opened before stays open."""
    known: dict[data.Bucket, Buckets] = {}
    lock = threading.Lock()

    def opened(bucket: data.Bucket) -> "Bucket":
        from reconciler.buckets.opening import Buckets  # noqa: PLC0415  # few commands need it

        with lock:
            if bucket not in known:
                known[bucket] = Buckets({bucket.name: bucket}, terms.credentials)
            found = known[bucket]
        return found.open(bucket.name)

    return opened
