"""One fault is told once: no problem follows from another, whatever else is wrong."""

import random
import re
from collections import Counter
from collections.abc import Callable

import pytest

from tests.manifests.loaded import CLOSED, document, load, profile, task
from tests.manifests.test_invalid import ALL, MARK

HEAD = "apiVersion: reconciler/v1\nkind: Task\nmetadata: {name: pi}\nspec:\n"
TEXTS = [text.replace(MARK, "") for _, text in ALL]
SPECS = [text.removeprefix(HEAD) for text in TEXTS if text.startswith(HEAD) and "---" not in text]
Found = Counter[tuple[str, int, str]]


def found(**files: str) -> Found:
    named = {f"{name}.yaml": text for name, text in files.items()}
    problems = load(named, policy=CLOSED).problems
    return Counter((problem.at.path, problem.at.line, problem.code) for problem in problems)


def renamed(text: str) -> str:
    """Return a manifest with other names, so that it clashes with none of the table."""
    for old, new in (("pi", "po"), ("mine", "mire"), ("j", "k"), ("a", "x"), ("b", "y")):
        text = re.sub(rf"(name: |profile: ){old}\b", rf"\1{new}", text)
    return text


@pytest.mark.parametrize("seed", range(15))
def test_two_files_have_the_problems_of_each(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(25):
        one, other = chance.choice(TEXTS), renamed(chance.choice(TEXTS))
        assert found(a=one, b=other) == found(a=one) + found(b=other), (one, other)


@pytest.mark.parametrize("seed", range(15))
def test_two_faults_of_a_task_lead_to_no_third(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(25):
        one, other = chance.sample(SPECS, 2)
        if fields(one) & fields(other):
            continue
        below = one.count("\n")
        moved = Counter({(p, n + below, c): k for (p, n, c), k in found(a=HEAD + other).items()})
        assert found(a=HEAD + one + other) <= found(a=HEAD + one) + moved, one + other


def fields(spec: str) -> set[str]:
    return set(re.findall(r"^  (\w+):", spec, re.MULTILINE))


PROFILE, JOB = profile("container: {image: x}"), document("Job", "j", "")
LOST = [
    ("syntax", lambda text: "a: [1\n---\n" + text),
    ("character", lambda text: text + "# \x07\n"),
    ("kind", lambda text: text.replace("kind: ", "kind: X")),
    ("no-kind", lambda text: re.sub("kind: .*\n", "", text)),
    ("name", lambda text: re.sub("{name: .*}", "{}", text)),
    ("metadata", lambda text: re.sub("metadata: .*\n", "", text)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "lose"), LOST, ids=[name for name, _ in LOST])
@pytest.mark.parametrize(
    ("user", "used"),
    [(task("profile: mine"), PROFILE), (task("job: j"), JOB)],
    ids=["profile", "job"],
)
def test_what_refers_to_a_lost_document_is_not_to_blame(
    what: str,
    lose: Callable[[str], str],
    user: str,
    used: str,
) -> None:
    assert sum(found(b=user, a=lose(used)).values()) == 1


def test_a_broken_profile_is_not_told_of_at_its_users() -> None:
    broken = profile("constants: {A: {default: '${B}'}}\ncontainer: {image: '${A}'}")
    users = {name: task("profile: mine", name) for name in ("b", "c")}
    assert sum(found(a=broken, **users).values()) == 1
