"""Hashes that stay as they are for ever: of tasks in tests/golden/corpus, and of single specs.

`python -m tests.support.pins` pins the tasks of the corpus that are not pinned yet. Nothing
writes over a pin: a changed one would rerun people's finished work.
"""

import json
import sys
from pathlib import Path

from reconciler import manifests
from reconciler.manifests import Found
from reconciler.model.catalog import Catalog
from reconciler.model.hashing import shape_of, work_of
from reconciler.model.spec import InstanceSpec
from tests.support.shell import ROOT

GOLDEN = ROOT / "tests" / "golden"
SPECS = GOLDEN / "hashes"
CORPUS = GOLDEN / "corpus"
TASKS = CORPUS / "hashes"


def files() -> dict[str, bytes]:
    """Return the corpus, which is one source."""
    root = CORPUS / "v1"
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def catalog() -> Catalog:
    """Return what the corpus says, where what images are made of has one content."""
    found = manifests.load(files(), project="corpus", revision="r")
    return manifests.completed(found, {use.material: Found("0" * 64) for use in found.made})


def hashes(spec: InstanceSpec) -> dict[str, str]:
    """Return both hashes, with the texts behind them, which tell what has changed."""
    work, shape = work_of(spec), shape_of(spec)
    return {
        "work": work.hash, "workText": work.text, "shape": shape.hash, "shapeText": shape.text,
    }  # fmt: skip


def pinned(folder: Path) -> dict[str, dict[str, str]]:
    """Return what is pinned, by name."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


def unpinned() -> dict[str, dict[str, str]]:
    """Return the hashes of the corpus' tasks that could run and are not pinned.

    Of a task that is blocked nothing can have run: it is pinned once it can.
    """
    found = catalog().desired
    tasks = found.tasks.values() if found is not None else ()
    known = pinned(TASKS)
    return {t.name: hashes(t.spec) for t in tasks if not t.blocked and t.name not in known}


def main() -> None:
    """Pin what is not pinned."""
    for name, said in unpinned().items():
        text = json.dumps(said, indent=2, ensure_ascii=False)
        with (TASKS / f"{name}.json").open("x", encoding="utf-8") as file:
            file.write(f"{text}\n")
        sys.stdout.write(f"pinned {name}\n")


if __name__ == "__main__":
    main()
