"""A source → its problems, quickly: what is known is not looked at again, the rest side by side.

Decides how many processes work and what is remembered. Nothing that changes anything (plan,
apply, run) goes this way: those read every file anew.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from reconciler.controller.materials import missing
from reconciler.controller.remembering import Cache
from reconciler.manifests import checking
from reconciler.manifests.checking import Checked, Files, Question
from reconciler.model.policy import FOLDER, Policy
from reconciler.sources.contents import Contents

_PART: Final = 100  # files that one process takes at a time
_WORTH: Final = 3  # parts from which on other processes pay for their start


def check(
    files: Files,
    *,
    project: str,
    policy: Policy = FOLDER,
    cache: Cache | None,
    keep: bool = True,
) -> Checked:
    """Return every problem of a source's files, which are given by path.

    With `keep`, the cache holds the verdicts of just these files from then on.
    """
    known = cache.recall() if cache is not None else {}
    checked = checking.check(files, project=project, policy=policy, known=known, spread=spread)
    if cache is not None and keep and checked.verdicts != known:
        cache.remember(checked.verdicts)
    return checked


def with_materials(checked: Checked, contents: Contents | None) -> Checked:
    """Return what was checked, with what is missing of what images are made of."""
    if not checked.made:
        return checked
    return checking.completed(checked, missing(contents, checked.made))


def spread(files: Files, question: Question) -> Iterator[Mapping[str, bytes]]:
    """Return the verdicts of files in parts, worked out on as many processors as there are."""
    paths = list(files)
    parts = [
        {path: files[path] for path in paths[start : start + _PART]}
        for start in range(0, len(paths), _PART)
    ]
    processors = min(len(os.sched_getaffinity(0)), len(parts))
    work = partial(checking.verdicts_of, question=question)
    if processors == 1 or len(parts) < _WORTH:
        yield from map(work, parts)
    else:
        yield from _side_by_side(work, parts, processors)


def _side_by_side(
    work: "partial[dict[str, bytes]]", parts: Sequence[Files], processors: int
) -> Iterator[Mapping[str, bytes]]:
    import multiprocessing  # noqa: PLC0415 - slow to load, and only many files need them
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - as above
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - as above

    done = 0
    fork = multiprocessing.get_context("fork")  # the schemas are compiled already
    try:
        with ProcessPoolExecutor(processors, fork) as pool:
            for verdicts in pool.map(work, parts):
                done += 1
                yield verdicts
    except BrokenProcessPool:  # one was killed from outside
        yield from map(work, parts[done:])
