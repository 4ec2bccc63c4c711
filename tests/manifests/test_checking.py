"""What is remembered or split up makes no difference: `check` says what `load` says."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import manifests
from reconciler.manifests import checking
from reconciler.manifests.checking import Checked, Files, Question
from tests.manifests.loaded import document, profile, task
from tests.manifests.test_across import CASES
from tests.manifests.test_invalid import ALL, MARK


class Bench:
    """Checks sources one after the other, and remembers as `validate` does."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}
        self.looked_at: list[str] = []

    def spread(self, files: Files, question: Question) -> Iterator[Mapping[str, bytes]]:
        self.looked_at = list(files)
        for path in files:
            yield checking.verdicts_of({path: files[path]}, question)

    def check(self, texts: Mapping[str, str]) -> Checked:
        files = {path: text.encode() for path, text in texts.items()}
        self.looked_at = []
        found = checking.check(files, project="p", known=self.known, spread=self.spread)
        catalog = manifests.load(files, project="p", revision="r")
        assert found.problems == catalog.problems
        assert sum(found.counts.values()) == catalog.checked
        self.known = found.verdicts
        return found


@pytest.mark.parametrize("text", [text for _, text in ALL + CASES])
def test_agrees_on_what_is_invalid(text: str) -> None:
    bench = Bench()
    parts = text.replace(MARK, "").split("---\n")
    split = {f"{number}.yaml": part for number, part in enumerate(parts)}
    for _ in range(2):
        bench.check(split)
    bench.check({"a.yaml": text.replace(MARK, "")})


USED = "profile: mine\nconstants: {A: b}"
DECLARED = "constants: {A: {}}\ncontainer: {image: 'x:${A}'}"


def test_only_what_is_new_is_looked_at() -> None:
    bench = Bench()
    texts = {"a.yaml": task(USED, "a"), "b.yaml": task("", "b"), "p.yaml": profile(DECLARED)}
    bench.check(texts)
    assert bench.looked_at == ["a.yaml", "b.yaml", "p.yaml"]
    bench.check(texts)
    assert bench.looked_at == []
    bench.check(texts | {"b.yaml": task("instances: 3", "b")})
    assert bench.looked_at == ["b.yaml"]


def test_a_changed_profile_is_a_change_of_its_users() -> None:
    bench = Bench()
    texts = {"a.yaml": task(USED, "a"), "b.yaml": task("", "b"), "p.yaml": profile(DECLARED)}
    bench.check(texts)
    texts["p.yaml"] = profile(DECLARED.replace("{A: {}}", "{A: {type: integer}}"))
    found = bench.check(texts)
    assert bench.looked_at == ["a.yaml", "p.yaml"]
    assert [str(problem.at) for problem in found.problems] == ["a.yaml:6:18"]
    del texts["p.yaml"]
    assert [problem.code for problem in bench.check(texts).problems] == ["unknown-profile"]
    texts["q.yaml"] = profile(DECLARED)
    assert bench.check(texts).problems == ()


def test_a_changed_policy_is_a_change_of_everything() -> None:
    bench = Bench()
    texts = {"a.yaml": task("container: {security: {privileged: true}}")}
    assert bench.check(texts).problems == ()
    texts["reconciler.yaml"] = "policy: {privileged: false}\n"
    assert [problem.code for problem in bench.check(texts).problems] == ["policy-privileged"]
    assert bench.looked_at == ["a.yaml", "reconciler.yaml"]
    bench.check(texts)
    assert bench.looked_at == []


def test_a_standard_profile_may_be_replaced_by_an_own_one() -> None:
    bench = Bench()
    texts = {"a.yaml": task("constants: {DOCKER_REPO: x}")}
    assert bench.check(texts).problems == ()
    texts["b.yaml"] = profile("container: {image: y}", "docker-batch")
    assert [problem.code for problem in bench.check(texts).problems] == ["unknown-constant"]


def test_a_profile_declared_in_disguise_is_found() -> None:
    hidden = profile(DECLARED).replace("kind: Profile", 'kind: "Pro\\u0066ile"')
    assert Bench().check({"a.yaml": task(USED), "p.yaml": hidden}).problems == ()


def test_damaged_verdicts_are_not_believed() -> None:
    bench = Bench()
    texts = {"a.yaml": task("instances: x")}
    bench.check(texts)
    for damaged in (b"", b"{}", b"[]", b"\xff", b'{"checked": "x"}'):
        bench.known = dict.fromkeys(bench.known, damaged)
        bench.check(texts)
        assert bench.looked_at == ["a.yaml"]


TEXTS = [
    task("", "a"), task("job: j", "b"), document("Job", "j", "tasks: [{name: a}]"), task(USED, "a"),
    profile(DECLARED), profile("container: {image: y}", "docker-batch"), "project: q\n", "?: [",
    task("dependsOn: [{task: b}]", "a"), task("dependsOn: [{task: a}]", "b"), "", "project: Q\n",
    "policy: {privileged: false}\n", task("container: {security: {privileged: true}}", "a"),
]  # fmt: skip
SOURCES = st.dictionaries(
    st.sampled_from(["a.yaml", "b.yaml", "c/d.yaml", "reconciler.yaml"]), st.sampled_from(TEXTS)
)


@given(st.lists(SOURCES, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_sequence_of_sources(sources: list[dict[str, str]]) -> None:
    bench = Bench()
    memory = manifests.Memory()
    for texts in sources:
        bench.check(texts)
        files = {path: text.encode() for path, text in texts.items()}
        fresh = manifests.load(files, project="p", revision="r")
        assert manifests.load(files, project="p", revision="r", memory=memory) == fresh
