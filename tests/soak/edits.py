"""The commits of a soak: what each one changes, and what the engine is to be told because of it.

Pure: nothing is written or run here. Most commits change nothing that runs, as in a real
repository; the others replace an instance, add one, or end one.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping

import yaml
from msgspec import Struct, field

from tests.e2e.project import Json, service, task

Deed = tuple[str, str, int]
"""An event of the engine: its action, and the task and instance that it happened to."""

Files = dict[str, str | None]
"""Contents by path, None for a file that goes."""

_FOR_EVER = "exec sleep 1000000"
_BEGUN = ("create", "start")
_ENDED = ("kill", "die", "destroy")
_SILENT = ("comment", "label", "moved", "other file", "broken")
# Each of the three that do something comes once in a round of 18, with what is mended of 21.
_ROUND = (*_SILENT, "replaced", *_SILENT, "raised", *_SILENT, "lowered")


class Edit(Struct, frozen=True):
    """A commit, and the deeds that it leads to."""

    kind: str
    files: Files
    deeds: Counter[Deed] = field(default_factory=Counter)

    @property
    def valid(self) -> bool:
        """Whether it can be put in force."""
        return self.kind != "broken"


class Edits:
    """One commit after the other, always the same ones."""

    def __init__(self) -> None:
        self._number = 0
        self._kind = "first"
        self._kinds = itertools.cycle(_ROUND)
        self._instances = 2
        self._variable = 0
        self._done = "done.yaml"

    def first(self) -> Edit:
        """Return what the fleet is at first: two services, and work that is done at once."""
        deeds = Counter({(a, name, n): 1 for name, n in _STANDING for a in _BEGUN})
        deeds.update({("die", "done", n): 1 for n in range(2)})
        files = {**self._web(variable=True), **self._crowd(2), self._done: _text(_DONE)}
        return Edit(self._kind, files, deeds)

    def next(self) -> Edit:
        """Return the next commit. What is broken is mended before anything else."""
        self._number += 1
        self._kind = "mended" if self._kind == "broken" else next(self._kinds)
        files, deeds = self._changes[self._kind]()
        return Edit(self._kind, files, deeds)

    @property
    def _changes(self) -> Mapping[str, Callable[[], tuple[Files, Counter[Deed]]]]:
        return {
            "replaced": lambda: (self._web(variable=True), _deeds("web", 0, *_ENDED, *_BEGUN)),
            "raised": lambda: (self._crowd(3), _deeds("crowd", 2, *_BEGUN)),
            "lowered": lambda: (self._crowd(2), _deeds("crowd", 2, *_ENDED)),
            "comment": lambda: (self._crowd(self._instances), Counter()),
            "label": lambda: (self._web(variable=False), Counter()),
            "moved": lambda: (self._moved(), Counter()),
            "other file": lambda: ({"README.md": f"{self._number}\n"}, Counter()),
            "broken": lambda: ({"wrong.yaml": f"kind: [{self._number}"}, Counter()),
            "mended": lambda: ({"wrong.yaml": None}, Counter()),
        }

    def _moved(self) -> Files:
        before = self._done
        self._done = "deep/er/done.yaml" if before == "done.yaml" else "done.yaml"
        return {before: None, self._done: _text(_DONE)}

    def _web(self, *, variable: bool) -> Files:
        self._variable = self._number if variable else self._variable
        manifest = service("web", _FOR_EVER, env={"NUMBER": str(self._variable)})
        manifest["metadata"]["labels"] = {"number": str(self._number)}
        return {"web.yaml": _text(manifest)}

    def _crowd(self, instances: int) -> Files:
        self._instances = instances
        crowd = _text(service("crowd", _FOR_EVER, instances=instances))
        return {"crowd.yaml": f"# {self._number}\n{crowd}"}


_DONE = task("done", "true", instances=2)
_STANDING = (("web", 0), ("crowd", 0), ("crowd", 1), ("done", 0), ("done", 1))


def _deeds(task: str, instance: int, *actions: str) -> Counter[Deed]:
    return Counter((action, task, instance) for action in actions)


def _text(manifest: Json) -> str:
    return yaml.safe_dump(manifest)
