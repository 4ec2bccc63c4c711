"""How a source stands to its remote → what a commit's status says, and what people hear of.

Pure: decides what of it is a failure, and when it is over. Must not know who is told, nor what
has been told before.
"""

from typing import Final

from reconciler.forges.wording import Held, Refused, Stage
from reconciler.model.revision import Revision
from reconciler.notices import Failure
from reconciler.sources.git import Standing, Stands

SUBJECT: Final = "the source"
# How long a remote may be away before people hear of it, in seconds.
AWAY_SECONDS: Final = 600.0
_SHORT: Final = 12


def stage_of(stands: Stands) -> Stage | None:
    """Return what is said of the commit that the source itself keeps from being read, if any."""
    match stands.kind:
        case Standing.HELD:
            return Held(stands.sentence)
        case Standing.REFUSED | Standing.UNTRUSTED:
            return Refused(stands.sentence)
        case _:
            return None


def failing(
    stands: Stands, away: float, in_force: str, newest: Revision | None, before: Failure | None
) -> Failure | None:
    """Return what fails in the way from the remote to the revision `in_force`, None for nothing.

    `away` is for how many seconds the remote could not be asked, `newest` the revision that was
    read last. While nobody can tell, what failed `before` does.
    """
    match stands.kind:
        case Standing.HELD | Standing.REFUSED | Standing.UNTRUSTED | Standing.VANISHED:
            return Failure(SUBJECT, stands.sentence, stands.commit or stands.kind.value)
        case Standing.UNREACHABLE if away >= AWAY_SECONDS:
            return Failure(SUBJECT, stands.sentence, stands.kind.value)
        case Standing.CURRENT:
            return _of_read(stands.commit, in_force, newest, before)
        case _:
            return before


def _of_read(
    commit: str, in_force: str, newest: Revision | None, before: Failure | None
) -> Failure | None:
    if commit == in_force:
        return None
    if newest is None or newest.revision != commit:
        return before
    if newest.valid:
        return None
    return Failure(SUBJECT, f"{commit[:_SHORT]} is not applied: {newest.problem}", commit)
