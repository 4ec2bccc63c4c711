"""Images that come from no registry, on every kind of engine."""

import io
import tarfile
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from reconciler.engines.engine import (
    BuildFailedError,
    EngineError,
    ImageMissingError,
    PermanentError,
    TransientError,
)
from reconciler.model.images import Archive, Build, name_of
from tests.support.engines import IMAGE, DockerRig, SimulatedRig, make_request

Rig = SimulatedRig | DockerRig


def context(dockerfile: str, **files: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in {"Dockerfile": dockerfile, **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def named(rig: Rig, origin: Build | Archive) -> str:
    return name_of(rig.project, origin)


@pytest.fixture
def image(rig: Rig) -> Iterator[str]:
    name = named(rig, Build(digest="d"))
    yield name
    if isinstance(rig, DockerRig):
        for container in rig.engine.list(rig.project):
            rig.client.remove_container(container.id, force=True)
        if rig.engine.resolve(name) is not None:
            rig.client.remove_image(name)


def test_a_built_image_is_there_by_its_name(rig: Rig, image: str) -> None:
    assert rig.engine.resolve(image) is None
    recipe = Build(args=(("WORD", "hello"),))
    content = context(f"FROM {IMAGE}\nARG WORD\nRUN echo $WORD > /word\nCOPY a /a\n", a="x")
    told: list[str] = []
    rig.engine.build(image, recipe, lambda: iter([content[:700], content[700:]]), told.append)
    resolved = rig.engine.resolve(image)
    assert resolved is not None
    assert told
    request = make_request(rig.project, "task", image=resolved, command=("cat", "/word"))
    rig.engine.start(rig.engine.create(request))


def test_content_that_fails_in_the_middle_makes_no_image(rig: Rig, image: str) -> None:
    def cut() -> Iterator[bytes]:
        yield context(f"FROM {IMAGE}\n")[:1024]
        raise TransientError("it has changed")

    with pytest.raises(TransientError, match="it has changed"):
        rig.engine.build(image, Build(), cut)
    with pytest.raises(EngineError):
        rig.engine.load(image, "a.tar", cut)
    assert rig.engine.resolve(image) is None


@pytest.mark.docker
class TestReal:
    """What only a real engine can refuse."""

    @pytest.fixture
    def rig(self) -> Iterator[DockerRig]:
        made = DockerRig()
        try:
            yield made
        finally:
            made.close()

    def test_a_built_image_is_labelled_as_the_projects(self, rig: DockerRig, image: str) -> None:
        rig.engine.build(image, Build(), lambda: iter([context("FROM scratch\nCOPY a /\n", a="")]))
        found: Any = rig.client.inspect_image(image)  # type: ignore[no-untyped-call]
        assert found["Config"]["Labels"] == {"io.reconciler.project": rig.project}

    def test_a_build_that_fails_says_what_it_printed_last(self, rig: DockerRig, image: str) -> None:
        content = context(f"FROM {IMAGE}\nRUN echo well; echo too bad >&2; exit 3\n")
        with pytest.raises(BuildFailedError) as failed:
            rig.engine.build(image, Build(), lambda: iter([content]))
        assert str(failed.value).startswith(f"could not build {image}: The command")
        assert "returned a non-zero code: 3; printed last:" in str(failed.value)
        assert "too bad" in str(failed.value)
        assert "Step 2/3" in failed.value.output
        assert "\x1b" not in failed.value.output
        assert rig.engine.resolve(image) is None

    def test_a_dockerfile_that_is_none_is_at_fault_itself(self, rig: DockerRig, image: str) -> None:
        for text in ("", "NONSENSE\n", "FROM no-such-image-of-anybody:1\n"):
            content = partial(iter, [context(text)])
            with pytest.raises((PermanentError, ImageMissingError), match="could not build"):
                rig.engine.build(image, Build(), content)

    def test_an_archive_gives_its_image_our_name_alone(self, rig: DockerRig, image: str) -> None:
        other = f"{rig.project}:mine"
        rig.client.tag(IMAGE, rig.project, "mine")
        data = b"".join(rig.client.get_image(other))
        rig.client.remove_image(other, noprune=True)
        rig.engine.load(image, "a.tar", lambda: iter([data]))
        assert rig.engine.resolve(image) == rig.engine.resolve(IMAGE)
        assert rig.engine.resolve(other) is None

    def test_an_archive_of_something_else_is_refused(self, rig: DockerRig, image: str) -> None:
        with pytest.raises(PermanentError, match=r"a\.tar holds no image as `docker save`"):
            rig.engine.load(image, "a.tar", lambda: iter([context("")]))
