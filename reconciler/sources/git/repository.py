"""One local repository, open for the length of a block: questions to git, and its answers.

Decides how git is run: read only, without hooks, replaced objects or the network, and on the
repository that the folder lies in, wherever the environment points. What the answers mean for
a source is not known here.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.sources.git.errors import RevisionError
from reconciler.sources.git.running import LOCAL_VARIABLES, PROGRAM, Call, begun, run

_SAFE: Final = (
    "--no-pager", "--no-replace-objects",
    "-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null",
)  # fmt: skip
# An empty list of protocols keeps a partial clone from fetching what it lacks behind our back.
_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}  # fmt: skip
_UNTRUSTED: Final = re.compile(r"dubious ownership in repository at '(.*)'")
_PREFIX: Final = re.compile(r"^(fatal|error|warning): ")


class Repository(Struct, frozen=True):
    """An open repository. `root` is its work tree, or the repository itself where it is bare."""

    root: Path
    environment: Mapping[str, str]

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
        call = Call(folder=self.root, environment=self.environment)
        answer = run([PROGRAM, *_SAFE, *words], call, stdin)
        return answer.status, answer.out, answer.said

    @contextmanager
    def streaming(self, *words: str) -> "Iterator[subprocess.Popen[bytes]]":
        """Have a git that answers question after question, for the length of a block.

        Raises:
            RevisionError: when there is no git.
        """
        command = [PROGRAM, *_SAFE, *words]
        call = Call(folder=self.root, environment=self.environment)
        with begun(command, call) as process:
            yield process

    def found(self, expression: str) -> tuple[str, str, bytes] | None:
        """Return name, kind and content of the object that is meant, None where there is none."""
        _, answer, _ = self.try_to("cat-file", "--batch", stdin=f"{expression}\n".encode())
        header, _, content = answer.partition(b"\n")
        words = header.decode("ascii", "replace").split(" ")
        if len(words) != 3:  # noqa: PLR2004  # name, kind, size
            return None
        return words[0], words[1], content[: int(words[2])]

    def objects(self, command: str, names: Sequence[str]) -> Iterator[tuple[str, int, bytes]]:
        """Yield name, size and, of `--batch`, content of each object that is asked for.

        Raises:
            RevisionError: when one of them is not in this clone.
        """
        if not names:
            return
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
            yield Repository(Path(os.path.realpath(root)), _environment())


def at(folder: Path) -> Repository:
    """Return the bare repository that a folder is: none above it, if it should be damaged."""
    return Repository(folder, {**_environment(), "GIT_DIR": str(folder)})


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    return {**ours, **_ENVIRONMENT}


@contextmanager
def _without_local_variables() -> Iterator[None]:
    # GitPython looks at the environment itself, to find what is asked for.
    kept = {name: os.environ.pop(name) for name in LOCAL_VARIABLES if name in os.environ}
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
