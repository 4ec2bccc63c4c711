"""What becomes of each commit, told to its forge, and failures to people.

Decides when there is something new to say: at most twice a second, on the controller's thread,
from what it knows anyway. Who hears it works in threads of their own and holds nothing up.
"""

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from reconciler.cli.place import Place
from reconciler.cli.telling import Teller
from reconciler.cli.text import complain
from reconciler.controller import withheld
from reconciler.controller.outlook import Outlook, happened
from reconciler.forges.forge import Forge, Kind
from reconciler.forges.statuses import Statuses
from reconciler.forges.wording import Refused, Stage, said_of
from reconciler.ledger import LogEntry
from reconciler.model.operator import Forge as ForgeSpec
from reconciler.model.operator import SourceSpec, Target
from reconciler.model.revision import Revision
from reconciler.notices import Failure, Notices
from reconciler.notices import Kind as Occasion
from reconciler.notices import Target as Address
from reconciler.secrets import Secret
from reconciler.sources.git import GitSource, Standing, Stands

if TYPE_CHECKING:
    from reconciler.controller.core import Core
    from reconciler.forges.forge import Said

_EVERY: Final = 0.5  # seconds
_REMEMBERED: Final = 8  # commits of which the last word is known
_TOLD: Final = "notices.json"  # in the state folder
_UNKNOWN: Final = (Standing.NEW, Standing.UNREACHABLE)


class Herald:
    """A teller that passes everything on, and tells a forge and people of it."""

    def __init__(
        self, teller: Teller, place: Place, spec: SourceSpec | None, targets: Iterable[Target]
    ) -> None:
        """Be ready to speak; nothing is asked of anybody before there is something to say.

        Raises:
            ForgeError: when the forge cannot be used as it is configured.
            NoticesError: when notices cannot be sent at all.
        """
        self._teller = teller
        self._source = place.source if isinstance(place.source, GitSource) else None
        self._statuses: Statuses | None = None
        if spec is not None and spec.forge is not None:
            self._statuses = Statuses(_forge(spec.forge), spec.url, place.project, complain)
        addresses = [_address(number, target) for number, target in enumerate(targets)]
        self._notices = Notices(addresses, place.project, complain, place.folder / _TOLD)
        self._failing: Mapping[str, Failure] = {f.subject: f for f in self._notices.told}
        self._outlook = Outlook()
        self._said: dict[str, Said] = {}
        self._due = 0.0
        self._reached = time.monotonic()

    def entry(self, entry: LogEntry) -> None:
        """Hear of an entry of the event log."""
        self._teller.entry(entry)

    def turn(self, core: "Core") -> None:
        """Look at the core after a turn, and at the source."""
        self._teller.turn(core)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _EVERY
            self._tell(core)

    def unnamed(self, refused: Revision | None) -> None:
        """Look at the source alone, while there is no core yet; `refused` is what it showed."""
        tasks = {name: known for name, known in self._failing.items() if name != withheld.SUBJECT}
        self._tell_of_source(tasks, "", refused)

    def close(self) -> None:
        """Say what is left to say, briefly."""
        self._teller.close()
        if self._statuses is not None:
            self._statuses.close()
        self._notices.close()

    def _tell(self, core: "Core") -> None:
        self._outlook.look(core.effective(), core.verdicts)
        newest = core.history.revisions[-1] if core.history.revisions else None
        tasks = self._outlook.failing(self._failing)
        self._tell_of_source(tasks, core.desired.revision, newest)
        known = core.history.revision(core.desired.revision)
        if self._statuses is not None and known is not None:
            took = (known.converged_at or core.now()) - known.at
            stage = self._outlook.stage(core.holds, len(core.underway), took)
            self._status(core.desired.revision, stage)

    def _tell_of_source(
        self, tasks: Mapping[str, Failure], in_force: str, newest: Revision | None
    ) -> None:
        """Tell what fails, tasks and the source, and what is said of commits not applied."""
        stands = self._source.standing if self._source is not None else Stands()
        if stands.kind not in _UNKNOWN:
            self._reached = time.monotonic()
        away = time.monotonic() - self._reached
        before = self._failing.get(withheld.SUBJECT)
        found = withheld.failing(stands, away, in_force, newest, before)
        now = {**tasks, withheld.SUBJECT: found} if found is not None else tasks
        for happening in happened(self._failing, now):
            self._notices.report(happening)
        self._failing = now
        if newest is not None and not newest.valid:
            self._status(newest.revision, Refused(newest.problem))
        if (stage := withheld.stage_of(stands)) is not None:
            self._status(stands.commit, stage)

    def _status(self, commit: str, stage: Stage) -> None:
        said = said_of(stage)
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
