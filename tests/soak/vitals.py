"""What a process holds, as the kernel tells anybody: memory, open files, threads, children."""

from pathlib import Path

from msgspec import Struct


class Vitals(Struct, frozen=True):
    """One look. `memory` is what is resident, in kB; `zombies` are children nobody waited for."""

    memory: int
    files: int
    threads: int
    children: int
    zombies: int


def vitals(pid: int) -> Vitals:
    """Look at a process that lives."""
    process = Path("/proc", str(pid))
    said = dict(
        line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line
    )
    states = _children(pid)
    return Vitals(
        memory=int(said["VmRSS"].split()[0]),
        files=len(list((process / "fd").iterdir())),
        threads=int(said["Threads"]),
        children=len(states),
        zombies=states.count("Z"),
    )


def _children(pid: int) -> list[str]:
    """Return the states of a process's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if parent == str(pid):
            found.append(state)
    return found
