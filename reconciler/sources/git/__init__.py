"""A git repository as a source: revisions of one on this machine, and remotes that are followed.

The only home of git, which is loaded when a revision is first asked for. Everything is read from
objects, without a work tree.
"""

from reconciler.sources.git.address import is_address
from reconciler.sources.git.errors import RemoteError, RevisionError
from reconciler.sources.git.revision import RevisionReading, read_revision
from reconciler.sources.git.settings import (
    Basic,
    GitSettings,
    Rewrite,
    Signers,
    SshAgent,
    SshKey,
    Token,
)
from reconciler.sources.git.source import GitSource
from reconciler.sources.git.standing import Standing, Stands

__all__ = [
    "Basic",
    "GitSettings",
    "GitSource",
    "RemoteError",
    "RevisionError",
    "RevisionReading",
    "Rewrite",
    "Signers",
    "SshAgent",
    "SshKey",
    "Standing",
    "Stands",
    "Token",
    "is_address",
    "read_revision",
]
