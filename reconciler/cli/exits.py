"""How a command ends: the exit codes that scripts rely on, and failures that are no bugs."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every verb."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    HELD = 3
    USAGE = 64


class Failure(Exception):  # noqa: N818  # an answer to the user rather than an error of ours
    """Ends the command with a sentence for its user."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
