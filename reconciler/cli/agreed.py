"""Saved plans on the command line: into a file, and from there to a writer that keeps to it.

Decides where such a file may lie and how it is written; what it means is `saved_plan`'s affair.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Final

from reconciler.cli.exits import Exit, Failure
from reconciler.cli.foresight import Foresight, foresee
from reconciler.cli.place import Place
from reconciler.cli.text import rfc3339
from reconciler.controller import saved_plan
from reconciler.controller.saved_plan import SavedPlan, SavedPlanError
from reconciler.controller.writing import Writer
from reconciler.model.desired import Desired
from reconciler.sources.scan import is_manifest, is_visible

_MOST_BYTES: Final = 256 * 1024 * 1024


def save(file: Path, place: Place, desired: Desired, seen: Foresight) -> None:
    """Write a plan to a file that nobody else can read, completely or not at all."""
    _refuse_in_source(file, place)
    at = rfc3339(time.time()) or ""
    content = saved_plan.save(desired, seen.preview, place.source.name, at)
    folder = file.absolute().parent
    handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{file.name}.")  # of mode 0600
    try:
        with open(handle, "wb") as opened:  # noqa: PTH123  # from a descriptor
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def load(file: Path, place: Place) -> SavedPlan:
    """Return the plan that a file holds for a project.

    Raises:
        Failure: when it holds none, or that of another project.
    """
    try:
        with file.open("rb") as opened:
            saved = saved_plan.load(opened.read(_MOST_BYTES))
    except SavedPlanError as error:
        raise Failure(f"{file} cannot be carried out: {error}") from error
    if saved.project != place.project:
        raise Failure(f"{file} is a plan for project {saved.project}, and this is {place.project}")
    return saved


def refuse_other_revision(saved: SavedPlan, desired: Desired) -> None:
    """Refuse a plan that was made for other manifests."""
    if saved.revision != desired.revision:
        raise Failure(
            f"nothing is changed, for the source has been edited since the plan was saved "
            f"({saved.revision} → {desired.revision}); run plan again",
            Exit.HELD,
        )


def hold_to(saved: SavedPlan, writer: Writer, place: Place, desired: Desired) -> None:
    """Let a writer do what a plan holds, and nothing else, unless reality has moved.

    To be called under the lock, before the writer begins.
    """
    seen = foresee(place, desired)
    found = [*seen.unknown, *saved_plan.moved(saved, seen.preview)]
    if found:
        since = f"reality has moved since {saved.at}, when the plan was saved"
        told = "".join(f"\n  {sentence}" for sentence in found)
        raise Failure(f"nothing is changed, for {since}; run plan again{told}", Exit.HELD)
    writer.core.permit = saved_plan.permit_of(saved)


def _refuse_in_source(file: Path, place: Place) -> None:
    real = Path(os.path.realpath(file))
    root = Path(os.path.realpath(place.root))
    if not real.is_relative_to(root):
        return
    if is_visible(real.relative_to(root)) and is_manifest(real.name):
        raise Failure(
            f"{file} would be read as a manifest, for it lies in the source: give it another "
            f"place, or another ending, such as {file.with_suffix('.plan').name}"
        )
