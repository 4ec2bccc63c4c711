"""The image of the tests of clusters: OpenSSH, Open MPI and mpi4py of Debian, with no user 1000."""

import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from docker import APIClient

from tests.support.engines import DEFAULT, SOCKET

MPI_IMAGE: Final = "reconciler-mpi:debian"
# Where tests mount the programs below, and where these are.
JOB: Final = "/job"
PROGRAMS: Final = Path(__file__).resolve().parents[1] / "e2e" / "mpi"
_ROOT: Final = Path(__file__).resolve().parents[2]


def mpi_image(url: str = SOCKET) -> str:
    """Return the image, once the engine at this socket has it; skip where it cannot be had."""
    where = {"DOCKER_HOST": url} if url != DEFAULT else {}
    made = subprocess.run(
        [_ROOT / ".dev" / "mpi_image"], env={**os.environ, **where}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(made.stderr.strip().rpartition("\n")[2])
    return MPI_IMAGE


def give_mpi_image(url: str) -> None:
    """See to it that an engine at another socket has the image of the one that tests share."""
    with closing(APIClient(base_url=url, timeout=120)) as other:
        if other.images(name=MPI_IMAGE):
            return
        with closing(APIClient(base_url=SOCKET, timeout=120)) as client:
            other.load_image(b"".join(client.get_image(MPI_IMAGE)))  # type: ignore[no-untyped-call]
