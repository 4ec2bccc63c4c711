"""Buckets to test with: a folder, and a part of a bucket of a real S3 server."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from reconciler.buckets.bucket import Bucket
from reconciler.buckets.opening import Buckets, Patience
from reconciler.model import data
from reconciler.model.operator import Credential, SecretPlace
from tests.support.relay import Relay
from tests.support.s3 import OWNER, Keys, S3Server

HASTE: Final = Patience(connect=5, reading=20, writing=20, retry=2, tries=2)
# For servers that keep silent on purpose: all else may take longer on a busy machine.
NO_PATIENCE: Final = Patience(connect=2, reading=2, writing=2, retry=1, tries=1)
_NUMBERS: Final = itertools.count()

Opens = Callable[..., Bucket]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def relay(server: S3Server) -> Iterator[Relay]:
    with Relay(server.port) as relay:
        yield relay


@pytest.fixture
def place(server: S3Server) -> str:
    """Return the name of a bucket of the server that is empty."""
    name = f"place-{next(_NUMBERS)}"
    server.make(name)
    return name


@pytest.fixture
def opens(server: S3Server, tmp_path: Path) -> Opens:
    """Return what opens a bucket of the server."""

    def opened(
        url: str, keys: Keys | None = OWNER, endpoint: str = "", patience: Patience = HASTE
    ) -> Bucket:
        declared = data.Bucket(
            name="lab",
            url=url,
            endpoint=endpoint or server.url,
            credentials="lab" if keys else "",
        )
        known = {"lab": credential(keys, tmp_path)} if keys else {}
        return Buckets({"lab": declared}, known, patience).open("lab")

    return opened


@pytest.fixture(params=["folder", "s3"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    """Return an empty bucket, of each kind."""
    if request.param == "folder":
        folder = tmp_path / "bucket"
        folder.mkdir()
        return Buckets({"lab": data.Bucket(name="lab", url=f"file://{folder}")}, {}).open("lab")
    name: str = request.getfixturevalue("place")
    opened: Bucket = request.getfixturevalue("opens")(f"s3://{name}/part/of/it")
    return opened


def credential(keys: Keys, folder: Path) -> Credential:
    """Return keys as an operator keeps them: in files."""
    places = []
    for name, value in zip(("access", "secret"), keys, strict=True):
        path = folder / f"{name}-key"
        path.write_text(f"{value}\n")
        places.append(SecretPlace(file=str(path)))
    return Credential(access_key=places[0], secret_key=places[1])
