"""By what right, and by which way, a remote is reached: the environment of one call to git.

Decides how a secret gets to git and to nobody else. It never stands on a command line, in the
environment, or on disk: it lies in a file that has no name, which only our own descendants and
processes of the same user can open, and only until the call ends. Nothing of the user's own
configuration takes part: neither git's, nor ssh's, nor an agent, unless asked for.
"""

import base64
import binascii
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from reconciler.secrets import SecretError
from reconciler.sources.git.errors import RemoteError
from reconciler.sources.git.settings import Basic, GitSettings, SshAgent, SshKey, Token

_PASSED_ON: Final = ("PATH", "TMPDIR", "USER", "LOGNAME")
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_SLOWEST: Final = 30  # seconds with less than a byte each, before http counts as dead
_FIXED: Final = {
    "protocol.ext.allow": "never",
    "core.hooksPath": "/dev/null",
    "core.askPass": "",
    "credential.helper": "",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": str(_SLOWEST),
    "fetch.recurseSubmodules": "false",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
}
_SSH: Final = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "IdentitiesOnly": "yes",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "ConnectTimeout": "20",
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "2",
    "ForwardAgent": "no",
    "ClearAllForwardings": "yes",
    "UpdateHostKeys": "no",
    "ControlMaster": "no",
    "ControlPath": "none",
}
_OPENSSH_KEY: Final = "-----BEGIN OPENSSH PRIVATE KEY-----"


class Access(Struct, frozen=True):
    """The environment of a call, the files that it inherits, and what must never be told."""

    environment: Mapping[str, str]
    open_files: tuple[int, ...] = ()
    secrets: tuple[str, ...] = ()

    def without_secrets(self, text: str) -> str:
        """Return a text in which none of the secrets can be read."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


@contextmanager
def access(settings: GitSettings) -> Iterator[Access]:
    """Provide access to a remote, for the length of a block.

    Raises:
        RemoteError: when a credential is not where it should be, or of no use.
    """
    credentials = settings.credentials
    environment = _environment(settings)
    if isinstance(credentials, Token | Basic):
        secret = _secret(credentials)
        with _unnamed(_answer(credentials, secret)) as file:
            helper = f'!f() {{ test "$1" = get && cat /dev/fd/{file}; }}; f'
            yield Access(
                {**environment, **_configured(settings, {_scope(settings): helper})},
                (file,),
                (secret,),
            )
    elif isinstance(credentials, SshKey):
        key = _secret(credentials)
        _check_key(key, str(credentials.key))
        with _unnamed(key + "\n") as file:
            # By our own number, for ssh closes what it inherits before it reads.
            yield Access(
                {**environment, **_configured(settings), **_ssh(settings, _key_file(file))}
            )
    else:
        yield Access({**environment, **_configured(settings), **_ssh(settings, "none")})


def _environment(settings: GitSettings) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    for name in _PROXIES:
        kept |= {n: os.environ[n] for n in (name, name.upper()) if n in os.environ}
    if isinstance(settings.credentials, SshAgent):
        agent = os.environ.get("SSH_AUTH_SOCK")
        if not agent:
            raise RemoteError("there is no ssh agent: SSH_AUTH_SOCK is not set")
        kept["SSH_AUTH_SOCK"] = agent
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": settings.address.scheme,
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }


def _scope(settings: GitSettings) -> str:
    """Return the entry for a helper that answers this host alone, wherever it redirects to."""
    return f"credential.{settings.address.site}.helper"


def _configured(settings: GitSettings, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return configuration as variables: a proxy's address may hold a password."""
    entries = {**_FIXED, **(more or {})}
    if settings.ca is not None:
        entries["http.sslCAInfo"] = str(settings.ca)
    if settings.proxy:
        entries["http.proxy"] = settings.proxy
    found = {"GIT_CONFIG_COUNT": str(len(entries))}
    for number, (name, value) in enumerate(entries.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def _secret(credentials: Token | Basic | SshKey) -> str:
    try:
        match credentials:
            case Token():
                return credentials.token.word()
            case Basic():
                return credentials.password.read()
            case SshKey():
                # ssh reads no key whose lines end as they do elsewhere.
                return credentials.key.read().replace("\r\n", "\n")
    except SecretError as error:
        raise RemoteError(f"there is no credential: {error}") from error


def _answer(credentials: Token | Basic, secret: str) -> str:
    user = credentials.user
    if any(control in text for text in (user, secret) for control in "\n\r\0"):
        where = credentials.token if isinstance(credentials, Token) else credentials.password
        raise RemoteError(f"{where} holds more than one line, so it is no token or password")
    return f"username={user}\npassword={secret}\n"


def _ssh(settings: GitSettings, key: str) -> dict[str, str]:
    options = dict(_SSH)
    if isinstance(settings.credentials, SshAgent):
        options["IdentitiesOnly"] = "no"
    else:
        options |= {"IdentityAgent": "none", "IdentityFile": key}
    if settings.known_hosts is not None:
        options["UserKnownHostsFile"] = f'"{str(settings.known_hosts).replace("%", "%%")}"'
        options["GlobalKnownHostsFile"] = "/dev/null"
    words = ["ssh", "-F", "none"]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    return {"GIT_SSH_COMMAND": shlex.join(words), "GIT_SSH_VARIANT": "ssh"}


def _key_file(file: int) -> str:
    return f"/proc/{os.getpid()}/fd/{file}"


@contextmanager
def _unnamed(content: str) -> Iterator[int]:
    file = os.memfd_create("credential", os.MFD_CLOEXEC)
    try:
        os.fchmod(file, 0o600)
        os.write(file, content.encode())
        yield file
    finally:
        os.close(file)


def _check_key(key: str, where: str) -> None:
    """Refuse what ssh would, in words that help more than its own."""
    if "PRIVATE KEY" not in key:
        raise RemoteError(f"{where} holds no private ssh key")
    if "ENCRYPTED" in key or _is_locked(key):
        raise RemoteError(
            f"the ssh key in {where} has a passphrase, which nobody is there to give: use one "
            "without, made for this purpose"
        )


def _is_locked(key: str) -> bool:
    body = "".join(line for line in key.splitlines() if not line.startswith("-"))
    try:
        start = base64.b64decode(body)[:40] if _OPENSSH_KEY in key else b""
    except binascii.Error:
        return False
    cipher = start.removeprefix(b"openssh-key-v1\0")
    return cipher != start and not cipher[4:].startswith(b"none")
