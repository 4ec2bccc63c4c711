"""Paths of manifests as others need them: people from where they are, machines from the repository.

Decides what paths are relative to. Looks for a repository by its `.git`, and into none.
"""

from pathlib import Path


def from_here(root: Path) -> str:
    """Return what leads from the current folder to a source, so that terminals can open a place."""
    return prefix(root, Path.cwd())


def prefix(root: Path, base: Path) -> str:
    """Return what to put before a path in a source, for one that is relative to a base."""
    try:
        relative = root.relative_to(base)
    except ValueError:
        return f"{root}/"
    return "" if relative == Path() else f"{relative.as_posix()}/"


def base_of(root: Path) -> Path:
    """Return what the paths of a forge are relative to: the repository that a source is in.

    Without one it is the current folder if the source is below, else the source itself.
    """
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return folder
    here = Path.cwd()
    return here if root.is_relative_to(here) else root
