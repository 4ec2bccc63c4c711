"""What becomes of each commit, told to its forge, and failures to people.

Decides when there is something new to say: at most twice a second, on the controller's thread,
from what it knows anyway. Who hears it works in threads of their own and holds nothing up.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from reconciler.cli.place import Place
from reconciler.cli.telling import Teller
from reconciler.cli.text import complain
from reconciler.controller.outlook import failing, happened, stage_of
from reconciler.forges.forge import Forge, Kind, Said, State
from reconciler.forges.statuses import Statuses
from reconciler.forges.wording import Refused, said_of
from reconciler.ledger import LogEntry
from reconciler.model.operator import Forge as ForgeSpec
from reconciler.model.operator import SourceSpec, Target
from reconciler.notices import Failure, Notices
from reconciler.notices import Kind as Occasion
from reconciler.notices import Target as Address
from reconciler.secrets import Secret

if TYPE_CHECKING:
    from reconciler.controller.core import Core

_EVERY: Final = 0.5  # seconds
_REMEMBERED: Final = 8  # commits of which the last word is known
_TOLD: Final = "notices.json"  # in the state folder


class Herald:
    """A teller that passes everything on, and tells a forge and people of it."""

    def __init__(
        self,
        teller: Teller,
        place: Place,
        source: SourceSpec | None,
        targets: Iterable[Target],
        waiting: Callable[[], str],
    ) -> None:
        """Be ready to speak; nothing is asked of anybody before there is something to say.

        `waiting` tells the commit that the source itself keeps from being read, if any.

        Raises:
            ForgeError: when the forge cannot be used as it is configured.
            NoticesError: when notices cannot be sent at all.
        """
        self._teller = teller
        self._statuses: Statuses | None = None
        if source is not None and source.forge is not None:
            self._statuses = Statuses(_forge(source.forge), source.url, place.project, complain)
        addresses = [_address(number, target) for number, target in enumerate(targets)]
        self._notices = Notices(addresses, place.project, complain, place.folder / _TOLD)
        self._failing: Mapping[str, Failure] = {f.subject: f for f in self._notices.told}
        self._said: dict[str, Said] = {}
        self._due = 0.0
        self._waiting = waiting

    def entry(self, entry: LogEntry) -> None:
        """Hear of an entry of the event log."""
        self._teller.entry(entry)
        if entry.kind == "source" and (commit := self._waiting()):
            self._status(commit, said_of(Refused(entry.message)))

    def turn(self, core: "Core") -> None:
        """Look at the core after a turn."""
        self._teller.turn(core)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _EVERY
            self._tell(core)

    def close(self) -> None:
        """Say what is left to say, briefly."""
        self._teller.close()
        if self._statuses is not None:
            self._statuses.close()
        self._notices.close()

    def _tell(self, core: "Core") -> None:
        verdicts = [verdict for found in core.verdicts.values() for verdict in found]
        before = self._failing
        self._failing = failing(core.effective(), verdicts, before)
        for happening in happened(before, self._failing):
            self._notices.report(happening)
        if self._statuses is None:
            return
        for revision in core.history.revisions[-1:]:
            if not revision.valid:
                self._status(revision.revision, Said(State.FAILURE, revision.problem))
        known = core.history.revision(core.desired.revision)
        if known is not None:
            took = (known.converged_at or time.time()) - known.at
            underway = len(core.underway)
            stage = stage_of(core.desired, verdicts, core.holds, underway, took)
            self._status(core.desired.revision, said_of(stage))

    def _status(self, commit: str, said: Said) -> None:
        if self._statuses is not None and self._said.get(commit) != said:
            self._said = {**dict([*self._said.items()][-_REMEMBERED:]), commit: said}
            self._statuses.say(commit, said.state, said.description)


def _forge(spec: ForgeSpec) -> Forge:
    return Forge(
        kind=Kind(spec.kind),
        token=Secret.at(spec.token),
        api=spec.api,
        repository=spec.repository,
        link=spec.link,
        ca=spec.ca,
        proxy=spec.proxy,
    )


def _address(number: int, target: Target) -> Address:
    occasions = frozenset(Occasion(occasion) for occasion in target.on)
    return Address(f"notify[{number}]", Secret.at(target.url), occasions)
