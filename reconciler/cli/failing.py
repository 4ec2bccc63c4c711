"""The last resort: whatever goes wrong ends in a sentence and an exit code, never a traceback.

Decides which failures are the user's, the world's, or a bug. RECONCILER_DEBUG=1 shows all of
them in full.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.exits import Exit, Failure

_INTERRUPTED = 130  # what shells report for a program ended by Ctrl-C


def guarded(run: Callable[[], Any]) -> int:
    """Return the exit code of what `run` does."""
    try:
        return int(run() or Exit.DONE)
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return Exit.USAGE if isinstance(error, click.UsageError) else Exit.FAILED
    except Failure as failure:
        _complain(str(failure))
        return failure.code
    except BrokenPipeError:
        return _left_alone()
    except Exception as error:  # noqa: BLE001  # the last resort
        return _judge(error)


def _judge(error: Exception) -> int:
    if os.environ.get("RECONCILER_DEBUG"):
        sys.excepthook(type(error), error, error.__traceback__)
    said = _sentence(error)
    if said is None:
        _complain(f"this is a bug: {type(error).__name__}: {error}")
        _complain("RECONCILER_DEBUG=1 shows where; please report it")
        return Exit.FAILED
    _complain(said)
    from reconciler.ledger import LockHeld  # noqa: PLC0415  # loaded already by who raised it

    return Exit.HELD if isinstance(error, LockHeld) else Exit.FAILED


def _sentence(error: Exception) -> str | None:
    """Return what to tell the user, None where it is our own fault."""
    from reconciler.buckets.bucket import BucketError  # noqa: PLC0415  # not before something fails
    from reconciler.engines.engine import EngineError  # noqa: PLC0415  # as above
    from reconciler.ledger import LedgerError  # noqa: PLC0415  # as above

    if isinstance(error, BucketError | LedgerError | EngineError):
        return str(error)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return None


def _left_alone() -> int:
    """Nobody reads our output any more: end quietly, the interpreter's last flush included."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    return Exit.FAILED


def _complain(message: str) -> None:
    from reconciler.cli.text import complain  # noqa: PLC0415  # not before something fails

    complain(message)
