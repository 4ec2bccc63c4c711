"""Where something stands in a manifest."""

from msgspec import Struct


class Position(Struct, frozen=True, order=True):
    """A place in a source file: path relative to the source, line and column from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        """Render as compilers do, so that terminals and editors link it."""
        return f"{self.path}:{self.line}:{self.column}"


NOWHERE = Position("", 0, 0)
