"""One revision's manifests, read and checked."""

from collections.abc import Mapping

from msgspec import Struct, field

from reconciler.model.desired import Desired
from reconciler.model.images import Material
from reconciler.model.position import Position
from reconciler.model.problem import Problem, Severity


class Use(Struct, frozen=True, array_like=True):
    """That an image is made of something, and where a manifest says so: position and pointer.

    `file_at` and `file_pointer` are where the Dockerfile is named.
    """

    material: Material
    at: Position
    pointer: str
    file_at: Position
    file_pointer: str


class Catalog(Struct, frozen=True, kw_only=True):
    """The manifests of one revision with every problem found in them.

    `desired` is None when an error refuses the revision. `checked` counts documents. `made` is what
    of the source images are made of: as long as nobody has looked at it, `desired` is not complete.
    """

    project: str
    revision: str
    checked: int
    problems: tuple[Problem, ...] = ()
    desired: Desired | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    made: tuple[Use, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether no problem is an error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that refuse the revision."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)
