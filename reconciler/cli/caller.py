"""Who runs this, as the machine tells it."""

import os
import pwd
import re
from pathlib import Path
from typing import Final

from reconciler.model.caller import Caller

# What can stand in /etc/passwd of a container; a name or home that cannot is told as none.
_NAME: Final = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]{0,63}")
_HOME: Final = re.compile(r"/[^:\n\r\0]*")


def caller_at(folder: Path) -> Caller:
    """Return the user of this process, with a folder that is worked in.

    Root has neither name nor home here: those of the image are meant, or those of somebody else.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        known = pwd.getpwuid(uid)
        name, home = (known.pw_name, known.pw_dir) if uid else ("", "")
    except KeyError:  # a number alone
        name, home = "", ""
    return Caller(
        uid=uid,
        gid=gid,
        groups=tuple(sorted({*os.getgroups()} - {gid})),
        name=name if _NAME.fullmatch(name) else "",
        home=home if _HOME.fullmatch(home) else "",
        folder=os.path.realpath(folder),
    )
