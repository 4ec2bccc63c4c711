"""A commit's tree as a source: which of its files are manifests, and where its links lead.

Decides as a look through the same folder on disk would: nothing hidden, a file known by its
real place, no link followed out of the source. Pure: what git has listed goes in.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from reconciler.sources.ignore import IGNORE_FILE, Ignored, IgnoreFaultError
from reconciler.sources.scan import MAX_FILES, belongs, is_hidden

LINK: Final = "120000"
FOLDER: Final = "040000"
SUBMODULE: Final = "160000"
# As many links as a path may have, and as many steps in all as honest links never need.
_MOST_LINKS: Final = 40
_MOST_STEPS: Final = 1_000_000
_UNREAD: Final = b"\0"  # what no ignoring file may hold


class Entry(Struct, frozen=True):
    """What stands at a path: git's file mode, and the object's name."""

    mode: str
    name: str

    @property
    def is_file(self) -> bool:
        """Whether it is a file, rather than a link, a folder or a submodule."""
        return self.mode not in {LINK, FOLDER, SUBMODULE}


class Selection(Struct):
    """Manifests' object names by path; what is missing, and what else is not read."""

    files: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse(listing: bytes) -> dict[str, Entry]:
    """Return the entries by path of what `ls-tree -r -t -z` prints."""
    found = {}
    for record in listing.split(b"\0"):
        about, tab, path = record.partition(b"\t")
        if tab:
            mode, _, name = about.decode("ascii").split(" ")
            found[path.decode("utf-8", "surrogateescape")] = Entry(mode, name)
    return found


def select(
    tree: Mapping[str, Entry], targets: Mapping[str, str], ignoring: Mapping[str, bytes]
) -> Selection:
    """Return a source's manifests.

    `targets` holds what links say, `ignoring` what files of `IGNORE_FILE`'s name say, both by
    object name.
    """
    return _Walk(tree, targets, ignoring).select()


class _Unfollowed(Exception):  # noqa: N818  # an answer rather than an error
    """A link that leads nowhere in the source, and why."""


class _Walk:
    """One look through a tree. Links come last, so that a file is known by its real place."""

    def __init__(
        self,
        tree: Mapping[str, Entry],
        targets: Mapping[str, str],
        ignoring: Mapping[str, bytes],
    ) -> None:
        self._tree = tree
        self._targets = targets
        self._ignoring = ignoring
        self._ignored = Ignored()
        self._result = Selection()
        self._links: list[tuple[str, str]] = []
        self._seen: set[str] = set()
        self._steps = _MOST_STEPS
        self._below: dict[str, list[str]] = defaultdict(list)
        for path in tree:
            self._below[path.rpartition("/")[0]].append(path)

    def select(self) -> Selection:
        self._folder("", "")
        while self._links:
            links, self._links = sorted(self._links), []
            for path, real in links:
                self._link(path, real)
        return self._result

    def _folder(self, top: str, prefix: str) -> None:
        waiting = [(top, prefix)]
        while waiting:
            real, path = waiting.pop()
            if real in self._seen:
                continue
            self._seen.add(real)
            self._learn(real, path)
            for below in self._below[real]:
                name = below.rpartition("/")[2]
                if not is_hidden(name):
                    self._entry(below, f"{path}/{name}" if path else name, waiting)

    def _learn(self, real: str, path: str) -> None:
        """Take in what a folder passes over. Where that is not known, nothing is complete."""
        entry = self._tree.get(f"{real}/{IGNORE_FILE}".lstrip("/"))
        if entry is None:
            return
        if not entry.is_file:
            name = f"{path}/{IGNORE_FILE}".lstrip("/")
            self._result.problems.append(f"{name} is no regular file and is not read")
            return
        try:
            self._ignored.learn(path, self._ignoring.get(entry.name, _UNREAD))
        except IgnoreFaultError as fault:
            self._result.problems.append(str(fault))

    def _entry(self, real: str, path: str, folders: list[tuple[str, str]]) -> None:
        mode = self._tree[real].mode
        if self._ignored.covers(path, folder=mode == FOLDER):
            return
        if mode == FOLDER:
            folders.append((real, path))
        elif mode == LINK:
            self._links.append((path, real))
        elif mode == SUBMODULE:
            self._result.notes.append(f"{path} is a submodule and is not read")
        elif belongs(path):
            self._file(path, real)

    def _link(self, path: str, link: str) -> None:
        try:
            real = self._resolved(link)
        except _Unfollowed as why:
            told = self._result.problems if belongs(path) else self._result.notes
            told.append(f"{path} is a link {why} and is not followed")
            return
        mode = self._tree[real].mode if real else FOLDER
        if self._ignored.covers(path, folder=mode == FOLDER):
            return
        if mode == FOLDER:
            self._folder(real, path)
        elif belongs(path) and mode != SUBMODULE:
            self._file(path, real)

    def _resolved(self, link: str) -> str:
        """Return the path that a link leads to in the end."""
        waiting, real, links = link.split("/")[::-1], list[str](), 0
        while waiting:
            self._steps -= 1
            part = waiting.pop()
            entry = self._entered(real, part)
            if entry is None or entry.mode == FOLDER:
                continue
            if entry.mode != LINK:
                if waiting:
                    raise _Unfollowed("to nothing")
                continue
            links += 1
            if links > _MOST_LINKS or self._steps < 0:
                raise _Unfollowed("that never ends")
            target = self._targets.get(entry.name, "/")
            if target.startswith("/"):
                raise _Unfollowed("out of the source")
            real.pop()
            waiting += target.split("/")[::-1]
        return "/".join(real)

    def _entered(self, real: list[str], part: str) -> Entry | None:
        """Go one part on from a path; return what stands there, None where nothing is new."""
        if part in {"", "."}:
            return None
        if part == "..":
            if not real:
                raise _Unfollowed("out of the source")
            real.pop()
            return None
        real.append(part)
        entry = self._tree.get("/".join(real))
        if entry is None:
            raise _Unfollowed("to nothing")
        return entry

    def _file(self, path: str, real: str) -> None:
        if real in self._seen:
            return
        self._seen.add(real)
        if len(self._result.files) < MAX_FILES:
            self._result.files[path] = self._tree[real].name
            return
        too_many = f"the source has more than {MAX_FILES} manifests; name a smaller folder"
        if too_many not in self._result.problems:
            self._result.problems.append(too_many)
