"""A small disk, and how it gets full."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: str = "2m") -> Iterator[Path]:
    """Mount a file system of this size for the length of a block; skip where nobody may."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place.mkdir()
    if not _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", place):
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        _run("umount", "-l", place)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(descriptor, b"\0" * 4096)
    except OSError:
        return ballast
    finally:
        os.close(descriptor)


def freeze(disk: Path) -> None:
    """Let nothing be written any more."""
    assert _run("mount", "-o", "remount,ro", disk)


def _run(*command: object) -> bool:
    return subprocess.run([*map(str, command)], check=False, capture_output=True).returncode == 0
