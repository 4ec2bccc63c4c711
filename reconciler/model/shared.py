"""A mapping of many things, of which the next one shares all that does not change.

With it a commit costs what it changes: what two mappings have in common is seen at a glance, and
neither copied nor compared. What is in them is not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self, TypeVar

V = TypeVar("V")

_PARTS: Final = 512


class SharedMap(Mapping[str, V]):
    """A mapping by text that never changes, in the order of its keys.

    It is in parts, by the keys' hashes: a change makes new those that it concerns.
    """

    __slots__ = ("_keys", "_parts", "_size")

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        parts: list[dict[str, V]] = [{} for _ in range(_PARTS)]
        for key, value in (items or {}).items():
            parts[hash(key) % _PARTS][key] = value
        self._hold(parts, ())

    @classmethod
    def of(cls, items: Mapping[str, V]) -> "SharedMap[V]":
        """Return a mapping as one that shares."""
        return items if isinstance(items, SharedMap) else cls(items)

    def _hold(self, parts: list[dict[str, V]], keys: tuple[str, ...]) -> None:
        """Take parts as they are; `keys` are all of them in order, or none where not known."""
        self._parts = parts
        self._size = sum(map(len, parts))
        self._keys = keys

    def changed(self, new: Mapping[str, V], gone: Iterable[str] = ()) -> Self:
        """Return the mapping without what is `gone`, and then with what is `new`."""
        gone = {key for key in gone if key in self}
        parts = list(self._parts)
        for part in {hash(key) % _PARTS for key in (*new, *gone)}:
            parts[part] = dict(parts[part])
        for key in gone:
            del parts[hash(key) % _PARTS][key]
        for key, value in new.items():
            parts[hash(key) % _PARTS][key] = value
        same = not gone and all(key in self for key in new)
        made = type(self).__new__(type(self))
        made._hold(parts, self._keys if same else ())  # noqa: SLF001  # another one of us
        return made

    def __getitem__(self, key: str) -> V:
        return self._parts[hash(key) % _PARTS][key]

    def __contains__(self, key: object) -> bool:
        return key in self._parts[hash(key) % _PARTS]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        if not self._keys:
            self._keys = tuple(sorted(key for part in self._parts for key in part))
        return iter(self._keys)

    def differing(self, other: Self) -> set[str]:
        """Return the keys that only one of two has, or for which they have other values."""
        pairs = zip(self._parts, other._parts, strict=True)
        found = (_differing(mine, theirs) for mine, theirs in pairs if mine is not theirs)
        return set().union(*found)


def differing(before: Mapping[str, V], after: Mapping[str, V]) -> set[str]:
    """Return the keys that only one of two mappings has, or for which they have other values."""
    if isinstance(before, SharedMap) and isinstance(after, SharedMap):
        return before.differing(after)
    return _differing(before, after)


def _differing(before: Mapping[str, V], after: Mapping[str, V]) -> set[str]:
    # Most values are the very same objects, which costs less to see than that they are equal.
    found = {key for key, new in after.items() if (old := before.get(key)) is not new != old}
    return found | (before.keys() ^ after.keys())
