"""Results of one attempt, stored once more as those of another one that does not run.

Decides only whether they are still what was stored: the manifest by its digest, its files by their
sizes, and that nothing was written over them since. What is not is told, and nothing is made of it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from reconciler.buckets.bucket import AbsentError, Bucket, BucketError, Entry, fit
from reconciler.controller.crew import Crew
from reconciler.controller.fetching import OpenBucket
from reconciler.controller.happenings import Done
from reconciler.controller.manifest import Told, manifest_of
from reconciler.controller.transfers import Transfers
from reconciler.controller.uploading import Meter, StoredFile
from reconciler.engines.engine import TransientError
from reconciler.model.action import Action
from reconciler.model.data import Results, Taking, Upload

_THREADS: Final = 8
_LARGEST: Final = 2**30


class _GoneError(Exception):
    """What was stored is not there any more, or is something else. The message is a sentence."""


class _Found(Struct, frozen=True):
    """What is there of results: what their manifest tells, and each file's object by its path."""

    told: Told
    entries: Mapping[str, Entry]


class Taker:
    """Takes results over, from any thread."""

    def __init__(self, open_bucket: OpenBucket, transfers: Transfers) -> None:
        """Open buckets as they are needed."""
        self._open = open_bucket
        self._transfers = transfers

    def take(self, action: Action, taking: Taking, upload: Upload, results: Results) -> Done:
        """Store results as those of the attempt; or say why that cannot be.

        Raises:
            TransientError: it may work later.
        """
        try:
            with self._transfers.of(action.subject, results.bytes) as told:
                return Done(results=self._take(taking, upload, results, Meter(told)))
        except _GoneError as gone:
            return Done(gone=str(gone))
        except (BucketError, OSError) as error:
            raise TransientError(f"could not take over results: {error}") from error

    def _take(self, taking: Taking, upload: Upload, results: Results, meter: Meter) -> Results:
        source = self._open(taking.bucket or upload.bucket)
        target = self._open(upload.bucket)
        found = _found(source, results, upload)
        same = (taking.bucket or upload.bucket) == upload.bucket
        crew = Crew("reuse", _THREADS)
        try:
            for file in found.told.files:
                entry, name = found.entries[file.path], upload.prefix + file.path
                if not same:
                    crew.do(partial(_carry, source, target, entry, name, file, meter))
                elif entry.name != name:
                    crew.do(partial(_copy, source, entry, name, meter))
            crew.finish()
        finally:
            crew.close()
        return _told(target, upload, taking, found.told, meter.bytes)


def _found(bucket: Bucket, results: Results, upload: Upload) -> _Found:
    entry = _looked_at(bucket, results)
    told = _read(bucket, entry, results)
    chosen = told.results
    wanted = (upload.source, upload.include, upload.exclude)
    if (chosen.source, chosen.include, chosen.exclude) != wanted:
        raise _GoneError(f"{results.manifest} in bucket {results.bucket} is of other files")
    listed = {one.name: one for one in fit(bucket.list(results.prefix))}
    entries = {file.path: listed.get(results.prefix + file.path) for file in told.files}
    sound: dict[str, Entry] = {}
    for file in told.files:
        there = entries[file.path]
        if there is None:
            raise _GoneError(f"bucket {results.bucket} has no {results.prefix}{file.path} any more")
        if there.size != file.size or there.modified > entry.modified:
            raise _GoneError(f"{there.name} in bucket {results.bucket} was written over since")
        sound[file.path] = there
    return _Found(told, sound)


def _looked_at(bucket: Bucket, results: Results) -> Entry:
    try:
        entry = bucket.look(results.manifest)
    except AbsentError as error:
        raise _GoneError(str(error)) from error
    if entry is None or entry.size > _LARGEST:
        raise _GoneError(f"bucket {results.bucket} has no {results.manifest} any more")
    return entry


def _read(bucket: Bucket, entry: Entry, results: Results) -> Told:
    content = b"".join(bucket.read(entry))
    if hashlib.sha256(content).hexdigest() != results.sha256:
        raise _GoneError(f"{entry.name} in bucket {results.bucket} is not what was stored there")
    return msgspec.json.decode(content, type=Told)


def _copy(bucket: Bucket, entry: Entry, name: str, meter: Meter) -> None:
    try:
        bucket.copy(entry.name, name)
    except AbsentError as error:
        raise _GoneError(str(error)) from error
    meter.add(1, entry.size)


def _carry(  # from where to where
    source: Bucket, target: Bucket, entry: Entry, name: str, file: StoredFile, meter: Meter
) -> None:
    digest = hashlib.sha256()

    def content() -> Iterator[bytes]:
        pieces: Iterable[bytes] = source.read(entry)
        for piece in pieces:
            digest.update(piece)
            meter.add(0, len(piece))
            yield piece

    target.write(name, content(), entry.size)
    if digest.hexdigest() != file.sha256:
        raise _GoneError(f"{entry.name} is not what was stored there")


def _told(bucket: Bucket, upload: Upload, taking: Taking, told: Told, sent: int) -> Results:
    """Store what tells of results, last of all."""
    origin = taking.origin
    ended = {
        "exitCode": told.exit_code,
        "startedAt": told.started_at,
        "finishedAt": told.finished_at,
        "reusedFrom": {
            "task": origin.key.task,
            "run": origin.run,
            "instance": origin.key.instance,
            "attempt": origin.attempt,
        },
    }
    manifest = manifest_of(upload, ended, told.files)
    bucket.write(upload.manifest, [manifest], len(manifest))
    return Results(
        bucket=upload.bucket.name,
        prefix=upload.prefix,
        manifest=upload.manifest,
        sha256=hashlib.sha256(manifest).hexdigest(),
        files=len(told.files),
        bytes=sum(file.size for file in told.files),
        sent=sent,
    )
