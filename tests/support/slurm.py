"""A Slurm of a test's own on this machine: its controller, its munge, and a slurmd for each host.

Every daemon is a child of the test in the foreground, with ports, keys and folders of its own, and
is ended by its process. What jobs leave behind is found by the test's own folder.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.git_servers import free_port
from tests.support.process import eventually

PACKAGES: Final = ("slurm-wlm", "munge")
_PROGRAMS: Final = ("slurmctld", "slurmd", "sbatch", "scontrol", "munged", "mungekey")
KILL_WAIT: Final = 15  # seconds from SIGTERM to SIGKILL
_PATIENCE: Final = 60.0
_ENDED: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"})
_CONF: Final = """\
ClusterName=test
SlurmctldHost={machine}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
ReturnToService=2
KillWait={wait}
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def provide() -> str:
    """Install what is missing; return why that cannot be, nothing where all is there."""
    if os.geteuid() != 0:
        return "it needs root"
    if not all(map(shutil.which, _PROGRAMS)):
        if shutil.which("apt-get") is None:
            return f"it needs {', '.join(PACKAGES)}"
        install = ("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (("apt-get", "update"), install):
            subprocess.run(command, env=environment, capture_output=True, check=False)
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    return f"there is no {missing[0]}" if missing else ""


class Slurm:
    """Runs from `start` to `close`; `env` is what its commands need to find it."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts
        # Not pytest's folder: its name is longer than the path of a socket may be.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.env = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all of it, and wait until every host may be used."""
        self._configure()
        self._munge()
        self._daemon("slurmctld", "-D", "-c")
        for host in self.hosts:
            (self.folder / "spool" / host).mkdir(parents=True)
            self._daemon("slurmd", "-D", "-N", host)
        eventually(self._is_ready, "every host to be idle", _PATIENCE)

    def submit(self, *words: str, env: Mapping[str, str], cwd: Path) -> str:
        """Submit a job, which sees these variables as well; return its id."""
        return self._run("sbatch", "--parsable", *words, env=env, cwd=cwd).strip()

    def cancel(self, job: str) -> None:
        """End a job as its time limit does: by SIGTERM, and after `KILL_WAIT` by SIGKILL."""
        self._run("scancel", job)

    def told(self, job: str) -> dict[str, str]:
        """Return what Slurm says of a job."""
        said = self._run("scontrol", "--oneliner", "show", "job", job)
        return dict(word.partition("=")[::2] for word in said.split() if "=" in word)

    def ended(self, job: str, within: float = _PATIENCE) -> str:
        """Wait until a job has ended, and return how."""
        look = lambda: self._state(job) in _ENDED  # noqa: E731  # said once
        eventually(look, f"job {job} to end", within)
        return self._state(job)

    def close(self) -> None:
        """End every daemon, and whatever a job has left behind."""
        for daemon in reversed(self._daemons):
            _end(daemon)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _state(self, job: str) -> str:
        return self.told(job).get("JobState", "")

    def _configure(self) -> None:
        def node(host: str) -> str:
            return f"NodeName={host} NodeHostname={machine} NodeAddr=127.0.0.1 Port={free_port()}"

        machine = socket.gethostname().partition(".")[0]
        nodes = "\n".join(map(node, self.hosts))
        text = _CONF.format(
            machine=machine, port=free_port(), folder=self.folder, nodes=nodes, wait=KILL_WAIT
        )
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "state").mkdir()

    def _munge(self) -> None:
        key, socket_ = self.folder / "munge.key", self.folder / "munge.sock"
        self._run("mungekey", "--create", f"--keyfile={key}")
        names = {"seed-file": "munge.seed", "pid-file": "munge.pid", "log-file": "munge.log"}
        files = (f"--{name}={self.folder / file}" for name, file in names.items())
        words = (f"--key-file={key}", f"--socket={socket_}", *files)
        self._daemon("munged", "--foreground", "--force", *words)
        eventually(socket_.exists, "munge to listen")

    def _daemon(self, *command: str) -> None:
        with (self.folder / "out.log").open("ab") as out:
            made = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.env,
                start_new_session=True,
            )  # fmt: skip
        self._daemons.append(made)

    def _is_ready(self) -> bool:
        for daemon in self._daemons:
            assert daemon.poll() is None, self.logs()
        try:
            states = self._run("sinfo", "--noheader", "--Node", "--format=%N %t").split()
        except AssertionError:
            return False  # the controller is not there yet
        return sorted(states) == sorted([*self.hosts, *["idle"] * len(self.hosts)])

    def logs(self) -> str:
        """Return the last words of everything."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text()[-2000:]}" for log in logs)

    def _run(
        self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        found = {**self.env, **(env or {})}
        done = subprocess.run(
            words, env=found, cwd=cwd, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _end(daemon: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(_PATIENCE / 4)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


@contextmanager
def slurm(hosts: Sequence[str]) -> Iterator[Slurm]:
    """Have one for the length of a block."""
    with ExitStack() as after:
        made = Slurm(*hosts)
        after.callback(made.close)
        made.start()
        yield made
