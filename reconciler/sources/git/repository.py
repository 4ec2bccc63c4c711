"""One local repository, open for the length of a block: questions to git, and its answers.

Decides how git is run: read only, without hooks, replaced objects or the network, and on the
repository that the folder lies in, wherever the environment points. What the answers mean for
a source is not known here.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from reconciler.sources.git.errors import RevisionError

if TYPE_CHECKING:
    from git import Repo

# What git sets for its own hooks, or a shell for one repository: it would lead to another one
# than the folder's. GitPython passes the environment on, and can add to it only.
_LOCAL_VARIABLES: Final = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
)  # fmt: skip
_SAFE: Final = (
    "--no-pager", "--no-replace-objects",
    "-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null",
)  # fmt: skip
# An empty list of protocols keeps a partial clone from fetching what it lacks behind our back.
_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
}  # fmt: skip
_UNTRUSTED: Final = re.compile(r"dubious ownership in repository at '(.*)'")
_PREFIX: Final = re.compile(r"^(fatal|error|warning): ")


class Repository(Struct, frozen=True):
    """An open repository. `root` is its work tree, or the repository itself where it is bare."""

    repo: "Repo"
    root: Path

    def ask(self, *words: str, stdin: bytes = b"") -> bytes:
        """Return what git prints.

        Raises:
            RevisionError: with what git says when it fails.
        """
        status, out, said = self.try_to(*words, stdin=stdin)
        if status:
            raise RevisionError(_sentence(said))
        return out

    def try_to(self, *words: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Return git's exit code, what it prints, and what it complains of."""
        program = self.repo.git.GIT_PYTHON_GIT_EXECUTABLE or "git"
        with tempfile.TemporaryFile() as given:
            # A file, for git may print more than a pipe holds before it has read all of it.
            given.write(stdin)
            given.seek(0)
            status, out, said = self.repo.git.execute(
                [program, *_SAFE, *words],
                istream=given,
                env=_ENVIRONMENT,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        return status, out, said

    def objects(self, command: str, names: Sequence[str]) -> Iterator[tuple[str, int, bytes]]:
        """Yield name, size and, of `--batch`, content of each object that is asked for.

        Raises:
            RevisionError: when one of them is not in this clone.
        """
        answer = self.ask("cat-file", command, stdin="".join(f"{n}\n" for n in names).encode())
        at = 0
        for name in names:
            end = answer.find(b"\n", at)
            header = answer[at:end].split()
            if len(header) != 3:  # noqa: PLR2004  # name, type, size
                raise RevisionError(f"the object {name} is missing: this clone is not complete")
            size, at = int(header[2]), end + 1
            content = answer[at : at + size] if command == "--batch" else b""
            at += len(content) + 1 if command == "--batch" else 0
            yield name, size, content


@contextmanager
def opened(folder: Path) -> Iterator[Repository]:
    """Open the repository that a folder lies in.

    Raises:
        RevisionError: when it lies in none, or there is no git.
    """
    try:
        import git  # noqa: PLC0415  # a tenth of a second that only revisions need
    except ImportError as error:
        message = "git is not installed, or not to be found through PATH"
        raise RevisionError(message) from error
    with _without_local_variables():
        try:
            repo = git.Repo(folder, search_parent_directories=True, expand_vars=False)
        except git.InvalidGitRepositoryError as error:
            message = f"{folder} lies in no git repository, so it has no revisions"
            raise RevisionError(message) from error
        with repo:
            root = repo.working_tree_dir or repo.git_dir
            yield Repository(repo, Path(os.path.realpath(root)))


@contextmanager
def _without_local_variables() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in _LOCAL_VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _sentence(said: str) -> str:
    untrusted = _UNTRUSTED.search(said)
    if untrusted:
        allow = f"git config --global --add safe.directory {untrusted[1]}"
        return f"git does not trust {untrusted[1]}, which is another user's; to allow it: {allow}"
    if "not allowed" in said or "promisor" in said:
        return (
            "this clone has left files of the revision out (a partial clone); fetch them first, "
            "such as by `git fetch --refetch --no-filter`"
        )
    lines = [line for line in said.splitlines() if line.strip()]
    return f"git cannot read it: {_PREFIX.sub('', lines[0]) if lines else 'it does not say why'}"
