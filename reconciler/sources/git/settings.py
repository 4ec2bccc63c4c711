"""What an operator says of a git source: which remote, what of it, by what right, whom to trust.

Decides what cannot be meant. Secrets are never here: only where they are, for when they are
used.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.secrets import Secret
from reconciler.sources.git.address import Address, address
from reconciler.sources.git.errors import RemoteError

_REF: Final = re.compile(r"[A-Za-z0-9_+#=%,@][^\x00-\x20\x7f~^:?*\[\\]*")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Rewrite(StrEnum):
    """What follows when a branch or a tag moves to what is no successor of what it was."""

    FOLLOW = "follow"
    HOLD = "hold"
    REFUSE = "refuse"


class Token(Struct, frozen=True, tag=True):
    """A token over https. Forges take any user with it, or name the one that they want."""

    token: Secret
    user: str = "x-access-token"


class Basic(Struct, frozen=True, tag=True):
    """A user and a password over https."""

    user: str
    password: Secret


class SshKey(Struct, frozen=True, tag=True):
    """A private key without a passphrase."""

    key: Secret


class SshAgent(Struct, frozen=True, tag=True):
    """Whatever keys the user's own agent holds."""


Credentials = Token | Basic | SshKey | SshAgent


class Signers(Struct, frozen=True, kw_only=True):
    """Whose signatures count: exported OpenPGP public keys, and ssh's allowed signers."""

    openpgp: Path | None = None
    ssh: Path | None = None

    def __bool__(self) -> bool:
        return self.openpgp is not None or self.ssh is not None


class GitSettings(Struct, frozen=True, kw_only=True):
    """A git source. At most one of branch, tag and commit; none is the remote's own branch.

    `interval` and the deadlines are in seconds. `known_hosts` None is ssh's own; `on_rewrite`
    None is to follow, and to hold where signatures are asked for.
    """

    url: str
    branch: str = ""
    tag: str = ""
    commit: str = ""
    path: str = ""
    interval: float = 30.0
    credentials: Credentials | None = None
    known_hosts: Path | None = None
    ca: Path | None = None
    proxy: str = ""
    submodules: bool = False
    signers: Signers = Signers()
    on_rewrite: Rewrite | None = None
    look_deadline: float = 30.0
    fetch_deadline: float = 600.0

    def __post_init__(self) -> None:
        _check_choice(self)
        _check_path(self.path)
        _check_credentials(self.address, self.credentials)
        if self.interval <= 0:
            raise RemoteError("the interval of a git source is longer than nothing")

    @property
    def address(self) -> Address:
        """The remote's address, taken apart."""
        return address(self.url)

    @property
    def ref(self) -> str:
        """The one ref that is fetched; of a commit, the commit itself."""
        if self.commit:
            return self.commit
        if self.tag:
            return f"refs/tags/{self.tag}"
        return f"refs/heads/{self.branch}" if self.branch else "HEAD"

    @property
    def wanted(self) -> str:
        """What is wanted of the remote, in words."""
        if self.commit:
            return f"the commit {self.commit[:12]}"
        if self.tag:
            return f"the tag {self.tag}"
        return f"the branch {self.branch}" if self.branch else "the default branch"

    @property
    def folder(self) -> str:
        """The path within the repository, empty for all of it."""
        return "/".join(part for part in self.path.split("/") if part not in {"", "."})

    @property
    def rewriting(self) -> Rewrite:
        """What follows when history is rewritten."""
        if self.on_rewrite is not None:
            return self.on_rewrite
        return Rewrite.HOLD if self.signers else Rewrite.FOLLOW


def _check_choice(settings: GitSettings) -> None:
    given = [name for name in ("branch", "tag", "commit") if getattr(settings, name)]
    if len(given) > 1:
        raise RemoteError(f"a git source has a {' or a '.join(given)}, not both")
    if settings.commit and not _COMMIT.fullmatch(settings.commit):
        raise RemoteError(f"{settings.commit!r} is no commit: give all 40 digits, in small letters")
    for name in (settings.branch, settings.tag):
        if name and not (_REF.fullmatch(name) and _is_kept_apart(name)):
            raise RemoteError(f"{name!r} cannot be the name of a branch or a tag")


def _is_kept_apart(name: str) -> bool:
    """Return whether git would take a name: its parts are not empty, hidden or locks."""
    parts = name.split("/")
    hidden = any(part.startswith(".") or part.endswith((".lock", ".")) for part in parts)
    return all(parts) and not hidden and ".." not in name and "@{" not in name


def _check_path(path: str) -> None:
    parts = path.split("/")
    if path.startswith(("/", "-")) or ".." in parts or _CONTROL.search(path):
        raise RemoteError(f"{path!r} is no path within a repository")


def _check_credentials(where: Address, credentials: Credentials | None) -> None:
    if credentials is None:
        return
    if isinstance(credentials, Token | Basic):
        if where.scheme == "http":
            raise RemoteError(
                f"{where.url} would carry the credential in the clear: use https:// instead"
            )
        if where.scheme != "https":
            raise RemoteError(f"a token or a password is for https://, and {where.url} is not")
    elif where.scheme != "ssh":
        raise RemoteError(f"an ssh key is for ssh://, and {where.url} is not")
