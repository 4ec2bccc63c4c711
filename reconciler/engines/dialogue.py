"""Talking with a program while it runs: what is said both ways, the window, the exit code.

Decides the shape alone; who is at the other end, a person or a pipe, is not known here.
"""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct


class Command(Struct, frozen=True):
    """A program to be executed in a container that runs, as its own user, in its own workdir.

    With a `terminal` its two outputs are one, and it minds the window. Without `stdin` it reads
    nothing.
    """

    words: tuple[str, ...]
    terminal: bool = False
    stdin: bool = False


class Said(Struct, frozen=True):
    """Some output, of stderr where `error` says so."""

    data: bytes
    error: bool = False


class Size(Struct, frozen=True):
    """A window's, in characters."""

    columns: int
    rows: int


class Dialogue(Protocol):
    """An open line to a program. One thread reads; any may do all else."""

    def output(self) -> Iterator[Said]:
        """Yield output as it comes, until the program or its container ends, or `close`.

        Raises:
            PermanentError: the program cannot be started; its exit code says why, as ever.
            UnreachableError: the line broke.
        """
        ...

    def send(self, data: bytes) -> None:
        """Let the program read this; it is lost on one that has ended."""
        ...

    def end_input(self) -> None:
        """Let the program read that nothing more comes."""
        ...

    def resize(self, size: Size) -> None:
        """Let a program with a terminal know its window; one that has ended needs no window."""
        ...

    def exit_code(self) -> int:
        """Return the program's, once it has ended; 137 where it went down with its container."""
        ...

    def close(self) -> None:
        """Hang up, at once. A program that was executed runs on."""
        ...
