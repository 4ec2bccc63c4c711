"""Which results are on record, and what their manifests in the buckets tell of them.

Decides what of a manifest is believed: what the ledger knows the digest of, and no path that
leads out of a folder.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from reconciler.cli.data import bucket_opener
from reconciler.cli.exits import Failure
from reconciler.cli.options import Target
from reconciler.cli.place import Place
from reconciler.model.data import Bucket, Results
from reconciler.model.fact import Result
from reconciler.planning.sending import bucket_of

if TYPE_CHECKING:
    from reconciler.buckets import bucket as buckets
    from reconciler.controller.reading import Report

_LARGEST: Final = 2**30


class Kept(Struct, frozen=True):
    """What is stored of one attempt, and where."""

    instance: int
    run: int
    attempt: int
    result: Result | None
    ended_at: float
    revision: str
    results: Results
    bucket: Bucket


class KeptFile(Struct, frozen=True):
    """One stored file: its path below the folder, size in bytes and digest."""

    path: str
    size: int
    sha256: str


class _Manifest(Struct, frozen=True):
    files: tuple[KeptFile, ...]


def kept_of(report: "Report", target: Target, run: int | None) -> list[Kept]:
    """Return what is stored of a target: in one run, else in the newest that has stored anything.

    Of each instance it is what its newest attempt has left.
    """
    known = report.history.tasks.get(target.task)
    for number in sorted(known.runs, reverse=True) if known else ():
        if run is not None and number != run:
            continue
        found = list(_in_run(report, target, number))
        if found:
            return found
    return []


def opened(place: Place, kept: Iterable[Kept]) -> Mapping[Bucket, "buckets.Bucket"]:
    """Return the buckets that results are in, opened.

    Raises:
        Failure: one cannot be.
    """
    from reconciler.buckets.bucket import BucketError  # noqa: PLC0415  # a list opens none

    opener = bucket_opener(place.data)
    try:
        return {one: opener(one) for one in {each.bucket for each in kept}}
    except BucketError as error:
        raise Failure(str(error)) from error


def manifest_of(bucket: "buckets.Bucket", kept: Kept) -> tuple[KeptFile, ...]:
    """Return the files that are stored of an attempt, by its manifest.

    Raises:
        Failure: it cannot be had, or is not the one that was stored.
    """
    from reconciler.buckets.bucket import BucketError  # noqa: PLC0415  # as above

    name = kept.results.manifest
    try:
        entry = bucket.look(name)
        if entry is None or entry.size > _LARGEST:
            raise Failure(f"bucket {kept.results.bucket} has no {name} any more")
        content = b"".join(bucket.read(entry))
    except BucketError as error:
        raise Failure(str(error)) from error
    if hashlib.sha256(content).hexdigest() != kept.results.sha256:
        raise Failure(f"{name} in bucket {kept.results.bucket} is not what was stored there")
    return msgspec.json.decode(content, type=_Manifest).files


def _in_run(report: "Report", target: Target, number: int) -> Iterable[Kept]:
    run = report.history.tasks[target.task].runs[number]
    for instance in sorted(run.attempts):
        stored = [a for a in run.attempts[instance] if a.results is not None]
        if not stored or target.instance not in {None, instance}:
            continue
        last = stored[-1]
        bucket = bucket_of(report.desired, report.history, last)
        if last.results is not None and bucket:
            yield Kept(
                instance, number, last.number, last.result, last.ended_at, last.revision,
                last.results, bucket,
            )  # fmt: skip
