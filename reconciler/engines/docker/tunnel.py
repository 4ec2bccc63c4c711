"""A way to an engine's socket on another machine: one ssh, through which all calls go.

It is the operator's own ssh, with its configuration, keys, agent and known hosts; it asks nothing
and takes no key on trust. It ends when we do, however we end: it runs a program over there that
reads from us.
"""

import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from reconciler.engines.docker.endpoints import Tunnelled
from reconciler.engines.engine import UnreachableError

# Seconds: to be let in, and until a machine that says nothing counts as gone.
_CONNECT: Final = 10
_ALIVE: Final = 5
_GLANCE: Final = 0.02
_OPTIONS: Final = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "ExitOnForwardFailure": "yes",
    "StreamLocalBindUnlink": "yes",
    "StreamLocalBindMask": "0177",
    "ConnectTimeout": str(_CONNECT),
    "ServerAliveInterval": str(_ALIVE),
    "ServerAliveCountMax": "3",
    "ControlMaster": "no",
    "ControlPath": "none",
    "RemoteCommand": "none",
    "PermitLocalCommand": "no",
    "ForwardAgent": "no",
    "ForwardX11": "no",
}


class _Complaint(Struct, frozen=True):
    """What ssh says, and what that means."""

    said: str
    sentence: str


_COMPLAINTS: Final = (
    _Complaint(
        "HOST IDENTIFICATION HAS CHANGED",
        "{host} shows another host key than the one that is known: either somebody else answers, "
        "or it was set up anew; then take the old one out by `ssh-keygen -R {named}`",
    ),
    _Complaint(
        r"Host key verification failed|host key is known",
        "the host key of {host} is not known; compare what `ssh-keyscan {scanned}` prints with what"
        " its owner says, and add it to the known hosts",
    ),
    _Complaint(
        "Permission denied|Too many authentication failures",
        "{host} does not let {who} in with the keys that ssh has here",
    ),
    _Complaint("Could not resolve hostname", "there is no machine by the name of {host}"),
    _Complaint("Connection refused", "nobody answers to ssh at {host}"),
    _Complaint(
        "timed out|not responding|No route to host|unreachable", "{host} does not answer to ssh"
    ),
    _Complaint(
        "administratively prohibited",
        "{host} does not let its sockets be reached: its sshd has AllowStreamLocalForwarding off",
    ),
    _Complaint(
        "open failed",
        "no Docker Engine answers at {path} on {host}, or {who} may not ask it there",
    ),
)


class Tunnel:
    """An ssh that is started when it is needed, and again when it has ended."""

    def __init__(self, way: Tunnelled, config: str = "") -> None:
        """Go this way; `config` is a file for ssh, else it takes the user's own."""
        self._way = way
        self._config = config
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    def open(self) -> Path:
        """Return the socket on this machine that leads there.

        Raises:
            UnreachableError: there is no way, and why.
        """
        with self._lock:
            process, folder = self._process, self._folder
            if folder is None or process is None or process.poll() is not None:
                folder = self._begin()
            return folder / "engine.sock"

    def complaint(self) -> str:
        """Return what ssh has said since it was last asked, as a sentence; empty for nothing."""
        if self._folder is None:
            return ""
        with suppress(OSError), (self._folder / "log").open("rb") as log:
            log.seek(self._read)
            said = log.read()
            self._read += len(said)
            return self._worded(said.decode("utf-8", "replace"))
        return ""

    def close(self) -> None:
        """End ssh. A later `open` begins anew."""
        with self._lock:
            self._end()
            folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def _begin(self) -> Path:
        self._end()
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="reconciler-ssh-"))
        folder, self._read = self._folder, 0
        own = folder / "engine.sock"
        own.unlink(missing_ok=True)
        with (folder / "log").open("wb") as log:
            try:
                self._process = subprocess.Popen(
                    self._command(own),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for us: we end in good order
                )
            except OSError as error:
                told = f"ssh cannot be run here: {error.strerror}; install OpenSSH's client"
                raise UnreachableError(told) from error
        self._await(self._process, own)
        return folder

    def _await(self, process: subprocess.Popen[bytes], own: Path) -> None:
        deadline = time.monotonic() + _CONNECT + 1
        while not _listens(own):
            if process.poll() is not None or time.monotonic() > deadline:
                self._end()
                told = self.complaint() or f"{self._way.host} does not answer to ssh"
                raise UnreachableError(told)
            time.sleep(_GLANCE)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError):
                process.kill()
            process.wait()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()

    def _command(self, own: Path) -> list[str]:
        options = [word for name, value in _OPTIONS.items() for word in ("-o", f"{name}={value}")]
        config = ["-F", self._config] if self._config else []
        port = ["-p", self._way.port] if self._way.port else []
        forward = ["-L", f"{own}:{self._way.path}"]
        who = self._way.who.replace("[", "").replace("]", "")
        return ["ssh", "-T", *config, *options, *port, *forward, "--", who, "cat"]

    def _worded(self, said: str) -> str:
        way = self._way
        named = f"'[{way.host}]:{way.port}'" if way.port else way.host
        scanned = f"-p {way.port} {way.host}" if way.port else way.host
        who = way.who.rpartition("@")[0] or "this user"
        for row in _COMPLAINTS:
            if re.search(row.said, said):
                return row.sentence.format(
                    host=way.host, named=named, scanned=scanned, who=who, path=way.path
                )
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
        return f"ssh to {way.host} says: {last.strip()}" if last else ""


def _listens(path: Path) -> bool:
    """Whether somebody takes calls at a socket: it has its name a moment before."""
    with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
        probe.connect(str(path))
        return True
    return False
