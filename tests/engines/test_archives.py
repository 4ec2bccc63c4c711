"""What is an archive of one image, and what becomes of the names in it."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator

import pytest

from reconciler.engines.docker.archives import listed, renamed
from reconciler.engines.engine import PermanentError

ONE = [{"Config": "c.json", "RepoTags": ["busybox:stable"], "Layers": ["l/layer.tar"]}]


def packed(files: dict[str, bytes], **links: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
    return out.getvalue()


def pieces(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), 1000):
        yield data[at : at + 1000]


def saved(images: object = ONE, **others: bytes) -> bytes:
    files = {"c.json": b"{}", "l/layer.tar": b"x" * 70_000, **others}
    return packed({**files, "manifest.json": json.dumps(images).encode()}, link="l/layer.tar")


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["tar", "tgz"])
def test_the_one_image_gets_our_name_and_no_other(compress: type[bytes]) -> None:
    data = compress(saved(repositories=b"{}", **{"index.json": b"{}", "oci-layout": b"{}"}))
    out = b"".join(renamed("a.tgz", lambda: pieces(data), "reconciler/p:a-1"))
    with tarfile.open(fileobj=io.BytesIO(out)) as archive:
        assert archive.getnames() == ["c.json", "l/layer.tar", "manifest.json", "link"]
        said, layer = archive.extractfile("manifest.json"), archive.extractfile("l/layer.tar")
        assert said is not None
        assert layer is not None
        assert json.load(said) == [{**ONE[0], "RepoTags": ["reconciler/p:a-1"]}]
        assert layer.read() == b"x" * 70_000
        assert archive.getmember("link").linkname == "l/layer.tar"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (saved([*ONE, *ONE]), "a.tgz holds 2 images, and one is needed"),
        (saved([]), "a.tgz holds no image as `docker save` writes it"),
        (saved({}), "a.tgz holds no image"),
        (packed({"bin/sh": b"x"}), "a.tgz holds no image"),
        (packed({"manifest.json": b"{"}), "a.tgz holds no image"),
        (b"", "a.tgz is no archive of an image that can be read"),
        (b"hello", "a.tgz is no archive"),
        (gzip.compress(saved())[:-200], "a.tgz is no archive"),
        (saved()[:60_000], "a.tgz is no archive"),
    ],
    ids=["two", "none", "no-list", "filesystem", "broken-list", "empty", "text", "cut-gz", "cut"],
)
def test_what_is_none_is_refused_with_a_sentence(data: bytes, why: str) -> None:
    with pytest.raises(PermanentError, match=why):
        listed("a.tgz", lambda: pieces(data))


def test_all_is_read_whatever_comes_behind_the_archive() -> None:
    read: list[int] = []

    def counted() -> Iterator[bytes]:
        for piece in pieces(saved() + b"\0" * 500_000):
            read.append(len(piece))
            yield piece

    listed("a.tar", counted)
    assert sum(read) == len(saved()) + 500_000
