"""Each code has an entry in specs/problems, whose examples do what they say."""

import ast
import re
from collections.abc import Iterator

import pytest

from reconciler import manifests
from reconciler.manifests.explanations import codes, explain
from reconciler.manifests.wording import _CODES
from tests.manifests.loaded import task
from tests.manifests.test_invalid import ALL
from tests.manifests.test_invalid_tasks import ALL as OF_TASKS
from tests.support.shell import ROOT

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Where a code stands among the arguments of what reports a problem.
PLACES = {"error": 0, "warn": 0, "_refuse": 0, "Problem": 0, "require": 0, "about": 1}
# What no schema of ours leads to: a rule without a code.
UNREACHABLE = {"invalid"}
# Examples that an entry can only describe.
BUILT = {
    "file-too-large": b"x" * (2 << 20),
    "not-utf8": task("env: {DRINK: café}").encode("latin-1"),
    "project-limit": "---\n".join(task("instances: 100000", f"t{n}") for n in range(11)).encode(),
    "too-many-documents": "---\n".join(task("", f"t{n}") for n in range(1001)).encode(),
    "too-many-values": b"- a\n" * 200_000,
}
# What is found before anything is read, in lists of hosts, among a source's other files, or by the
# operator's word; tests of the verb, of lists, of images and of configurations look at them.
OF_THE_VERB = {
    "bad-host", "bad-setting", "missing-material", "not-read", "policy-widened", "repeated-host",
    "unknown-reference", "unknown-setting", "unreadable-source",
}  # fmt: skip
ADVICE = (
    "Each code has an entry specs/problems/CODE.md: a title, what it means and why it is refused, "
    "`## Wrong` and `## Right` with examples; take another one for a model, then `make docs`."
)


def found(code: str, files: dict[str, bytes]) -> list[str]:
    """Return the codes of problems in files; what is merely not acted on yet is no matter."""
    problems = manifests.load(files, project="p", revision="r").problems
    return [p.code for p in problems if p.code == code or p.code != "not-supported-yet"]


def reported(source: str) -> Iterator[str]:
    """Yield the codes that a module's calls report."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in PLACES and len(node.args) > PLACES[name]:
            for part in ast.walk(node.args[PLACES[name]]):
                if isinstance(part, ast.Constant) and CODE.fullmatch(str(part.value)):
                    yield str(part.value)


def known() -> set[str]:
    """Return all codes of the program: those of its calls, of its tables, and of the tests."""
    found = set(_CODES.values())
    for path in (ROOT / "reconciler").rglob("*.py"):
        found.update(reported(path.read_text("utf-8")))
    found.update(code for said, _ in [*ALL, *OF_TASKS] for code in said.split())
    return found - UNREACHABLE


def test_every_code_has_an_entry() -> None:
    assert known() - set(codes()) == set(), ADVICE


def test_no_entry_is_left_over() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "reconciler").rglob("*.py"))
    unused = [code for code in codes() if f'"{code}"' not in source]
    assert unused == [], "Remove specs/problems/CODE.md of what nothing reports, then `make docs`."


@pytest.mark.parametrize("code", codes())
def test_entries_have_their_form_and_short_lines(code: str) -> None:
    entry = explain(code)
    assert entry is not None
    assert not entry.title.endswith(".")
    assert entry.meaning.endswith((".", ":"))
    assert [line for line in entry.text.splitlines() if len(line) > 140] == []
    assert (entry.wrong and entry.right) or code in BUILT or code in OF_THE_VERB, ADVICE


@pytest.mark.parametrize("code", sorted(set(codes()) - OF_THE_VERB))
def test_a_wrong_example_shows_its_code_and_nothing_else(code: str) -> None:
    entry = explain(code)
    assert entry is not None
    files = {path: text.encode() for path, text in entry.wrong.items()}
    assert found(code, files or {"a.yaml": BUILT[code]}) == [code]


@pytest.mark.parametrize("code", codes())
def test_a_right_example_has_no_problem(code: str) -> None:
    entry = explain(code)
    assert entry is not None
    files = {path: text.encode() for path, text in entry.right.items()}
    assert found(code, files) == []


def test_what_has_no_entry() -> None:
    assert explain("no-such-code") is None
    assert explain("../profiles/docker-batch") is None
