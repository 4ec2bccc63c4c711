"""What is wrong with a manifest, said so that its author can mend it."""

from enum import StrEnum

from msgspec import Struct

from reconciler.model.position import Position


class Severity(StrEnum):
    """An error refuses the revision, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Struct, frozen=True):
    """One finding: a stable code, the place, what is wrong, and what to do next.

    `pointer` is the RFC 6901 JSON pointer inside the document, empty for the document itself.
    """

    code: str
    severity: Severity
    at: Position
    pointer: str
    message: str
    hint: str = ""
