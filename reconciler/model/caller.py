"""Whoever runs the reconciler on a folder of their own, and what manifests call that."""

from typing import Final

from msgspec import Struct


class Caller(Struct, frozen=True, kw_only=True):
    """A user's numbers, name and home, and the folder that is worked in.

    `groups` are the supplementary ones. Name and home are empty where the machine has none.
    """

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    name: str = ""
    home: str = ""
    folder: str = ""

    def constant(self, name: str) -> str:
        """Return what a constant of the caller's stands for."""
        if name == CALLER_GROUPS:
            return ",".join(map(str, self.groups))
        return str(getattr(self, CALLER_CONSTANTS[name]))


CALLER_GROUPS: Final = "CALLER_GROUPS"
CALLER_CONSTANTS: Final = {
    "CALLER_UID": "uid",
    "CALLER_GID": "gid",
    CALLER_GROUPS: "groups",
    "CALLER_NAME": "name",
    "CALLER_HOME": "home",
    "CALLER_FOLDER": "folder",
}
"""The names that manifests may use, and what each is of a caller."""
