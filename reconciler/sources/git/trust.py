"""Whether a revision is signed by somebody whom the operator trusts.

Decides by what git, gpg and ssh-keygen find, with the operator's keys and no others: neither
the user's own keys nor any from the network count. A commit's own signature counts, and that of
the annotated tag by which it was asked for.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.sources.git.commit import header
from reconciler.sources.git.errors import DeadlineError, RemoteError, RevisionError
from reconciler.sources.git.repository import Repository
from reconciler.sources.git.running import PROGRAM, Call, run
from reconciler.sources.git.settings import GitSettings, Signers

_DEADLINE: Final = 30.0
_GPG_SETTINGS: Final = "batch\nno-tty\nno-autostart\nno-auto-key-retrieve\ntrust-model always\n"
_NOT_THE_USERS: Final = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
_SSH_GOOD: Final = re.compile(r'^Good "git" signature for (.+) with \S+ key (\S+)', re.MULTILINE)
_PGP_GOOD: Final = re.compile(r"^\[GNUPG:\] GOODSIG (\S+) (.*)$", re.MULTILINE)
_PGP_VALID: Final = re.compile(r"^\[GNUPG:\] VALIDSIG (\S+)", re.MULTILINE)
_REASONS: Final = (
    (r"\[GNUPG:\] BADSIG|Signature verification failed|incorrect signature",
     "its signature is bad: it has been changed after it was signed"),
    (r"\[GNUPG:\] REVKEYSIG", "the key that signed it is revoked"),
    (r"\[GNUPG:\] EXPKEYSIG|key has expired|expired",
     "the key that signed it has expired"),
    (r"\[GNUPG:\] EXPSIG", "its signature has expired"),
    (r"NO_PUBKEY|No public key|No principal matched|ERRSIG",
     "the key that signed it is none of the signers'"),
)  # fmt: skip


class Verdict(Struct, frozen=True):
    """Who signed it; or why that does not count."""

    signer: str = ""
    why_not: str = ""


def digest(signers: Signers) -> str:
    """Return what the signers are recognised by; empty, where none are asked for."""
    if not signers:
        return ""
    found = hashlib.sha256()
    for path in (signers.openpgp, signers.ssh):
        content = _bytes_of(path) if path else b""
        found.update(len(content).to_bytes(8, "big") + content)
    return found.hexdigest()[:16]


def verdict(repository: Repository, name: str, settings: GitSettings) -> Verdict:
    """Judge the object that was fetched: a commit, or a tag.

    Raises:
        RemoteError: when the signers cannot be read, or a program is missing.
        RevisionError: when the object cannot be.
    """
    with _keys(settings.signers, repository.environment) as (environment, allowed):
        judge = _Judge(repository, environment, allowed)
        if repository.ask("cat-file", "-t", name).strip() == b"tag":
            found = judge.ask("verify-tag", name)
            made_as = header(repository.ask("cat-file", "tag", name), "tag")
            if found.signer and made_as == settings.tag:
                return found
            if found.signer:
                return Verdict(why_not=f"it was signed as the tag {made_as}")
        return judge.ask("verify-commit", f"{name}^{{commit}}")


class _Judge(Struct, frozen=True):
    repository: Repository
    environment: dict[str, str]
    allowed: Path

    def ask(self, verb: str, name: str) -> Verdict:
        """Return what a verb of git finds."""
        call = Call(folder=self.repository.root, environment=self.environment, deadline=_DEADLINE)
        words = (
            "-c", f"gpg.ssh.allowedSignersFile={self.allowed}",
            "-c", "gpg.program=gpg", "-c", "gpg.ssh.program=ssh-keygen",
            "-c", "gpg.x509.program=false", "-c", "gpg.minTrustLevel=undefined",
        )  # fmt: skip
        try:
            answer = run([PROGRAM, *words, verb, "--raw", name], call)
        except DeadlineError as why:
            raise RemoteError(f"its signature could not be looked at: {why}") from None
        return _told(answer.status, answer.said)


def _told(status: int, said: str) -> Verdict:
    """Return what a verb's answer means."""
    good, valid, ssh = _PGP_GOOD.search(said), _PGP_VALID.search(said), _SSH_GOOD.search(said)
    if status == 0 and good and valid:
        return Verdict(f"{good[2]} ({valid[1]})")
    if status == 0 and ssh:
        return Verdict(f"{ssh[1]} ({ssh[2]})")
    if "cannot run gpg" in said or "cannot run ssh-keygen" in said:
        raise RemoteError("its signature cannot be looked at: install gnupg and openssh-client")
    if not said.strip() or "no signature found" in said:
        return Verdict(why_not="it is not signed")
    reasons = (words for pattern, words in _REASONS if re.search(pattern, said))
    return Verdict(why_not=next(reasons, "its signature cannot be verified"))


@contextmanager
def _keys(
    signers: Signers, surroundings: Mapping[str, str]
) -> Iterator[tuple[dict[str, str], Path]]:
    """Provide an environment with the operator's OpenPGP keys alone, and the file for ssh."""
    # Below the system's own folder for such, for gpg's sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="signers-") as folder:
        home = Path(folder)
        (home / "gpg.conf").write_text(_GPG_SETTINGS)
        allowed = home / "allowed_signers"
        allowed.write_bytes(_bytes_of(signers.ssh) if signers.ssh else b"")
        environment = {**surroundings, **_NOT_THE_USERS, "GNUPGHOME": folder}
        if signers.openpgp:
            _import(signers.openpgp, Call(folder=home, environment=environment, deadline=_DEADLINE))
        yield environment, allowed


def _import(keys: Path, call: Call) -> None:
    words = ["gpg", "--batch", "--no-autostart", "--quiet", "--status-fd=1", "--import"]
    try:
        answer = run(words, call, _bytes_of(keys))
    except (DeadlineError, RevisionError) as why:
        raise RemoteError(f"gpg could not read {keys}: {why}") from None
    if b"IMPORT_OK" not in answer.out:
        raise RemoteError(
            f"{keys} holds no OpenPGP keys: give what `gpg --export` writes of the signers'"
        )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RemoteError(f"the signers in {path} cannot be read: {error.strerror}") from None
