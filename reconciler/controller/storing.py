"""Files of containers, carried into buckets, and what tells of them there.

Decides nothing of what is carried. What a bucket refuses is told as an engine's refusals are:
worth another try, for a person may have to do something first.
"""

import hashlib
from pathlib import Path

from msgspec.structs import replace

from reconciler.buckets.bucket import BucketError
from reconciler.controller.fetching import OpenBucket
from reconciler.controller.happenings import Done
from reconciler.controller.manifest import manifest_of
from reconciler.controller.sent import Journals
from reconciler.controller.spool import Spool
from reconciler.controller.transfers import Transfers
from reconciler.controller.uploading import Meter, Uploading
from reconciler.engines.engine import Engine, TransientError
from reconciler.model import data
from reconciler.model.action import Action, Verb
from reconciler.model.identity import SNAPSHOT
from reconciler.model.observed import ContainerDetail


class Storer:
    """Stores files of containers, from any thread."""

    def __init__(self, open_bucket: OpenBucket, transfers: Transfers, folder: Path) -> None:
        """Keep what is known of files that were sent in the state folder."""
        self._open = open_bucket
        self._transfers = transfers
        self._folder = folder
        self._journals = Journals(folder)

    def store(self, engine: Engine, action: Action, upload: data.Upload) -> Done:
        """Store files of a container, all that differ from what is stored already.

        Raises:
            TransientError: it came to nothing, or to a part.
        """
        try:
            with self._transfers.of(action.subject, 0) as told:
                return Done(results=self._store(engine, action, upload, Meter(told)))
        except (BucketError, OSError) as error:
            message = f"could not store files of {action.container[:12]}: {error}"
            raise TransientError(message) from error

    def forget(self, container: str) -> None:
        """Keep nothing more of a container, by its name: what it has left is on record."""
        self._journals.forget(container)

    def _store(
        self, engine: Engine, action: Action, upload: data.Upload, meter: Meter
    ) -> data.Results:
        bucket = self._open(upload.bucket)
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
            files=meter.files if action.verb is Verb.SNAPSHOT else len(files),
            bytes=sum(file.size for file in files),
            sent=meter.bytes,
            note=_note(upload.source, found=found, empty=not files),
        )
        if not upload.manifest:
            return results
        ended = _ended(engine.inspect(action.container))
        manifest = manifest_of(upload, ended, files)
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


def _note(folder: str, *, found: bool, empty: bool) -> str:
    """Return what whoever expected files is to know, empty where there are some."""
    if not found:
        return f"there is no {folder} in it"
    return f"no file of {folder} is to be stored" if empty else ""


def _ended(detail: ContainerDetail | None) -> dict[str, object]:
    """Return how a program has ended, as its manifest tells it."""
    if detail is None:
        return {}
    return {
        "exitCode": detail.container.exit_code,
        "startedAt": detail.started_at,
        "finishedAt": detail.finished_at,
    }
