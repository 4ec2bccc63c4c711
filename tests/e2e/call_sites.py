"""Where the product asks an engine for something, and by which request each place is known."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.process import ROOT

_ROOM = ROOT / "reconciler" / "engines" / "docker"
# The way to an engine itself, which knows no meaning of what is asked; and dialogues, whose end is
# told to the person who holds them, and which change nothing that is to be brought about: so it is
# with what people ask of images.
_APART = {"attach.py", "client.py", "execute.py", "line.py", "registries.py", "shelf.py"}
_ASKING = {"call", "stream"}


class Site(NamedTuple):
    """A place's request: its method, what its target looks like, and which verb makes it."""

    method: str
    pattern: str
    verb: str = "run"


SITES = {
    "engine.info": Site("GET", r"^/info$"),
    "engine.era": Site("GET", r"^/networks\?.*%22type%22"),
    "depot._fill": Site("PUT", r"^/containers/[^/]+/archive\?.*path=%2Fdata$"),
    "depot._list": Site("GET", r"^/containers/json\?.*filters.*reconciler\.data"),
    "depot._make": Site("POST", r"^/containers/create\?.*filling"),
    "depot._name": Site("POST", r"^/containers/[^/]+/rename"),
    "depot._remove_container": Site("DELETE", r"^/containers/.*v=False", "destroy"),
    "depot._read": Site("GET", r"^/containers/[^/]+/archive\?.*path=%2Fdata"),
    "engine.list": Site("GET", r"^/containers/json\?.*filters(?!.*reconciler\.data)"),
    "neighbours.taken": Site("GET", r"^/containers/json\?(?!.*filters)"),
    "neighbours._limits_of": Site("GET", r"^/containers/[^/]+/json$"),
    "images.resolve": Site("GET", r"^/images/.+/json$"),
    "engine.create": Site("POST", r"^/containers/create\?(?!.*filling)"),
    "engine.start": Site("POST", r"^/containers/[^/]+/start"),
    "engine.signal": Site("POST", r"^/containers/[^/]+/kill"),
    "engine.remove": Site("DELETE", r"^/containers/.*v=True"),
    "engine._look": Site("GET", r"^/containers/[^/]+/json$"),
    "engine._words": Site("GET", r"^/images/.+/json$"),
    "events.subscribe": Site("GET", r"^/events\?"),
    "folders.open_folder": Site("GET", r"^/containers/[^/]+/archive\?path=.*%2F\.$"),
    "make.build": Site("POST", r"^/build\?"),
    "make.load": Site("POST", r"^/images/load"),
    "networks.own": Site("GET", r"^/networks\?.*%22label%22"),
    "networks._look": Site("GET", r"^/networks\?.*%22name%22"),
    "networks._make": Site("POST", r"^/networks/create"),
    "networks._remove": Site("DELETE", r"^/networks/"),
    "output.last_output": Site("GET", r"^/containers/[^/]+/logs\?(?!.*follow=1)"),
    "output.follow_output": Site("GET", r"^/containers/[^/]+/logs\?.*follow=1", "logs"),
    "pull.pull": Site("POST", r"^/images/create"),
    "staging._maps_users": Site("GET", r"^/info$"),
    "staging._copy": Site("PUT", r"^/containers/[^/]+/archive\?.*path=%2Fjob%2Fin$"),
    "staging._put": Site("PUT", r"^/containers/[^/]+/archive\?(?!.*path=%2F(data|job%2Fin)$)"),
    "staging._read": Site("GET", r"^/containers/[^/]+/archive\?(?!.*path=(%2Fdata|.*%2F\.$))"),
    "staging._stat": Site("HEAD", r"^/containers/[^/]+/archive"),
    "usage.usage_of": Site("GET", r"^/containers/[^/]+/stats"),
    "volumes.ensure": Site("POST", r"^/volumes/create"),
    "volumes.labels_of": Site("GET", r"^/volumes/[^?]+$"),
    "volumes.of_data": Site("GET", r"^/volumes\?.*reconciler\.data"),
    "volumes.own": Site("GET", r"^/volumes\?(?!.*reconciler\.data)", "destroy"),
    "volumes.remove": Site("DELETE", r"^/volumes/", "destroy"),
}


def found() -> list[str]:
    """Return where the code calls, in order: MODULE.FUNCTION, as often as it does there."""
    return sorted(
        site for file in _ROOM.glob("*.py") if file.name not in _APART for site in _in(file)
    )


def _in(file: Path) -> Iterator[str]:
    body = ast.parse(file.read_text()).body
    methods = [one for owner in body if isinstance(owner, ast.ClassDef) for one in owner.body]
    for function in (one for one in [*body, *methods] if isinstance(one, ast.FunctionDef)):
        calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
        for called in calls:
            if isinstance(called, ast.Attribute) and called.attr in _ASKING:
                yield f"{file.stem}.{function.name}"
