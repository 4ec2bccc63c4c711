"""Files that age has encrypted (age-encryption.org/v1), opened with the operator's identities.

Decides which identity opens a file: the first that can. They are read anew each time and kept
nowhere. Must not know where encrypted files come from. The only home of pyrage.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from reconciler.secrets.errors import SecretError

_MOST: Final = 64 * 1024
_NATIVE: Final = "AGE-SECRET-KEY-1"
_SSH: Final = b"PRIVATE KEY-----"


def opened(path: str, data: bytes, identities: Sequence[str]) -> bytes:
    """Return what an encrypted file holds; `path` is what it is called.

    `identities` are files as `age-keygen` and `ssh-keygen` write them, without a passphrase.

    Raises:
        SecretError: none of them opens it, or one cannot be read.
    """
    if not identities:
        raise SecretError(
            f"the encrypted file {path} cannot be opened, for the operator has given no identity:"
            " ageIdentities in the configuration"
        )
    import pyrage  # noqa: PLC0415 - few need it, and it takes its time

    known = [identity for file in identities for identity in _identities(file)]
    try:
        return bytes(pyrage.decrypt(data, known))
    except pyrage.DecryptError as error:
        # Its words are about the file's form and its recipients, and tell nothing that it holds.
        raise SecretError(
            f"the encrypted file {path} is not opened by {', '.join(identities)}: {error}"
        ) from None


def _identities(file: str) -> Iterator[Any]:
    """Yield the private keys in a file of this machine."""
    from pyrage import IdentityError, ssh, x25519  # noqa: PLC0415 - as above

    try:
        with Path(file).expanduser().open("rb") as content:
            found = content.read(_MOST)
    except OSError as error:
        raise SecretError(f"the identity {file} cannot be read: {error.strerror}") from None
    try:
        if _SSH in found:
            yield ssh.Identity.from_buffer(found)
            return
        keys = [line.strip() for line in found.decode("ascii", "replace").splitlines()]
        keys = [key for key in keys if key and not key.startswith("#")]
        if not keys or not all(key.startswith(_NATIVE) for key in keys):
            raise SecretError(f"{file} does not hold identities of age alone, one a line")
        for key in keys:
            yield x25519.Identity.from_str(key)
    except IdentityError:
        # Not chained: it may carry what it could not read.
        raise SecretError(f"{file} holds an identity that cannot be read") from None
