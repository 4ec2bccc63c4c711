"""A service's listing, folder by folder: for where some object has a name that the library refuses.

Of a page with such a name the library gives nothing. Asked for one folder at a time, it refuses
only the folder that has it. Must not know what names mean to us.
"""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

_NAMED: Final = re.compile(r'Path "(.*?)"(?: contained|: Encountered)', re.DOTALL)
_LONGEST: Final = 120
_MEND: Final = "is no name for an object; rename or remove it there"
_AT_FRONT: Final = f"what begins with a slash {_MEND}: it is left out"


def by_folders(store: "S3Store", full: str) -> tuple[list["ObjectMeta"], list[str]]:
    """Return what begins so, and a sentence for each folder that is left out with all in it."""
    from obstore.exceptions import InvalidPathError  # noqa: PLC0415  # as opening

    found: list[ObjectMeta] = []
    unfit: list[str] = []
    waiting = [full.rpartition("/")[0]]
    while waiting:
        folder = waiting.pop()
        try:
            level = store.list_with_delimiter(folder or None)
        except InvalidPathError as error:
            unfit.append(_told(str(error), folder))
            continue
        found += (one for one in level["objects"] if one["path"].startswith(full))
        for child in level["common_prefixes"]:
            if child and f"{child}/".startswith(full):
                waiting.append(child)
            elif not full:  # of a name that begins with a slash the library tells so much
                unfit.append(_AT_FRONT)
    return found, unfit


def _told(error: str, folder: str) -> str:
    named = _NAMED.search(error)
    name = named[1][:_LONGEST] if named else f"{folder}/…"
    lost = f"all below {folder}/" if folder else "all of it"
    return f"{name!r} {_MEND}: {lost} is left out"
