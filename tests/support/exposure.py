"""What anybody sees of processes and finds in files: where no secret may ever be."""

import os
import threading
from pathlib import Path

_PAUSE = 0.005  # seconds, in which no program begins and ends


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
