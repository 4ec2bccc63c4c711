"""What is confidential of an instance: where it comes from, and what becomes of it.

All of it but `Disclosed` is without a value, and may be shown. Must not know how a place is read.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

Sealed = tuple[tuple[str, bytes], ...]
"""Encrypted files of the source, by path."""

_KEY: Final = "@"  # no secret's name


class Origin(Struct, frozen=True, kw_only=True):
    """Where a confidential value is, one of the three.

    `env` is a variable of the reconciler's own environment, `file` a file of its machine, `age` an
    encrypted file of the source, by its path there.
    """

    env: str = ""
    file: str = ""
    age: str = ""

    def __str__(self) -> str:
        """Name the place."""
        if self.age:
            return f"the encrypted file {self.age}"
        return f"the variable {self.env}" if self.env else f"the file {self.file}"


class UsedSecret(Struct, frozen=True, kw_only=True):
    """A confidential value that an instance gets: as a file at `target`, without one as a variable.

    `name` is the variable's, or what the file's value is called.
    """

    name: str
    origin: Origin
    target: str = ""


class RegistryLogin(Struct, frozen=True, kw_only=True):
    """How a registry is asked: by credentials that the operator has named, or a name and password.

    The name is confidential itself where it has an origin.
    """

    credentials: str = ""
    username: str = ""
    username_from: Origin | None = None
    password: Origin | None = None

    def __str__(self) -> str:
        """Name who asks, and where what is confidential is."""
        if self.credentials:
            return f"as {self.credentials}"
        return f"as {self.username_from or self.username} by {self.password}"


class Confidence(Struct, frozen=True, kw_only=True):
    """What an instance is to be told: its secrets, and the encrypted files that some are in."""

    secrets: tuple[UsedSecret, ...]
    sealed: Sealed = ()


class Disclosed(Struct, frozen=True):
    """The values of confidential variables, on their way from where they are into an engine."""

    variables: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Name the variables alone."""
        return f"Disclosed({', '.join(name for name, _ in self.variables)})"


def sealed_for(origins: Iterable[Origin], files: Iterable[tuple[str, bytes]]) -> Sealed:
    """Return those of some files that some origins name."""
    named = {origin.age for origin in origins} - {""}
    return tuple(sorted((path, data) for path, data in files if path in named))


def changed(before: str, now: str) -> tuple[str, ...]:
    """Return which secrets have another value, by two accounts of them.

    Nothing is known of those that are in one alone, nor where the two were made with other keys.
    """
    there, here = _read(before), _read(now)
    if there.get(_KEY) != here.get(_KEY):
        return ()
    return tuple(name for name in sorted(there) if here.get(name, there[name]) != there[name])


def account_of(key: str, digests: Iterable[tuple[str, str]]) -> str:
    """Return names and keyed digests of values as one text; `key` is what the key is known by."""
    return " ".join(f"{name}={digest}" for name, digest in sorted({*digests, (_KEY, key)}))


def _read(account: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in account.split())
    return {name: digest for name, _, digest in pairs}
