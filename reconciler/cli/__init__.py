"""The command line: one file per verb under verbs/, and beside it what verbs share.

Decides how things are asked for, shown and answered with an exit code; never what happens.
Starting up is part of the interface: nothing is imported before the verb that needs it.
"""

import atexit
import gc

_ROOM = 50_000
_ROOM_WHEN_SETTLED = 2_000


def main() -> None:
    """Run the command line of this process."""
    # Start-up makes many objects and no garbage: looking for some would take a tenth of it.
    gc.set_threshold(_ROOM)
    # Nor is there garbage worth looking for at the end, which would take another tenth.
    atexit.register(gc.freeze)
    from reconciler.cli.group import cli  # noqa: PLC0415  # importing the package costs nothing

    cli(prog_name="reconciler")


def settle() -> None:
    """Change over from starting to lasting: what there is stays, what comes becomes garbage."""
    # What stays is not looked through again and again, so that looking costs little.
    gc.freeze()
    gc.set_threshold(_ROOM_WHEN_SETTLED)
