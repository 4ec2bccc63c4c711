"""Files of containers, carried into buckets, and what is told of it meanwhile.

Decides nothing of what is carried. What a bucket refuses is told as an engine's refusals are:
worth another try, for a person may have to do something first.
"""

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import asdict, replace

from reconciler.buckets.bucket import Bucket, BucketError
from reconciler.controller.happenings import Done
from reconciler.controller.sent import Journals
from reconciler.controller.spool import Spool
from reconciler.controller.uploading import Meter, StoredFile, Uploading
from reconciler.engines.engine import Engine, TransientError
from reconciler.model import data
from reconciler.model.action import Action, Verb
from reconciler.model.headway import Glimpse, Transfer
from reconciler.model.identity import SNAPSHOT
from reconciler.model.observed import ContainerDetail

OpenBucket = Callable[[data.Bucket], Bucket]
"""Returns the bucket that is declared; raises BucketError."""


def nowhere(declared: data.Bucket) -> Bucket:
    """Open no bucket."""
    raise BucketError(f"bucket {declared.name} cannot be opened here")


FORMAT: Final = 1
"""The version of result manifests."""
# Rates are those of the last so many seconds.
_WINDOW: Final = 5.0


class Carrier:
    """Makes the calls that carry data, from any thread, and tells how far each is."""

    def __init__(self, state_folder: Path, open_bucket: OpenBucket) -> None:
        """Keep what is known of files that were sent in the state folder."""
        self._folder = state_folder
        self._open_bucket = open_bucket
        self._journals = Journals(state_folder)
        self._lock = threading.Lock()
        self._meters: dict[str, Meter] = {}
        self._samples: dict[str, deque[tuple[float, int]]] = {}

    def carry(self, engine: Engine, action: Action) -> Done:
        """Store files of a container, all that differ from what is stored already.

        Raises:
            EngineError: it came to nothing, or to a part.
        """
        upload = action.upload
        if upload is None:
            message = f"{action.subject}: an upload of nothing"
            raise TypeError(message)
        meter = Meter()
        with self._lock:
            self._meters[action.container] = meter
        try:
            return Done(results=self._store(engine, action, upload, meter))
        except (BucketError, OSError) as error:
            message = f"could not store files of {action.container[:12]}: {error}"
            raise TransientError(message) from error
        finally:
            with self._lock:
                self._meters.pop(action.container, None)
                self._samples.pop(action.container, None)

    def forget(self, container: str) -> None:
        """Keep nothing more of a container, by its name: what it has left is on record."""
        self._journals.forget(container)

    def seen(self) -> dict[str, Transfer]:
        """Return how far each call under way is, by the container's id."""
        now = time.monotonic()
        with self._lock:
            return {name: self._rated(name, one.now, now) for name, one in self._meters.items()}

    def _rated(self, container: str, so_far: Transfer, now: float) -> Transfer:
        samples = self._samples.setdefault(container, deque())
        samples.append((now, so_far.bytes))
        while now - samples[0][0] > _WINDOW and len(samples) > 2:  # noqa: PLR2004  # a rate takes two
            samples.popleft()
        first, took = samples[0][1], now - samples[0][0]
        return replace(so_far, rate=round((so_far.bytes - first) / took)) if took else so_far

    def _store(
        self, engine: Engine, action: Action, upload: data.Upload, meter: Meter
    ) -> data.Results:
        bucket = self._open_bucket(upload.bucket)
        name = action.subject.removeprefix(SNAPSHOT)
        work = Uploading(upload, bucket, self._journals.of(name), meter)
        try:
            if action.verb is Verb.SNAPSHOT:
                found = self._snapshot(engine, action, upload, work)
            else:
                work.check()
                found = self._all(engine, action, upload, work)
            files = work.finish()
        finally:
            work.close()
        results = data.Results(
            bucket=upload.bucket.name,
            prefix=upload.prefix,
            files=meter.now.files if action.verb is Verb.SNAPSHOT else len(files),
            bytes=sum(file.size for file in files),
            sent=meter.now.bytes,
            note="" if found else f"there is no {upload.source} in it",
        )
        if not upload.manifest:
            return results
        manifest = _manifest(upload, files, engine.inspect(action.container))
        bucket.write(upload.manifest, [manifest], len(manifest))
        digest = hashlib.sha256(manifest).hexdigest()
        return replace(results, manifest=upload.manifest, sha256=digest)

    def _all(self, engine: Engine, action: Action, upload: data.Upload, work: Uploading) -> bool:
        """Send what an ended container has; return whether it has the folder."""
        files = engine.read_folder(action.container, upload.source)
        if files is None:
            return False
        work.take(files)
        if work.unsure:
            work.take(engine.read_folder(action.container, upload.source) or (), work.unsure)
        return True

    def _snapshot(
        self, engine: Engine, action: Action, upload: data.Upload, work: Uploading
    ) -> bool:
        """Send what a running container has by now."""
        files = engine.read_folder(action.container, upload.source)
        if files is None:
            return False
        with Spool(self._folder) as spool:
            work.hold(files, spool)
            work.finish()
        return True


def with_transfers(
    seen: Mapping[str, Glimpse], transfers: Mapping[str, Transfer]
) -> dict[str, Glimpse]:
    """Return what is seen of containers together with what is being stored of them."""
    found = dict(seen)
    for container, transfer in transfers.items():
        found[container] = replace(found.get(container, Glimpse()), transfer=transfer)
    return found


def _manifest(
    upload: data.Upload, files: list[StoredFile], detail: ContainerDetail | None
) -> bytes:
    """Return what tells of results: all that it takes to do them again, and what they are."""
    about = json.loads(upload.about)
    if detail is not None:
        about["exitCode"] = detail.container.exit_code
        about["startedAt"] = detail.started_at
        about["finishedAt"] = detail.finished_at
    about = {"format": FORMAT, **about}
    about["results"] = {
        "bucket": upload.bucket.name,
        "prefix": upload.prefix,
        "source": upload.source,
        "include": upload.include,
        "exclude": upload.exclude,
    }
    about["files"] = [asdict(file) for file in files]
    return json.dumps(about, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
