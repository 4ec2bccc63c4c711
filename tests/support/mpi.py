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


def mpi_image() -> str:
    """Return the image, once the engine that tests share has it; skip where it cannot be had.

    It is made on this machine's own engine: another one may be where there are no packages.
    """
    home = {**os.environ, "DOCKER_HOST": DEFAULT}
    script = _ROOT / ".dev" / "mpi_image"
    made = subprocess.run([script], env=home, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(made.stderr.strip().rpartition("\n")[2])
    give_mpi_image(SOCKET)
    return MPI_IMAGE


def give_mpi_image(url: str) -> None:
    """See to it that an engine at another socket has the image of this machine's own one."""
    with closing(APIClient(base_url=url, timeout=120)) as other:
        if other.images(name=MPI_IMAGE):
            return
        with closing(APIClient(base_url=DEFAULT, timeout=120)) as client:
            image = b"".join(client.get_image(MPI_IMAGE))
        other.load_image(image)  # type: ignore[no-untyped-call]
