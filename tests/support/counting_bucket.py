"""A bucket in memory that counts, and that fails when a test says so."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from reconciler.buckets.bucket import AbsentError, Entry


class CountingBucket:
    """Objects by name. `fault` is asked before calls and in the midst of writes: it may raise."""

    def __init__(self, name: str = "results") -> None:
        self.name = name
        self.together = 3
        self.objects: dict[str, bytes] = {}
        self.calls: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], None] = lambda _call, _name: None
        self._lock = threading.Lock()

    def list(self, prefix: str = "") -> Iterator[Entry]:
        self._call("list", prefix)
        found = [self._entry(name) for name in sorted(self.objects) if name.startswith(prefix)]
        return iter(found)

    def look(self, name: str) -> Entry | None:
        self._call("look", name)
        return self._entry(name) if name in self.objects else None

    def read(self, entry: Entry, start: int = 0) -> Iterator[bytes]:
        self._call("read", entry.name)
        return iter([self._content(entry.name)[start:]])

    def write(self, name: str, content: Iterable[bytes], size: int | None = None) -> Entry:
        self._call("write", name)
        pieces = []
        for piece in content:
            self.fault("piece", name)
            pieces.append(piece)
        whole = b"".join(pieces)
        assert size in {None, len(whole)}
        with self._lock:
            self.objects[name] = whole
        return self._entry(name)

    def write_all(self, contents: Mapping[str, bytes]) -> Iterator[Entry]:
        return (self.write(name, [content], len(content)) for name, content in contents.items())

    def copy(self, source: str, target: str) -> Entry:
        self._call("copy", source)
        self.objects[target] = self._content(source)
        return self._entry(target)

    def remove(self, name: str) -> None:
        self._call("remove", name)
        self.objects.pop(name, None)

    def close(self) -> None:
        """Keep everything."""

    def written(self) -> Sequence[str]:
        """Return what has been asked to be written since the last question, sorted."""
        with self._lock:
            found = sorted(name for call, name in self.calls if call == "write")
            self.calls.clear()
        return found

    def _call(self, call: str, name: str) -> None:
        with self._lock:
            self.calls.append((call, name))
        self.fault(call, name)

    def _content(self, name: str) -> bytes:
        if name not in self.objects:
            raise AbsentError(f"bucket {self.name} has no {name}")
        return self.objects[name]

    def _entry(self, name: str) -> Entry:
        content = self._content(name)
        return Entry(name, len(content), hashlib.sha256(content).hexdigest()[:8])
