"""Annotations that mean something to the program: on tasks, in jobs, and between tasks."""

import pytest

from reconciler.model.problem import Severity
from tests.manifests.loaded import desired, document, load, only, task


def marked(name: str, old: str) -> str:
    return task("", f"{name}, annotations: {{reconciler/renamed-from: {old}}}")


def test_a_task_is_protected_and_renamed() -> None:
    marks = "{reconciler/prune: protect, reconciler/renamed-from: old, team/owner: me}"
    found = only(task("", f"pi, annotations: {marks}"))
    assert (found.protected, found.renamed_from) == (True, "old")
    bare = only(task(""))
    assert (bare.protected, bare.renamed_from) == (False, "")
    assert (found.work, found.shape) == (bare.work, bare.shape)


def test_a_task_within_a_job_has_its_own() -> None:
    spec = "tasks:\n- {name: a, annotations: {reconciler/renamed-from: b}}\n- {name: c}"
    tasks = desired(document("Job", "j", spec)).tasks
    assert [(t.name, t.renamed_from) for t in tasks.values()] == [("a", "b"), ("c", "")]


def test_a_job_speaks_for_all_of_its_tasks() -> None:
    job = document("Job", "j, annotations: {reconciler/prune: protect}",
                   "suspend: true\ntasks: [{name: a}]")  # fmt: skip
    tasks = desired("---\n".join([job, task("job: j", "b"), task("", "c")])).tasks
    assert {t.name: (t.protected, t.suspend) for t in tasks.values()} == {
        "a": (True, "job j"), "b": (True, "job j"), "c": (False, ""),
    }  # fmt: skip


def test_suspension_by_a_manifest_has_its_place() -> None:
    found = only(task("suspend: true"))
    assert (found.suspend, str(found.place_of("suspend"))) == ("task", "a.yaml:5:12")
    assert not found.blocked


@pytest.mark.parametrize(
    ("manifests", "code", "said"),
    [
        ([task("", "old"), marked("new", "old")], "renamed-exists", "task old still exists"),
        ([marked("a", "old"), marked("b", "old")], "renamed-twice", "task a takes over"),
        ([marked("b", "a"), marked("c", "b")], "renamed-chain", "was called a before"),
        ([marked("a", "b"), marked("b", "a")], "renamed-chain", "was called"),
    ],
)
def test_names_that_are_not_free(manifests: list[str], code: str, said: str) -> None:
    catalog = load("---\n".join(manifests))
    assert {problem.code for problem in catalog.errors} == {code}
    assert said in catalog.errors[0].message
    assert catalog.errors[0].at.column > 1


def test_an_annotation_that_nothing_acts_on_names_the_nearest() -> None:
    marks = "reconciler/renamedfrom: x, reconciler/zz: y, other/prune: z"
    catalog = load(task("", f"pi, annotations: {{{marks}}}"))
    assert [(p.code, p.severity) for p in catalog.problems] == [
        ("unknown-annotation", Severity.WARNING)
    ] * 2
    assert "reconciler/renamed-from" in catalog.problems[0].hint


def test_a_job_cannot_be_renamed() -> None:
    catalog = load(document("Job", "j, annotations: {reconciler/renamed-from: i}", ""))
    assert [p.code for p in catalog.problems] == ["unknown-annotation"]
