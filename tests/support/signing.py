"""People who sign commits, with keys of both kinds."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.support.git_servers import run


class Signer:
    """Somebody with a key of a kind, `openpgp` or `ssh`. `public` is the file of signers.

    Somebody of the past has a key that has expired long since, and signed while it held.
    """

    def __init__(self, folder: Path, name: str, kind: str, *, past: bool = False) -> None:
        self.kind = kind
        self._time = ("--faked-system-time", "20200101T000000") if past else ()
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True)
        if kind == "ssh":
            self._ssh(name)
        else:
            self._openpgp(name, "20200201T000000" if past else "never")

    @property
    def words(self) -> tuple[str, ...]:
        """What git is told, for this one to sign."""
        return (
            "-c", f"gpg.format={self.kind}", "-c", f"user.signingKey={self._key}",
            "-c", f"gpg.program={self._program}",
        )  # fmt: skip

    def _ssh(self, name: str) -> None:
        key = self._folder / "key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        self._key, self._program = str(key), "gpg"
        self.public = self._folder / "allowed"
        public = key.with_suffix(".pub").read_text()
        self.public.write_text(f'{name}@example.org namespaces="git" {public}')

    def _openpgp(self, name: str, expires: str) -> None:
        program = self._folder / "gpg"
        program.write_text(
            f'#!/bin/sh\nexec gpg --homedir "{self._folder}" --batch {" ".join(self._time)} "$@"\n'
        )
        program.chmod(0o755)
        user = f"{name}@example.org"
        self._gpg("--passphrase", "", "--quick-generate-key", user, "ed25519", "sign", expires)
        self._key, self._program = user, str(program)
        self.public = self._folder / "keys.asc"
        self.public.write_text(self._gpg("--armor", "--export", user))

    def export(self) -> None:
        """Write the public key as it is now."""
        self.public.write_text(self._gpg("--armor", "--export", self._key))

    def revoke(self) -> None:
        """Revoke the key, and publish that."""
        certificate = next((self._folder / "openpgp-revocs.d").glob("*.rev")).read_text()
        self._gpg("--import", stdin=certificate.replace(":-----BEGIN", "-----BEGIN"))
        self.export()

    def close(self) -> None:
        """End the agent that keeps the key."""
        if self.kind == "openpgp":
            environment = {**os.environ, "GNUPGHOME": str(self._folder)}
            run("gpgconf", "--kill", "all", env=environment)

    def _gpg(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["gpg", "--homedir", str(self._folder), "--batch", "--pinentry-mode=loopback",
             *self._time, *words],
            input=stdin, text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def signers(kind: str, *names: str, past: bool = False) -> Iterator[list[Signer]]:
    """Make some people with keys, for the length of a block."""
    # Not below the test's own folder: gpg's sockets need a short path.
    folder = Path(mkdtemp(prefix="s-"))
    made: list[Signer] = []
    try:
        made.extend(Signer(folder / name, name, kind, past=past) for name in names)
        yield made
    finally:
        for signer in made:
            signer.close()
        shutil.rmtree(folder, ignore_errors=True)
