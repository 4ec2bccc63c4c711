"""A git remote as a source: the commit that may be read, out of a mirror of our own.

Decides when the remote is asked for what, and what of a commit is the source. Which commit may
be read is judged elsewhere; what is in the files is not known here.

The threads: one polls; others read, nudge and allow. `Mirror.whole` guards what they share. It
is held for questions to the mirror alone, never over the network.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from reconciler.sources.contents import Contents
from reconciler.sources.git import record as records
from reconciler.sources.git.errors import RemoteError, RevisionError
from reconciler.sources.git.given import Given
from reconciler.sources.git.judging import SHORT, judge, reconsidered, signed
from reconciler.sources.git.mirror import Changing, Mirror, Tip
from reconciler.sources.git.polling import GitWatch
from reconciler.sources.git.settings import GitSettings
from reconciler.sources.git.standing import Standing, Stands, Told, nobody
from reconciler.sources.git.submodules import fetch_submodules
from reconciler.sources.git.trust import digest
from reconciler.sources.source import Snapshot

_SHORTEST: Final = 7
_WAITING: Final = (Standing.HELD, Standing.REFUSED, Standing.UNTRUSTED)


class GitSource:
    """One ref of a remote, by a mirror in a folder of its own.

    `told` hears, on the thread that polls, of each change of how the source stands; `on_poll`
    hears there of every look, and how the source stands after it.
    """

    def __init__(self, settings: GitSettings, mirror: Path, told: Told = nobody) -> None:
        self.settings = settings
        self.on_poll: Callable[[Standing], None] = lambda _: None
        self._mirror = Mirror(mirror, settings)
        self._told = told
        self._polling = threading.Lock()
        self._nudge = threading.Event()
        self._path = mirror / "given.json"
        self._record = records.load(self._path, f"{settings.ref} of {settings.url}")
        self._stands = Stands()
        self._judged: tuple[str, ...] = ()  # what the last judgement went by
        self._damaged = False
        self._renewed_for = ""  # what could not be read before the mirror was made anew
        self._untidy = False
        self._looked = False  # whether this process has looked at the mirror
        self._given = Given(settings, self._mirror)

    @property
    def name(self) -> str:
        """The address, with the ref and the folder within."""
        settings = self.settings
        chosen = settings.commit or settings.tag or settings.branch
        folder = f":{settings.folder}" if settings.folder else ""
        return f"{settings.url}{f'@{chosen}' if chosen else ''}{folder}"

    @property
    def standing(self) -> Stands:
        """How the source stands to its remote."""
        return self._stands

    @property
    def revision(self) -> str:
        """The commit that is read, empty before there is one."""
        return self._record.given

    def held(self) -> str:
        """Return the commit that waits to be allowed, if one does, by what was fetched last."""
        with self._mirror.whole:
            try:
                stands = self._stood()
            except (RemoteError, RevisionError, OSError):
                return ""
        return stands.commit if stands.kind is Standing.HELD else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what one might miss in what was read last."""
        return self._given.notes

    # --- reading -----------------------------------------------------------------------------

    def read(self) -> Snapshot:
        """Return the commit that may be read, out of the mirror alone."""
        with self._mirror.whole:
            try:
                return self._read()
            except (RemoteError, OSError) as error:
                return self._given.nothing(str(error))
            except RevisionError as error:
                return self._given.nothing(self._damage(error))

    def contents(self, revision: str) -> Contents:
        """Return the files of a commit that the mirror holds."""
        return self._given.contents(revision)

    def at(self, revision: str) -> Snapshot:
        """Return another commit that the mirror holds, such as one to go back to.

        Raises:
            RevisionError: when it holds no such commit, or its signature does not count.
            RemoteError: when that cannot be judged.
        """
        with self._mirror.whole:
            commit = self._given.commit(revision)
            found = signed(self._mirror.repository, self.settings, commit)
            if found.why_not:
                raise RevisionError(f"{commit[:SHORT]} is not read: {found.why_not}")
            return self._given.snapshot(commit, found.signer)

    def _damage(self, error: RevisionError) -> str:
        """Have the mirror made anew; once, for what the remote has no more will not come back."""
        given = self._record.given
        if self._renewed_for == given:
            return f"{self.settings.url} does not hold {given[:SHORT]} any more: {error}"
        self._damaged = True
        self.nudge()
        return f"the mirror is damaged and is made anew: {error}"

    def _read(self) -> Snapshot:
        self._reconsider()
        record = self._record
        if not record.given:
            why = self._stands.sentence or "nothing has been fetched yet"
            return self._given.nothing(f"{self.name} has no revision to read: {why}")
        if record.judged_by != digest(self.settings.signers):
            why = "it is signed by none of those who are trusted now"
            return self._given.nothing(f"{record.given[:SHORT]} is not read: {why}")
        snapshot = self._given.snapshot(record.given, record.signer)
        if self._stands.kind is Standing.VANISHED:
            return replace(snapshot, complete=False, problem=self._stands.sentence)
        return snapshot

    # --- being told --------------------------------------------------------------------------

    def watch(self, callback: Callable[[], None]) -> GitWatch:
        """Poll the remote from now on, and call back when there is another commit to read."""
        self._mirror.interruption.resume()
        return GitWatch(self, self.settings.interval, self._nudge, callback)

    def nudge(self) -> None:
        """Poll as soon as possible, once, however often this is called until then."""
        self._nudge.set()

    def allow(self, revision: str) -> bool:
        """Let the held revision pass, that one only; return whether it is what waits.

        It is read from the next poll on, by this process or another one.
        """
        with self._mirror.whole:
            held = self.held()
            if not held or len(revision) < _SHORTEST or not held.startswith(revision):
                return False
            self._save(replace(self._record, allowed=held))
        self.nudge()
        return True

    def interrupt(self) -> None:
        """End a poll under way, and refuse any to come."""
        self._mirror.interruption.interrupt()

    def _stood(self) -> Stands:
        """Return how the source stands to what was fetched last, be it by another process."""
        self._record = records.load(self._path, self._record.of)
        self._reconsider()
        tip = self._mirror.tip()
        if tip is None:
            return Stands()
        return judge(self._mirror.repository, self.settings, self._record, tip).stands

    # --- polling -----------------------------------------------------------------------------

    def poll(self, *, hinted: bool = False) -> bool:
        """Ask the remote once, fetch what has moved; return whether there is another to read.

        `hinted`: somebody says that there is, so that it is fetched without a look first.

        Raises:
            RemoteError: when the remote cannot be asked, or the mirror cannot be used.
        """
        with self._polling:
            before = self._state()
            try:
                with self._mirror.changing() as changing:
                    self._poll(changing, hinted=hinted)
            except (RemoteError, RevisionError, OSError) as error:
                self._looked = False  # what was killed may have left something behind
                if not self._mirror.interruption.interrupted:
                    self._stand(Stands(Standing.UNREACHABLE, str(error)))
                    self.on_poll(self._stands.kind)
                raise RemoteError(str(error)) from error
            self.on_poll(self._stands.kind)
            return self._state() != before

    def _state(self) -> tuple[str, str, bool, bool]:
        """Return what a reading depends on."""
        vanished = self._stands.kind is Standing.VANISHED
        return self._record.given, self._record.judged_by, vanished, self._damaged

    def _poll(self, changing: Changing, *, hinted: bool) -> None:
        if not self._looked or not self._mirror.path.is_dir():
            changing.prepare()
        hinted = hinted and self._looked and not self._damaged and not self.settings.commit
        tip = changing.fetch_unseen() if hinted else None
        wanted = self.settings.commit or (tip.name if tip else changing.look())
        if not wanted:
            self._vanish()
            return
        tip = tip or self._fetched(changing, wanted)
        try:
            self._take(changing, tip)
        except RevisionError:
            if self._damaged:
                raise
            self._take(changing, changing.renew(wanted))
        self._damaged, self._looked = False, True

    def _fetched(self, changing: Changing, wanted: str) -> Tip | None:
        """Fetch what the remote has, None where that is here already."""
        record = self._record
        if self._damaged:
            tip: Tip | None = changing.renew(wanted)
            self._renewed_for, self._judged = record.given, ()
            return tip
        tip = None if self._looked else self._mirror.tip()
        if wanted != record.fetched or not (self._looked or (tip and tip.name == wanted)):
            if not record.fetched:
                self._told(Standing.NEW, f"fetching {self.settings.wanted} of {self.settings.url}")
            return changing.fetch(wanted, record.fetched)
        if self._untidy:
            # Now that nobody waits for a commit.
            changing.keep(record.given)
            self._untidy = False
        return tip

    def _vanish(self) -> None:
        last = self._record.given
        stays = f"; {last[:SHORT]}, which it had last, stays" if last else ""
        lacking = f"{self.settings.url} does not have {self.settings.wanted}{stays}"
        self._stand(Stands(Standing.VANISHED, lacking))

    def _take(self, changing: Changing, tip: Tip | None) -> None:
        """Give what was fetched, if it may be read; None is what was fetched before."""
        mirror = self._mirror
        with mirror.whole:
            self._reconsider()
            fetched = tip.name if tip else self._record.fetched
            went_by = (fetched, self._record.allowed, self._record.given, self._digest())
            if went_by == self._judged and self._stands.kind in {*_WAITING, Standing.CURRENT}:
                return
            tip = tip or mirror.tip()
            if tip is None:
                raise RevisionError(f"there is no {fetched} in the mirror")
            found = judge(mirror.repository, self.settings, self._record, tip)
        if found.stands.kind is Standing.CURRENT:
            if self.settings.submodules:
                fetch_submodules(changing, found.commit)
            self._give(tip, found.signer)
            self._untidy = True
        else:
            self._save(replace(self._record, fetched=fetched))
        self._judged = (fetched, self._record.allowed, self._record.given, self._digest())
        self._stand(found.stands)

    def _digest(self) -> str:
        return digest(self.settings.signers)

    def _reconsider(self) -> None:
        self._save(reconsidered(self._mirror.repository, self.settings, self._record))

    def _give(self, tip: Tip, signer: str) -> None:
        with self._mirror.whole:
            self._given.learn(tip)
            self._save(
                replace(
                    self._record,
                    fetched=tip.name,
                    given=tip.commit,
                    signer=signer,
                    judged_by=self._digest(),
                    allowed="",
                )
            )

    def _save(self, record: records.Record) -> None:
        if record != self._record:
            records.save(self._path, record)
            self._record = record

    def _stand(self, stands: Stands) -> None:
        before, self._stands = self._stands, stands
        again = stands.kind is before.kind and stands.kind is Standing.CURRENT
        if stands != before and not again:
            self._told(stands.kind, stands.sentence)
