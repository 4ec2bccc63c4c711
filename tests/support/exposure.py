"""What anybody sees of processes and finds in files: where no secret may ever be."""

import base64
import html
import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus

_PAUSE = 0.005  # seconds, in which no program begins and ends
_LONGER = 0.05


class watched:  # noqa: N801  # a context manager
    """What every other process shows of itself, on its command line and in its environment."""

    def __enter__(self) -> set[str]:
        self._seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self._seen

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(_PAUSE):
            for process in Path("/proc").glob("[0-9]*"):
                for shown in ("cmdline", "environ"):
                    try:
                        content = (process / shown).read_bytes()
                    except OSError:
                        continue
                    if process.name != str(os.getpid()):
                        self._seen.add(content.decode("utf-8", "replace"))


def files_with(secret: str, folder: Path) -> list[Path]:
    """Return the files below a folder that hold a secret."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if secret.encode() in path.read_bytes()]


class sampled:  # noqa: N801  # a context manager
    """What processes show of themselves, by who they are: on command lines, in environments.

    `inside` are those of containers, which have a process table of their own; `apart` are those
    whose command lines hold a word, such as the reconciler's own name. Our own is not looked at.
    """

    def __init__(self, apart: str) -> None:
        self.lines: set[str] = set()
        self.environments: dict[str, set[str]] = {"inside": set(), "apart": set(), "other": set()}
        self._apart = apart.encode()
        self._ours = Path("/proc/self/ns/pid").readlink()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(_LONGER):
            for process in Path("/proc").glob("[0-9]*"):
                if process.name != str(os.getpid()):
                    with suppress(OSError):
                        self._sample(process)

    def _sample(self, process: Path) -> None:
        line = (process / "cmdline").read_bytes()
        environment = (process / "environ").read_bytes()
        space = (process / "ns" / "pid").readlink()
        kind = "apart" if self._apart in line else "other"
        kind = kind if space == self._ours else "inside"
        self.lines.add(line.decode("utf-8", "replace"))
        self.environments[kind].add(environment.decode("utf-8", "replace"))


def disguises(value: str) -> set[str]:
    """Return a value as it is, and as what is easily turned back into it."""
    data = value.encode()
    found = {value, quote(value, safe=""), quote_plus(value), data.hex(), repr(value)[1:-1]}
    found |= {html.escape(value), json.dumps(value)[1:-1]}
    found.add(json.dumps(value, ensure_ascii=False)[1:-1])
    for before in range(3):  # as a part of something longer, it begins anywhere in a group
        coded = base64.b64encode(b"\0" * before + data).decode()
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        found |= {coded[first:last], coded[first:last].replace("+", "-").replace("/", "_")}
    return found


def shown_in(values: Mapping[str, str], text: str) -> set[str]:
    """Return the names of the values that a text shows, whatever their disguise."""
    return {name for name, value in values.items() if any(d in text for d in disguises(value))}


def records(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield all that the files below a folder hold, what is packed in databases unpacked too."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        yield str(path), data.decode("utf-8", "replace")
        if data.startswith(b"SQLite format 3"):
            yield f"{path}, unpacked", "\n".join(_cells(path))


def _cells(database: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        named = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in named:
            for row in opened.execute(f'SELECT * FROM "{table}"'):  # noqa: S608  # its own name
                for cell in row:
                    if isinstance(cell, bytes):
                        with suppress(zlib.error):
                            yield zlib.decompress(cell).decode("utf-8", "replace")
                        yield cell.decode("utf-8", "replace")
                    else:
                        yield str(cell)
