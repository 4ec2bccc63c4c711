"""One revision's manifests, read and checked."""

from collections.abc import Mapping

from msgspec import Struct, field

from reconciler.model.desired import Desired
from reconciler.model.problem import Problem, Severity


class Catalog(Struct, frozen=True, kw_only=True):
    """The manifests of one revision with every problem found in them.

    `desired` is None when an error refuses the revision. `checked` counts documents.
    """

    project: str
    revision: str
    checked: int
    problems: tuple[Problem, ...] = ()
    desired: Desired | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Whether no problem is an error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that refuse the revision."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)
