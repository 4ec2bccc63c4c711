"""A Docker Engine of a test's own, which can be killed, stopped and crashed with what it runs.

It has its own network namespace, state and socket, and shares only the kernel with this machine's
engine. Every process that is ended here is found by the test's own folder.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, Literal

from docker import APIClient
from docker.errors import DockerException

from tests.support.engines import IMAGE, SOCKET
from tests.support.process import eventually

Manner = Literal["crash", "kill", "stop"]
POSSIBLE: Final = os.geteuid() == 0 and all(shutil.which(tool) for tool in ("dockerd", "unshare"))
_PATIENCE: Final = 60.0
# A bridge needs no more of a namespace than that it is another one.
_ALONE: Final = ("unshare", "--net")


class PrivateEngine:
    """Runs from `start` to `close`; use it by its `url`."""

    def __init__(self, *options: str, inside: Sequence[str] = _ALONE) -> None:
        """Make one that is started with these options, by a command that leads into its place."""
        # Not pytest's folder: its name is longer than the path of a socket may be.
        self.folder = folder = Path(tempfile.mkdtemp(prefix="engine-"))
        folder.chmod(0o711)  # whomever the engine runs things as has to pass
        self.url = f"unix://{folder}/engine.sock"
        self._options = options
        self._inside = (*inside, "sh", "-c", 'ip link set lo up; exec "$@"', "sh")
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "config.json").write_text("{}")

    @property
    def version(self) -> str:
        """The version of the engine that runs."""
        with _client(self.url) as client:
            return str(client.version()["Version"])

    @property
    def inside(self) -> tuple[str, ...]:
        """The command that runs another one in the network of the engine that runs."""
        assert self._process is not None
        return "nsenter", f"--net=/proc/{self._process.pid}/ns/net"

    def start(self) -> None:
        """Start, wait until it answers, and see to it that it has the test image."""
        command = (
            *("dockerd", "--data-root", self.folder / "data", "--exec-root", self._run),
            *("--pidfile", self.folder / "pid", "--config-file", self.folder / "config.json"),
            *("--cgroup-parent", "/reconciler-test", "--host", self.url),
            *("--iptables=false", "--ip6tables=false", *self._options),
        )
        (self.folder / "pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (*self._inside, *map(str, command)),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        eventually(self._answers, "the private engine to answer", _PATIENCE)
        self._provide_image()

    def go(self, manner: Manner) -> None:
        """Let it end: by SIGTERM, by SIGKILL, or as a machine does that loses its power."""
        assert self._process is not None
        if manner == "crash":
            self._crash()
        else:
            self._process.send_signal(signal.SIGTERM if manner == "stop" else signal.SIGKILL)
        self._process.wait(_PATIENCE)
        self._process = None
        # It dies with the engine, though a moment later, in which a successor would rely on it.
        eventually(lambda: not self._running("containerd --config"), "containerd to end", _PATIENCE)
        (self._run / "containerd" / "containerd.pid").unlink(missing_ok=True)

    def restart(self, manner: Manner) -> None:
        self.go(manner)
        self.start()

    def freeze(self) -> None:
        """Let it stand still, as one that hangs in the kernel: its socket takes calls."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stacks(self) -> str:
        """Return what each of the engine's threads of work is doing: where a wedge is."""
        assert self._process is not None
        known = set(self._dumps())
        self._process.send_signal(signal.SIGUSR1)
        with suppress(AssertionError):
            eventually(lambda: set(self._dumps()) - known, "the engine to tell")
            time.sleep(1)  # it is being written
        return "\n".join(dump.read_text() for dump in set(self._dumps()) - known)

    def close(self) -> None:
        """End everything that was run, and leave nothing mounted."""
        if self._process is not None:
            self.thaw()
            with suppress(DockerException, OSError), _client(self.url) as client:
                for entry in client.containers(all=True):
                    client.remove_container(entry["Id"], v=True, force=True)
            self.go("stop")
        self._kill_all()
        for mount in self._mounts():
            subprocess.run(("umount", "--lazy", mount), check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _run(self) -> Path:
        return self.folder / "run"

    def _dumps(self) -> list[Path]:
        return [*self._run.glob("goroutine-stacks*")]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
        if not self._listens():  # docker-py would leave a socket open that was refused
            return False
        with _client(self.url) as client:
            client.info()
        return True

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(self.url.removeprefix("unix://"))
            return True
        return False

    def _provide_image(self) -> None:
        with _client(self.url) as client, _client(SOCKET) as shared:
            if not client.images(IMAGE):
                client.load_image(b"".join(shared.get_image(IMAGE)))  # type: ignore[no-untyped-call]

    def _crash(self) -> None:
        """End the engine and all below it at once, and forget what lived in memory."""
        self._kill_all()
        for mount in self._mounts():
            if mount.startswith(str(self._run)):
                subprocess.run(("umount", "--lazy", mount), check=True)
        shutil.rmtree(self._run, ignore_errors=True)

    def _kill_all(self) -> None:
        roots = self._running()
        # First all that could start or record anything, so that nobody sees the others end.
        doomed = [*roots, *(_below(roots) - roots)]
        for pid in doomed:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + _PATIENCE
        while any(_alive(pid) for pid in doomed) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _running(self, *words: str) -> set[int]:
        """Return the processes of this engine whose command line has these words."""
        own = (str(self._run), *words)
        return {
            pid
            for pid, _, said in _processes()
            if all(word in said for word in own) and _alive(pid)
        }

    def _mounts(self) -> list[str]:
        """Return what is mounted below the folder, the deepest first."""
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        points = [line.split()[4] for line in lines]
        return sorted((p for p in points if p.startswith(f"{self.folder}/")), reverse=True)


def _client(url: str) -> closing[APIClient]:
    return closing(APIClient(base_url=url, version="1.41", timeout=60))


def _processes() -> Iterator[tuple[int, int, str]]:
    """Yield (process, its parent, its command line)."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                words = (
                    (folder / "cmdline")
                    .read_bytes()
                    .replace(b"\0", b" ")
                    .decode("utf-8", "replace")
                )
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                yield int(folder.name), int(parent), words


def _below(roots: set[int]) -> set[int]:
    """Return the children of processes, and theirs."""
    known = [(pid, parent) for pid, parent, _ in _processes()]
    found: set[int] = set()
    newer = set(roots)
    while newer:
        newer = {pid for pid, parent in known if parent in newer} - found
        found |= newer
    return found


def _alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
