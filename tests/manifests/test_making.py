"""Images that are made of the source: what manifests ask for, and what becomes of what is found."""

import pytest
from msgspec.structs import replace

from reconciler import manifests
from reconciler.manifests import Found, Memory
from reconciler.model.catalog import Catalog
from reconciler.model.desired import DesiredTask
from reconciler.model.images import Archive, Build, Material
from reconciler.model.policy import GIT
from tests.manifests.loaded import profile, task

APP = "container: {image: {build: {context: ./app/, args: {B: 2, A: 1}}}}"
HERE = Found("ab" * 32)


def loaded(text: str, memory: Memory | None = None, others: dict[str, str] = {}) -> Catalog:  # noqa: B006
    given = {name: said.encode() for name, said in {"a.yaml": text, **others}.items()}
    return manifests.load(given, project="demo", revision="r", memory=memory)


def completed(text: str, found: Found = HERE) -> Catalog:
    catalog = loaded(text)
    return manifests.completed(catalog, {use.material: found for use in catalog.made})


def only(catalog: Catalog) -> DesiredTask:
    assert catalog.desired is not None
    (one,) = catalog.desired.tasks.values()
    return one


def test_what_an_image_is_made_of() -> None:
    built, archived = (
        only(loaded(task(APP))),
        only(loaded(task("container: {image: {archive: a//b.tgz}}"))),
    )
    assert built.spec.origin == Build(context="app", args=(("A", "1"), ("B", "2")))
    assert archived.spec.origin == Archive(path="a/b.tgz")
    assert [use.material for use in loaded(task(APP)).made] == [Material("app", "Dockerfile")]


def test_the_image_is_called_and_hashed_by_its_content() -> None:
    known = set()
    for text, found in [
        (APP, HERE),
        (APP, Found("cd" * 32)),
        (APP.replace("A: 1", "A: 2"), HERE),
        (APP.replace("args", "file: Other, args"), HERE),
        ("container: {image: {archive: app}}", HERE),
        ("container: {image: {archive: app}}", Found("cd" * 32)),
    ]:
        one = only(completed(task(text), found))
        assert one.spec.image.startswith("reconciler/demo:")
        assert one.spec.image in one.work.text
        known.add((one.spec.image, one.work.hash))
    assert len({image for image, _ in known}) == len({work for _, work in known}) == 6


def test_where_the_content_lies_is_no_part_of_the_work() -> None:
    here, there = (only(completed(task(APP.replace("./app/", at)))) for at in ("app", "moved"))
    assert (here.work, here.shape) == (there.work, there.shape)


@pytest.mark.parametrize(
    ("text", "found", "place"),
    [
        (APP, Found(fault="no app"), "a.yaml:5:40"),
        (APP, Found(fault="no file", in_file=True), "a.yaml:5:40"),
        (APP.replace("args", "file: Other, args"), Found(fault="no", in_file=True), "a.yaml:5:54"),
        ("container: {image: {archive: a.tgz}}", Found(fault="no"), "a.yaml:5:32"),
        ("container: {image: {build: {}}}", Found(fault="no"), "a.yaml:5:30"),
    ],
)
def test_what_is_missing_is_told_where_it_is_named(text: str, found: Found, place: str) -> None:
    catalog = completed(task(text), found)
    (problem,) = catalog.problems
    assert (problem.code, str(problem.at), problem.message) == (
        "missing-material", place, found.fault,
    )  # fmt: skip
    assert catalog.desired is None


def test_a_profile_names_it_for_all_its_tasks_and_is_told_once() -> None:
    own = profile("container: {image: {build: {context: app}}}")
    text = "---\n".join([own, task("profile: mine", "a"), task("profile: mine", "b")])
    (problem,) = completed(text, Found(fault="no app")).problems
    assert str(problem.at) == "a.yaml:5:40"


def test_of_what_is_not_on_record_nothing_is_started() -> None:
    one = only(manifests.completed(loaded(task(APP)), {}))
    assert one.blocked.startswith("not started, for what its image is made of")


def test_a_change_elsewhere_remembers_what_images_are_made_of() -> None:
    memory, others = Memory(), {f"t{n}.yaml": task("", f"t{n}") for n in range(40)}
    loaded(task(APP), memory, others)
    changed = {**others, "t7.yaml": task("priority: 3", "t7")}
    catalog = loaded(task(APP), memory, changed)
    assert [use.material.path for use in catalog.made] == ["app"]
    assert catalog == replace(loaded(task(APP), None, changed), files=catalog.files)


def test_a_git_source_builds_only_where_the_operator_allows_it() -> None:
    files = {"a.yaml": task(APP).encode()}
    catalog = manifests.load(files, project="demo", revision="r", policy=GIT)
    assert [problem.code for problem in catalog.errors] == ["policy-build"]
