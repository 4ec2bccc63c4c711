"""What is put into a container after it was made and before it is started.

Staging may be done again and again: what is there already is written once more, or left alone.
Files may hold keys, so what they hold is shown nowhere.
"""

import re
from typing import Final, Literal

from msgspec import Struct

from reconciler.model.confidence import Confidence
from reconciler.model.data import Provision

SCRATCH: Final = "/run/reconciler"
"""The folder of ours in containers that get files or keys: a volume without a name."""

PUT_IN_AT: Final = 0.0
"""When files were changed last that were put into a container and left alone since: in 1970."""

PUBLIC_KEY: Final = re.compile(r"(ssh-|ecdsa-|sk-)[-a-z0-9@.]+ [A-Za-z0-9+/]+=*( [^\x00-\x1f]*)?")
"""A line of authorized_keys without options: kind, key, comment (sshd(8))."""

Owner = Literal["user", "root"]


class StagedFile(Struct, frozen=True, kw_only=True):
    """A file: its absolute path, and whose it is.

    `user` is whoever the container runs as. Folders above it that are missing are made, as root's.
    """

    path: str
    content: bytes
    mode: int = 0o644
    owner: Owner = "user"

    def __repr__(self) -> str:
        """Say what it is without what it holds."""
        return f"StagedFile({self.path}, {len(self.content)} bytes, {self.mode:o}, {self.owner})"


class Account(Struct, frozen=True, kw_only=True):
    """What a container knows of the user that it runs as.

    With `entries` the user's and the groups' numbers get names in /etc/passwd and /etc/group where
    the image gives them none, and the user a home.
    """

    entries: bool = False
    name: str = ""
    home: str = ""

    @property
    def called(self) -> str:
        """The user's name."""
        return self.name or "user"

    @property
    def folder(self) -> str:
        """The user's home."""
        return self.home or f"/home/{self.called}"


class Admission(Struct, frozen=True, kw_only=True):
    """Whom the sshd of a run's containers lets in; their keys are made where they are put in.

    `people` are public keys of people, `people_file` is where more of them are, on the machine of
    the reconciler. `peers`: the run's instances let each other in.
    """

    project: str
    task: str
    run: int
    people: tuple[str, ...] = ()
    people_file: str = ""
    peers: bool = False


class Staging(Struct, frozen=True, kw_only=True):
    """All that is put into one container: files, keys, secrets, data, what it knows of its user.

    Keys and secrets are asked for by `admission` and `confidence`, and are made files of where
    the call is made. Of data that are mounted it is only looked whether they are what was to be
    mounted.
    """

    files: tuple[StagedFile, ...] = ()
    account: Account | None = None
    admission: Admission | None = None
    confidence: Confidence | None = None
    provisions: tuple[Provision, ...] = ()
