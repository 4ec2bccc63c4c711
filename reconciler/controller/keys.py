"""Keys for ssh, of each run its own, that nobody has to keep.

Each is derived from one secret of the state folder and from what it is for, so that a process that
takes over in the middle of a run goes on with the same, and so that no key is on record anywhere:
it is where it is used, and gone with that. Decides nothing about who may log in.

What is derived are the 32 bytes of an Ed25519 private key (RFC 8032).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.controller.seed import Seed
from reconciler.engines.engine import PermanentError
from reconciler.model.staging import PUBLIC_KEY, Admission, StagedFile
from reconciler.planning.secure_shell import (
    AUTHORIZED_KEYS,
    HOST_KEY,
    IDENTITY,
    KNOWN_HOSTS,
    known_hosts,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PRIVATE: Final = 0o600
_MOST: Final = 64 * 1024


class Keys:
    """What derives keys."""

    def __init__(self, seed: Seed) -> None:
        """Derive all from a state folder's secret."""
        self._seed = seed

    def host_public(self, project: str, task: str, run: int) -> str:
        """Return the public key by which a run's sshd is known, as OpenSSH writes it."""
        return self._public(f"host/{project}/{task}/{run}")

    def files(self, admission: Admission) -> tuple[StagedFile, ...]:
        """Return the keys that a container gets.

        Raises:
            PermanentError: the file with people's public keys cannot be read, or holds others.
        """
        run = "/".join((admission.project, admission.task, str(admission.run)))
        admitted = [*admission.people, *_read(admission.people_file)]
        files = [_file(HOST_KEY, self._private(f"host/{run}"), _PRIVATE)]
        if admission.peers:
            admitted.append(self._public(f"peer/{run}"))
            files.append(_file(IDENTITY, self._private(f"peer/{run}"), _PRIVATE))
            known = known_hosts(self._public(f"host/{run}"))
            files.append(_file(KNOWN_HOSTS, known.encode()))
        lines = "".join(f"{line}\n" for line in admitted)
        return (*files, _file(AUTHORIZED_KEYS, lines.encode(), _PRIVATE))

    def _private(self, purpose: str) -> bytes:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - takes its time

        form = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
        return self._key(purpose).private_bytes(*form, serialization.NoEncryption())

    def _public(self, purpose: str) -> str:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - as above

        form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        return self._key(purpose).public_key().public_bytes(*form).decode()

    def _key(self, purpose: str) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - as above
            Ed25519PrivateKey,
        )

        return Ed25519PrivateKey.from_private_bytes(self._seed.derive(purpose))


def _read(file: str) -> list[str]:
    """Return the public keys in a file of this machine, and nothing else that may be in it."""
    if not file:
        return []
    try:
        with Path(file).expanduser().open("rb") as opened:
            text = opened.read(_MOST).decode(errors="replace")
    except OSError as error:
        raise PermanentError(
            f"the public keys in {file} cannot be read: {error.strerror}"
        ) from None
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines or not all(PUBLIC_KEY.fullmatch(line) for line in lines):
        raise PermanentError(f"{file} does not hold public keys alone, one a line")
    return lines


def _file(path: str, content: bytes, mode: int = 0o644) -> StagedFile:
    return StagedFile(path=path, content=content, mode=mode)
