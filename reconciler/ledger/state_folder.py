"""Where a project's state is kept, and that nobody else can reach into it.

Decides the place by convention and the folder's mode. Arguments and environment variables that
choose another place are the command line's affair.
"""

import os
import stat
from pathlib import Path
from typing import Final

from reconciler.ledger.errors import LedgerError, LedgerUnwritable

_PRIVATE: Final = 0o700


class StateFolderError(LedgerError):
    """The state folder is not one that we may trust."""


def default_state_folder(project: str) -> Path:
    """Return where this platform keeps a program's state, for one project."""
    import platformdirs  # noqa: PLC0415 - most commands are told the place

    return Path(platformdirs.user_state_dir("reconciler", appauthor=False)) / project


def prepare_state_folder(folder: Path) -> Path:
    """Make the folder if need be, private to its owner, who must be us; return it absolute.

    Raises:
        StateFolderError: when it is another user's, or no folder.
        LedgerUnwritable: when it cannot be made.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        _refuse_foreign(folder)
        if stat.S_IMODE(folder.stat().st_mode) != _PRIVATE:
            folder.chmod(_PRIVATE)
    except FileExistsError as error:
        raise StateFolderError(f"the state folder {folder} is not a folder") from error
    except OSError as error:
        raise LedgerUnwritable(
            f"the state folder {folder} cannot be used: {error.strerror}"
        ) from error
    return folder


def _refuse_foreign(folder: Path) -> None:
    # A link is checked as well as what it points to: whoever owns it can redirect it.
    for owner in (folder.lstat().st_uid, folder.stat().st_uid):
        if owner != os.geteuid():
            raise StateFolderError(
                f"the state folder {folder} belongs to user {owner}, not to user {os.geteuid()}: "
                "choose another one with --state"
            )
