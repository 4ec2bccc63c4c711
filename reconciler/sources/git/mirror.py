"""A bare mirror of one ref of a remote, made and brought up to date by git itself.

Decides what git is asked over the network and where its objects go. It has no work tree, runs
nothing of the repository's, and holds no credential. What moved, and whether that may be read,
is not decided here.

One process at a time changes a mirror. The lock is handed on to git, so that a git which has
outlived its reconciler still counts as a change under way.
"""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from reconciler.sources.git import complaints
from reconciler.sources.git.access import access
from reconciler.sources.git.errors import DeadlineError, RemoteError, RevisionError
from reconciler.sources.git.repository import Repository, at
from reconciler.sources.git.running import PROGRAM, Answer, Call, Interruption, run
from reconciler.sources.git.settings import GitSettings

_FETCHED: Final = "refs/reconciler/fetched"
_GIVEN: Final = "refs/reconciler/given"
_EVERYTHING: Final = (
    "+refs/heads/*:refs/reconciler/heads/*",
    "+refs/tags/*:refs/reconciler/tags/*",
)
_FETCH: Final = (
    "fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
    "--no-recurse-submodules",
)  # fmt: skip
# Nobody else writes here as long as we hold the lock: these are of one that was killed.
_LEFT_BY_A_CRASH: Final = (
    "*.lock", "refs/**/*.lock", "objects/pack/tmp_*", "objects/incoming-*", "objects/tmp_*",
)  # fmt: skip
_GLANCE: Final = 0.05


class Tip(Struct, frozen=True):
    """What the ref was when it was fetched last: an object's name, the commit, and its words.

    The commit is empty where there is none.
    """

    name: str
    commit: str
    words: bytes


class Mirror(Struct, frozen=True):
    """The mirror in a folder of its own.

    `interruption` ends what it waits for. Who reads holds `whole`, so that the mirror is not
    replaced meanwhile.
    """

    folder: Path
    settings: GitSettings
    interruption: Interruption = field(default_factory=Interruption)
    whole: threading.RLock = field(default_factory=threading.RLock)

    @property
    def path(self) -> Path:
        """Where git keeps the objects."""
        return self.folder / "repository.git"

    @property
    def repository(self) -> Repository:
        """The mirror's objects, to be read without the network."""
        return at(self.path)

    def tip(self) -> Tip | None:
        """Return what the ref was when it was fetched last, None where it was not."""
        return _tip(self.path)

    @contextmanager
    def changing(self) -> Iterator["Changing"]:
        """Keep every other process from changing the mirror, for the length of a block.

        Raises:
            RemoteError: when another one does so for too long, or the folder is of no use.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RemoteError(f"the mirror {self.folder} is of no use: {error.strerror}") from None
        try:
            self._wait_for(lock)
            yield Changing(self, lock)
        finally:
            os.close(lock)

    def _wait_for(self, lock: int) -> None:
        deadline = time.monotonic() + self.settings.look_deadline
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline or self.interruption.interrupted:
                    message = f"another process is changing the mirror {self.folder}; wait for it"
                    raise RemoteError(message) from None
                time.sleep(_GLANCE)
            else:
                return


class Changing(Struct, frozen=True):
    """A mirror under its lock."""

    mirror: Mirror
    lock: int

    def prepare(self) -> None:
        """Make sure that there is a repository, and nothing in it is locked by a crash.

        Raises:
            RemoteError: when it cannot be made.
        """
        path = self.mirror.path
        if not (path / "HEAD").is_file() or not (path / "objects").is_dir():
            self._make(path)
        for left in [found for pattern in _LEFT_BY_A_CRASH for found in path.glob(pattern)]:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def look(self) -> str:
        """Return what the ref is at the remote now, empty where it has none such.

        Raises:
            RemoteError: when the remote cannot be asked.
        """
        settings = self.mirror.settings
        answer = self._call(("ls-remote", "--quiet", "--", settings.url, settings.ref))
        if answer.status:
            raise RemoteError(self._meaning(answer.said))
        for line in answer.out.decode("utf-8", "replace").splitlines():
            name, _, ref = line.partition("\t")
            if ref == settings.ref:
                return name
        return ""

    def fetch(self, wanted: str, before: str) -> Tip:
        """Bring the ref's objects here; make the mirror anew where it turns out to be damaged.

        `wanted` is what the remote says that the ref is; it may have moved on since. `before` is
        what it was when it was fetched last.

        Raises:
            RemoteError: when that cannot be done.
        """
        answer = self._fetch(self.mirror.path, self.mirror.settings.fetch_deadline)
        if answer.status == 0:
            return self._checked(self.mirror.path, wanted, before)
        meaning = complaints.sentence(answer.said, self.mirror.settings)
        if meaning is not None:
            raise RemoteError(meaning)
        return self.renew(wanted)

    def fetch_unseen(self) -> Tip | None:
        """Bring the ref's objects here without a look before; None where that does not do.

        Whatever the reason is, a look tells it better.
        """
        with suppress(RemoteError):
            if self._fetch(self.mirror.path, self.mirror.settings.look_deadline).status == 0:
                return self.mirror.tip()
        return None

    def renew(self, wanted: str) -> Tip:
        """Make the mirror anew, and only then let go of what is there.

        Raises:
            RemoteError: when the remote cannot be asked.
        """
        new = self.mirror.folder / "repository.new"
        self._make(new)
        answer = self._fetch(new, self.mirror.settings.fetch_deadline)
        if answer.status:
            raise RemoteError(self._meaning(answer.said))
        tip = self._checked(new, wanted)
        with self.mirror.whole:
            shutil.rmtree(self.mirror.path, ignore_errors=True)
            new.replace(self.mirror.path)
        return tip

    def also(self, url: str, commit: str) -> None:
        """Bring a commit of another repository on the same host here.

        Raises:
            RemoteError: when that cannot be done.
        """
        ref = f"{commit}:refs/reconciler/submodules/{commit}"
        answer = self._call((*_FETCH, "--", url, ref), self.mirror.settings.fetch_deadline)
        if answer.status:
            raise RemoteError(f"the submodule at {url}: {self._meaning(answer.said)}")

    def keep(self, commit: str) -> None:
        """Keep a commit from being cleaned away, and clean up where it is worth it."""
        repository = self.mirror.repository
        repository.try_to("update-ref", _GIVEN, commit)
        call = Call(
            folder=self.mirror.path,
            environment=repository.environment,
            deadline=self.mirror.settings.fetch_deadline,
            open_files=(self.lock,),
            interruption=self.mirror.interruption,
        )
        with suppress(DeadlineError, RevisionError):  # there will be another time
            run([PROGRAM, "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"], call)

    def _make(self, path: Path) -> None:
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        status, _, said = at(path).try_to("init", "--bare", "--quiet", "--template=")
        if status:
            raise RemoteError(complaints.verbatim(said, self.mirror.settings))

    def _checked(self, path: Path, wanted: str, before: str = "") -> Tip:
        """Refuse a remote which, being a shallow clone, gives nothing without a failure."""
        tip = _tip(path)
        if tip is None or (tip.name == before and tip.name != wanted):
            raise RemoteError(complaints.withheld(self.mirror.settings))
        return tip

    def _fetch(self, path: Path, deadline: float) -> Answer:
        settings = self.mirror.settings
        into = f"+{settings.ref}:{_FETCHED}"
        answer = self._call((*_FETCH, "--", settings.url, into), deadline, path)
        if answer.status and settings.commit and "unadvertised" in answer.said:
            # An old server gives no commit by its name: with everything it comes along.
            answer = self._call((*_FETCH, "--", settings.url, *_EVERYTHING), deadline, path)
            at(path).try_to("update-ref", _FETCHED, settings.commit)
        return answer

    def _call(
        self, words: tuple[str, ...], deadline: float | None = None, path: Path | None = None
    ) -> Answer:
        settings, repository = self.mirror.settings, path or self.mirror.path
        with access(settings) as granted:
            call = Call(
                folder=repository,
                environment={
                    **granted.environment,
                    "GIT_DIR": str(repository),
                    # Not the user's own, where http would look for other passwords.
                    "HOME": str(self.mirror.folder),
                },
                deadline=deadline or settings.look_deadline,
                open_files=(self.lock, *granted.open_files),
                interruption=self.mirror.interruption,
            )
            try:
                answer = run([PROGRAM, *words], call)
            except DeadlineError as why:
                raise RemoteError(complaints.late(settings, str(why))) from None
            except RevisionError as error:
                raise RemoteError(str(error)) from error
            return Answer(answer.status, answer.out, granted.without_secrets(answer.said))

    def _meaning(self, said: str) -> str:
        settings = self.mirror.settings
        return complaints.sentence(said, settings) or complaints.verbatim(said, settings)


def _tip(path: Path) -> Tip | None:
    repository = at(path)
    fetched = repository.found(_FETCHED)
    if fetched is None:
        return None
    name, kind, _ = fetched
    commit = fetched if kind == "commit" else repository.found(f"{_FETCHED}^{{commit}}")
    return Tip(name, commit[0], commit[2]) if commit else Tip(name, "", b"")
