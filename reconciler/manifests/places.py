"""Who supplied which field of a task, worked out when somebody asks: most tasks are never asked.

Decides under which name a field is known: a container's by its own path, a task's by its.
"""

from collections.abc import Iterator, Mapping

from reconciler.manifests.constants import Constants
from reconciler.manifests.tree import Mapping as Tree
from reconciler.manifests.tree import Scalar, leaves
from reconciler.model.position import Position


class Places(Mapping[str, Position]):
    """Positions by dotted path, as `DesiredTask.where` wants them."""

    def __init__(self, spec: Tree, effective: Tree, constants: Constants) -> None:
        self._from = (spec, effective, constants)
        self._known: dict[str, Position] | None = None

    def __getitem__(self, path: str) -> Position:
        """Return the place of a field."""
        return self._all()[path]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the fields that have a place."""
        return iter(self._all())

    def __len__(self) -> int:
        """Return how many fields have a place."""
        return len(self._all())

    def _all(self) -> dict[str, Position]:
        if self._known is None:
            self._known = _places(*self._from)
        return self._known


def _places(spec: Tree, effective: Tree, constants: Constants) -> dict[str, Position]:
    places = dict(leaves(effective.mapping("container")))
    places |= {p: at for p, at in leaves(effective) if p.partition(".")[0] != "container"}
    if "image.name" in places:
        places["image"] = places["image.name"]
    if "placement.nodes" in places:
        places["nodes"] = places["placement.nodes"]
    for name, scalar in constants.places().items():
        places[f"constants.{name}"] = scalar.at
    profile = spec.get("profile")
    if isinstance(profile, Scalar):
        places["profile"] = profile.at
    return places
