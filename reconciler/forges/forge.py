"""What a forge is to us: its kind, where it is, how it is reached; the states of a commit."""

from enum import StrEnum

from msgspec import Struct

from reconciler.secrets import Secret


class ForgeError(Exception):
    """A forge that cannot be used as it is configured. The message is a sentence for people."""


class Kind(StrEnum):
    """Whose API is spoken."""

    GITHUB = "github"
    GITEA = "gitea"
    FORGEJO = "forgejo"
    GITLAB = "gitlab"


class State(StrEnum):
    """What becomes of a commit, in our own words."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


class Said(Struct, frozen=True):
    """What a commit's status says."""

    state: State
    description: str


class Forge(Struct, frozen=True):
    """One source's forge, as the operator has configured it.

    `api` and `repository` are needed only where the source's URL does not tell them.
    `link` is a page for people, shown beside the status. `ca` is a file of certificates that are
    trusted besides the system's, `proxy` an address; without one, the environment's count.
    """

    kind: Kind
    token: Secret
    api: str = ""
    repository: str = ""
    link: str = ""
    ca: str = ""
    proxy: str = ""
