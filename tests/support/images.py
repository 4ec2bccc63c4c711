"""Images that tests make of another one: files put on top, and a configuration."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from docker import APIClient


class Layer(NamedTuple):
    """A file of root's in an image."""

    path: str
    content: bytes
    mode: int = 0o644


def add_layer(
    client: APIClient,
    base: str,
    repository: str,
    layers: Iterable[Layer],
    config: Mapping[str, Any],
) -> str:
    """Make REPOSITORY:latest of an image, with files on top, and return its id."""
    made = client.create_container(base, ["true"])["Id"]
    try:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for layer in layers:
                header = tarfile.TarInfo(layer.path.lstrip("/"))
                header.size, header.mode = len(layer.content), layer.mode
                archive.addfile(header, io.BytesIO(layer.content))
        client.put_archive(made, "/", packed.getvalue())
        found: str = client.commit(made, repository, "latest", conf=dict(config))["Id"]
        return found
    finally:
        client.remove_container(made)


def file_of(client: APIClient, image: str, path: str) -> bytes:
    """Return a file of an image."""
    made = client.create_container(image, ["true"])["Id"]
    try:
        stream, _ = client.get_archive(made, path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
            inside = archive.extractfile(archive.getmembers()[0])
            return inside.read() if inside else b""
    finally:
        client.remove_container(made)
