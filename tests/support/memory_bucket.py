"""A bucket in memory, which counts what is asked of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.buckets.bucket import AbsentError, ChangedError, Entry

_PIECE = 2**18


class MemoryBucket:
    """Objects by name. `trouble` is raised by whatever is asked, `asked` counts that."""

    def __init__(self, name: str = "data", **objects: bytes) -> None:
        self.name = name
        self.together = 3
        self.objects = {key.replace("__", "/"): content for key, content in objects.items()}
        self.asked: Counter[str] = Counter()
        self.trouble: Callable[[str], Exception | None] = lambda _: None

    def _ask(self, call: str) -> None:
        self.asked[call] += 1
        error = self.trouble(call)
        if error is not None:
            raise error

    def _entry(self, name: str) -> Entry:
        content = self.objects[name]
        return Entry(name, len(content), f'"{hash(content)}"', 5.0)

    def list(self, prefix: str = "") -> Iterator[Entry]:
        self._ask("list")
        return iter([self._entry(name) for name in sorted(self.objects) if name.startswith(prefix)])

    def look(self, name: str) -> Entry | None:
        self._ask("look")
        return self._entry(name) if name in self.objects else None

    def read(self, entry: Entry, start: int = 0) -> Iterator[bytes]:
        self._ask("read")
        if entry.name not in self.objects:
            raise AbsentError(f"bucket {self.name}: {entry.name} is gone")
        content = self.objects[entry.name]
        if self._entry(entry.name).version != entry.version:
            raise ChangedError(f"bucket {self.name}: {entry.name} has changed")
        for at in range(start, len(content), _PIECE):
            yield content[at : at + _PIECE]

    def write(self, name: str, content: Iterable[bytes], size: int | None = None) -> Entry:
        del size
        self._ask("write")
        self.objects[name] = b"".join(content)
        return self._entry(name)

    def write_all(self, contents: Mapping[str, bytes]) -> Iterator[Entry]:
        return (self.write(name, [content], len(content)) for name, content in contents.items())

    def copy(self, source: str, target: str) -> Entry:
        self._ask("copy")
        self.objects[target] = self.objects[source]
        return self._entry(target)

    def remove(self, name: str) -> None:
        self._ask("remove")
        self.objects.pop(name, None)

    def close(self) -> None:
        pass
