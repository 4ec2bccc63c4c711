"""(f) What checking manifests costs: cold, remembered, one changed, one small file.

The manifests are tasks of about 1 kB, each different, as a program would write them. The rival
checks the same kind of files against the same schema, and nothing that a schema does not say.
"""

import json
import subprocess
import time
from pathlib import Path

from reconciler import manifests
from reconciler.sources.folder import FolderSource
from tests.benchmarks.bench import Bench, timed
from tests.benchmarks.corpus import change, write_corpus
from tests.benchmarks.project import run
from tests.benchmarks.table import Claim, Figure, Item, bound, interleaved

RIVAL = Path(__file__).parents[2] / "build" / "rivals" / "bin" / "check-jsonschema"
SHARE = 10  # of the corpus, one file in so many is enough for the rival to show its rate


def measure(bench: Bench) -> Item:
    """Measure whole processes, and what `run` does when one file of many has changed."""
    count, rounds = bench.sizes.manifests, bench.sizes.rounds
    few = write_corpus(bench.scratch / "few", count)
    many = write_corpus(bench.scratch / "many", 2 * count)
    one = write_corpus(bench.scratch / "one", 1)
    item = Item("f", f"validate: {count} files of about 1 kB")
    commands = {
        "cold": [bench.command, "validate", "--no-cache", str(few)],
        "remembered": [bench.command, "validate", str(few)],
        "one small file": [bench.command, "validate", "--no-cache", str(one)],
    }
    takes = [
        *(lambda c=c: timed(lambda: run(c)) * 1000 for c in commands.values()),
        lambda: _rival(few, count // SHARE, bench.scratch) * 1000,
    ]
    interleaved(1, takes)
    measured = interleaved(rounds, takes)
    cold, warm, small = (Figure(n, "ms", v) for n, v in zip(commands, measured, strict=False))
    item.figures += [cold, warm, small]
    per_thousand = 1000 / count
    item.claims += [
        Claim("cold, per 1,000 documents", cold.median * per_thousand, "ms", 400.0),
        Claim(
            "remembered less one small file, per 1,000 documents",
            (warm.median - small.median) * per_thousand,
            "ms",
            40.0,
        ),
        bound(small, "median", 200.0),
    ]
    _against_rival(item, cold, measured[-1], count)
    _one_changed(item, many, bench)
    return item


def _against_rival(item: Item, cold: Figure, values: tuple[float, ...], count: int) -> None:
    if not RIVAL.exists():
        item.notes.append("check-jsonschema is not there: measured without it")
        return
    rival = Figure(f"check-jsonschema, {count // SHARE} of the files", "ms", values)
    item.figures.append(rival)
    ours, theirs = cold.median / count, rival.median / (count // SHARE)
    item.claims.append(Claim("cold / check-jsonschema, per document", ours / theirs, "x", 0.1))


def _one_changed(item: Item, folder: Path, bench: Bench) -> None:
    """Measure whole processes, then what a process that stays does: read, parse and check."""
    cold, changed, stay_cold, stay_changed = [], [], [], []
    for _ in range(bench.sizes.rounds):
        cold.append(timed(lambda: run([bench.command, "validate", "--no-cache", str(folder)])))
        run([bench.command, "validate", str(folder)])
        _change(folder)
        changed.append(timed(lambda: run([bench.command, "validate", str(folder)])))
        source, memory = FolderSource(folder), manifests.Memory()
        stay_cold.append(_load(source, memory))
        _change(folder)
        stay_changed.append(_load(source, memory))
    files = f"{2 * bench.sizes.manifests} files"
    figures = [
        Figure(f"{files}, cold", "ms", tuple(v * 1000 for v in cold)),
        Figure("one changed", "ms", tuple(v * 1000 for v in changed)),
        Figure(f"{files}, within run: cold", "ms", tuple(v * 1000 for v in stay_cold)),
        Figure("within run: one changed", "ms", tuple(v * 1000 for v in stay_changed)),
    ]
    item.figures += figures
    for first, second, target in ((0, 1, 0.02), (2, 3, 0.02)):
        value = figures[second].median / figures[first].median
        text = f"{figures[second].name} / {figures[first].name}"
        item.claims.append(Claim(text, value, "x", target))


def _load(source: FolderSource, memory: manifests.Memory) -> float:
    began = time.perf_counter()
    read = source.read()
    catalog = manifests.load(read.files, project="bench", revision=read.revision, memory=memory)
    took = time.perf_counter() - began
    assert catalog.valid  # a corpus with errors would measure something else
    return took


def _rival(folder: Path, count: int, scratch: Path) -> float:
    if not RIVAL.exists():
        return 0.0
    schema = scratch / "schema.json"
    if not schema.exists():
        schema.write_text(json.dumps(manifests.schema("Task")))
    files = [str(path) for path in sorted(folder.rglob("t*.yaml"))[:count]]
    return timed(lambda: subprocess.run([RIVAL, "--schemafile", schema, *files], check=True,
                                        capture_output=True))  # fmt: skip


def _change(folder: Path) -> None:
    change(folder, 0)
    time.sleep(0.05)  # until the file counts as settled, which is no part of what is measured
