"""The commit that may be read, as a snapshot.

Decides what of a commit is the source: a folder of its tree, with the submodules that may be
read, and what keeps it from being complete. Whether it may be read is decided before.
"""

from reconciler.sources.folder import sentence as joined
from reconciler.sources.git.blobs import GitContents
from reconciler.sources.git.commit import commit_info, header
from reconciler.sources.git.content import tree_of
from reconciler.sources.git.errors import RevisionError
from reconciler.sources.git.judging import SHORT, commit_of
from reconciler.sources.git.mirror import Mirror, Tip
from reconciler.sources.git.reading import Content, Reader
from reconciler.sources.git.settings import GitSettings
from reconciler.sources.git.submodules import submodules
from reconciler.sources.source import Snapshot, project_name


class Given:
    """Reads commits of a mirror, and remembers the last. `notes` tell what it passed over."""

    def __init__(self, settings: GitSettings, mirror: Mirror) -> None:
        self._settings = settings
        self._mirror = mirror
        self._reader = Reader()
        self._last: tuple[str, str, Snapshot] | None = None
        self._known: Tip | None = None
        self._digests: dict[str, str] = {}
        self.notes: tuple[str, ...] = ()

    def learn(self, tip: Tip) -> None:
        """Know a commit's words, so that they need not be asked for."""
        self._known = tip

    def commit(self, revision: str) -> str:
        """Return the commit that somebody means.

        Raises:
            RevisionError: when the mirror holds none such.
        """
        if not revision.isalnum():
            raise RevisionError(f"{revision!r} is no commit: give its digits")
        try:
            return commit_of(self._mirror.repository, revision)
        except RevisionError:
            url = self._settings.url
            raise RevisionError(f"the mirror of {url} holds no commit {revision}") from None

    def snapshot(self, commit: str, signer: str) -> Snapshot:
        """Return a commit's content.

        Raises:
            RevisionError: when the mirror is damaged.
        """
        if self._last is not None and self._last[:2] == (commit, signer):
            return self._last[2]
        repository, folder = self._mirror.repository, self._settings.folder
        said = self._words(commit)
        tree = tree_of(repository, commit, folder) if folder else header(said, "tree")
        if tree is None:
            content = Content(problems=(f"there is no folder {folder} at {commit[:SHORT]}",))
        else:
            content = self._content(commit, tree)
        problems = list(content.problems)
        if not content.files and not problems:
            problems.append(f"{commit[:SHORT]} holds no manifests")
        self.notes = content.notes
        snapshot = Snapshot(
            root=self._settings.url,
            project=self._project(),
            revision=commit,
            files=content.files,
            complete=not problems,
            problem=joined(problems),
            commit=commit_info(commit, said, signer),
            contents=self.contents(commit),
        )
        self._last = (commit, signer, snapshot)
        return snapshot

    def contents(self, commit: str) -> GitContents:
        """Return the files of a commit."""
        settings = self._settings
        return GitContents(self._mirror.repository, commit, settings.folder, self._digests)

    def _words(self, commit: str) -> bytes:
        if self._known is not None and self._known.commit == commit:
            return self._known.words
        objects = self._mirror.repository.objects("--batch", [commit])
        return b"".join(content for _, _, content in objects)

    def nothing(self, why: str) -> Snapshot:
        """Return a reading of which nothing follows."""
        return Snapshot(
            root=self._settings.url,
            project=self._project(),
            revision="",
            files={},
            complete=False,
            problem=why,
        )

    def _content(self, commit: str, tree: str) -> Content:
        if not self._settings.submodules:
            return self._reader.read(self._mirror.repository, tree)
        repository, settings = self._mirror.repository, self._settings
        found, notes = submodules(repository, commit, settings.folder, settings.address)
        within = len(settings.folder) + 1 if settings.folder else 0
        grafts = {one.path[within:]: tree_of(repository, one.commit, "") or "" for one in found}
        content = self._reader.read(repository, tree, grafts)
        told = {note.partition(" is a submodule")[0] for note in notes}
        others = [n for n in content.notes if n.partition(" is a submodule")[0] not in told]
        return Content(content.files, content.problems, (*notes, *others))

    def _project(self) -> str:
        settings = self._settings
        return project_name(settings.folder.rpartition("/")[2] or settings.address.label)
