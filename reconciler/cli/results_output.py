"""What `results` prints. The JSON is a contract: schemas/output/results.json, results-diff.json."""

from collections.abc import Mapping

from msgspec import Struct

from reconciler.cli.kept import Kept
from reconciler.cli.options import Target
from reconciler.cli.text import ago, columns, rfc3339
from reconciler.controller.reading import Report
from reconciler.model.plain import one_line
from reconciler.model.quantities import size

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


class Difference(Struct, frozen=True):
    """A file, INSTANCE/PATH, that two runs do not have alike: added, removed or changed."""

    file: str
    kind: str


def as_json(report: Report, target: Target, kept: list[Kept]) -> dict[str, object]:
    """Return results for machines."""
    return {
        "project": report.desired.project,
        "target": str(target),
        "run": kept[0].run if kept else None,
        "results": [_item(one) for one in kept],
    }


def as_text(report: Report, target: Target, kept: list[Kept]) -> list[str]:
    """Return results for people."""
    if not kept:
        return [f"nothing is stored of {target}"]
    header = ("INSTANCE", "RUN", "RESULT", "FILES", "BYTES", "STORED", "WHERE")
    return columns([header, *(_row(report, target, one) for one in kept)], {})


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """Return what differs between two runs, whose files are given with their digests."""
    found = [Difference(name, "added") for name in after.keys() - before.keys()]
    found += [Difference(name, "removed") for name in before.keys() - after.keys()]
    both = before.keys() & after.keys()
    found += [Difference(name, "changed") for name in both if before[name] != after[name]]
    return sorted(found, key=lambda one: one.file)


def differences_text(found: list[Difference]) -> list[str]:
    """Return what differs for people."""
    return [f"{_SIGNS[one.kind]} {one_line(one.file)}" for one in found] or ["all files are alike"]


def differences_json(
    task: str, runs: tuple[int, int], found: list[Difference]
) -> dict[str, object]:
    """Return what differs for machines."""
    return {
        "task": task,
        "runs": list(runs),
        "equal": not found,
        "files": [{"file": one.file, "change": one.kind} for one in found],
    }


def _row(report: Report, target: Target, kept: Kept) -> tuple[str, ...]:
    results = kept.results
    return (
        f"{target.task}/{kept.instance}",
        str(kept.run),
        kept.result.value if kept.result else "-",
        str(results.files),
        size(results.bytes),
        ago(kept.ended_at, report.at) if kept.ended_at else "-",
        "; ".join(filter(None, (f"{results.bucket}: {results.prefix}", results.note))),
    )


def _item(kept: Kept) -> dict[str, object]:
    results = kept.results
    return {
        "instance": kept.instance,
        "run": kept.run,
        "attempt": kept.attempt,
        "result": kept.result.value if kept.result else None,
        "revision": kept.revision,
        "endedAt": rfc3339(kept.ended_at),
        "bucket": results.bucket,
        "prefix": results.prefix,
        "manifest": results.manifest,
        "sha256": results.sha256,
        "files": results.files,
        "bytes": results.bytes,
        "note": results.note or None,
    }
