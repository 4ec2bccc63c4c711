"""A real S3 server on loopback, with keys that may do different things."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from tests.support.process import eventually

WEED: Final = Path(sys.executable).parent / "weed"
_PATIENCE: Final = 90.0


class Keys(NamedTuple):
    """An access key and what belongs to it."""

    access: str
    secret: str


OWNER: Final = Keys("owner-key", "owner-secret-51b7")
READER: Final = Keys("reader-key", "reader-secret-90c2")
STRANGER: Final = Keys("stranger-key", "stranger-secret-77aa")
FORGED: Final = Keys(OWNER.access, "not-the-secret")
_EVERYTHING: Final = ["Read", "Write", "List", "Tagging"]


class S3Server:
    """Can be stopped and started again, and has then what it had."""

    def __init__(self, folder: Path, owner: Keys = OWNER) -> None:
        """One whose `owner` may do everything; what is in its buckets lies below `data`."""
        self._folder = folder
        self._may = {owner: _EVERYTHING, READER: ["Read", "List"]}
        self.port, self._filer, master, volume = _ports(4)
        self._ports = [f"-master.port={master}", f"-volume.port={volume}"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """The folder of what it keeps."""
        return self._folder / "data"

    def start(self) -> None:
        """Start it, and wait until it serves."""
        data = self.data
        data.mkdir(exist_ok=True)
        access = self._folder / "access.json"
        known = [_identity(keys, may) for keys, may in self._may.items()]
        access.write_text(json.dumps({"identities": known}))
        command = [
            str(WEED), "-logtostderr=true", "server", f"-dir={data}", "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1", *self._ports, f"-filer.port={self._filer}", "-s3",
            f"-s3.port={self.port}", f"-s3.config={access}", "-volume.max=1000",
            "-master.volumeSizeLimitMB=256", "-master.telemetry=false", "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        eventually(self._serves, "the S3 server serves", within=_PATIENCE, pause=0.2)

    def stop(self) -> None:
        """Kill it, and wait for its end."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def make(self, bucket: str) -> None:
        """Make a bucket, empty."""
        assert _ask(self._filer, "POST", f"/buckets/{bucket}/")

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
        try:
            return _ask(self._filer, "POST", "/buckets/ready/") and _ask(
                self.port, "GET", "/status"
            )
        except (OSError, http.client.HTTPException):
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _identity(keys: Keys, actions: list[str]) -> dict[str, object]:
    return {
        "name": keys.access,
        "credentials": [{"accessKey": keys.access, "secretKey": keys.secret}],
        "actions": actions,
    }


def _ask(port: int, method: str, path: str) -> bool:
    """Tell whether a server answers without having trouble of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    finally:
        connection.close()


def _ports(count: int) -> list[int]:
    """Return ports that are free, as are those ten thousand above, where the server listens too."""
    candidates = random.sample(range(20000, 30000), 200)
    return [port for port in candidates if _free(port) and _free(port + 10000)][:count]


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
