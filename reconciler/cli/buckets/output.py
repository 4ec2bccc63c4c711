"""What `buckets` and `buckets ls` print. The JSON is a contract: schemas/output."""

from typing import Final

from msgspec import Struct

from reconciler.buckets.bucket import Bucket, BucketError, Entry
from reconciler.cli.buckets.sides import Declared, Side
from reconciler.cli.buckets.transfer import Outcome
from reconciler.cli.text import columns, local_time, paint, plural, rfc3339
from reconciler.model import data
from reconciler.model.plain import one_line
from reconciler.model.quantities import size

_HEADER: Final = ("BUCKET", "STATE", "URL", "ENDPOINT", "CREDENTIALS", "WHY")
_COLOURS: Final = {"reachable": "green", "unreachable": "red"}
# No object is called so: a listing of what is below asks for one page, and for no more.
_NOTHING: Final = ".reconciler/"


class Seen(Struct):
    """A declared bucket, and why it cannot be listed, empty where it can."""

    declared: data.Bucket
    reason: str = ""

    @property
    def state(self) -> str:
        """In a word."""
        return "unreachable" if self.reason else "reachable"


def probe(seen: Seen, known: Declared) -> None:
    """Find out whether a bucket can be listed."""
    try:
        bucket: Bucket = known.opened.open(seen.declared.name)
        next(iter(bucket.list(_NOTHING)), None)
    except BucketError as error:
        seen.reason = str(error)


def buckets_json(project: str, found: list[Seen]) -> dict[str, object]:
    """Return the declared buckets, for machines."""
    return {
        "project": project,
        "buckets": [
            {
                "name": seen.declared.name,
                "url": seen.declared.url,
                "endpoint": seen.declared.endpoint,
                "region": seen.declared.region,
                "credentials": seen.declared.credentials,
                "state": seen.state,
                "reason": seen.reason,
            }
            for seen in found
        ],
    }


def buckets_text(project: str, found: list[Seen]) -> list[str]:
    """Return the declared buckets, for people."""
    head = paint(one_line(f"project {project}: {plural(len(found), 'bucket')}"), bold=True)
    if not found:
        return [head]
    rows = [_HEADER, *(_row(seen) for seen in found)]
    return [head, "", *columns(rows, {1: _COLOURS})]


def objects_json(project: str, side: Side, found: list[Entry]) -> dict[str, object]:
    """Return objects, for machines."""
    return {
        "project": project,
        "bucket": side.bucket.name,
        "prefix": side.prefix,
        "objects": [
            {
                "name": entry.name,
                "size": entry.size,
                "version": entry.version,
                "modified": rfc3339(entry.modified),
            }
            for entry in found
        ],
    }


def objects_text(found: list[Entry]) -> list[str]:
    """Return objects, for people."""
    rows = [(size(entry.size), local_time(entry.modified), entry.name) for entry in found]
    return columns(rows, {})


def summary(outcome: Outcome, verb: str, removed: int = 0) -> str:
    """Return how a transfer went, in a sentence."""
    count = len(outcome.carried)
    said = [f"{plural(count, 'object')} {verb}, {size(outcome.size)} bytes"]
    if outcome.same:
        said.append(f"{outcome.same} there already")
    if removed:
        said.append(f"{removed} removed")
    return "; ".join(said)


def _row(seen: Seen) -> tuple[str, ...]:
    one = seen.declared
    return (
        one.name,
        seen.state,
        one.url,
        one.endpoint or "-",
        one.credentials or "-",
        seen.reason,
    )
