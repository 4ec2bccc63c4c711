"""Whatever the bytes: an answer, in time, with places that exist; never a traceback."""

import random
import re
import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler import manifests
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from reconciler.model.policy import Policy
from reconciler.model.problem import Problem
from tests.manifests import complete, test_invalid_tasks
from tests.manifests.loaded import document, profile, task
from tests.manifests.test_invalid import ALL, MARK
from tests.manifests.test_load import FULL

VALID = [
    task(FULL),
    task("profile: mine\nconstants: {A: '${B}'}") + "---\n"
    + profile("constants: {A: {}, B: {default: x}}\ncontainer: {image: 'x:${A}', user: '${B}'}"),
    document("Job", "j", "tasks:\n- {name: a, instances: 2}\n- name: b\n  env: {A: &x 1, B: *x}"),
    document("Node", "n", "endpoint: unix:///x"),
    *complete.ALL,
    "---\n".join(complete.ALL),
    *(text.replace(MARK, "") for _, text in [*ALL, *test_invalid_tasks.ALL]),
]  # fmt: skip
TOKENS = [
    "${", "}", "$${A}", "${A}", "${RUN}", "&a ", "*a", "!x ", "!!int ", "<<: ", "? ", ": ", "- ",
    "---\n", "...\n", "%YAML 1.2\n", "|\n", ">-\n", "'", '"', "\\", "[", "]", "{", "}", ",", "#",
    "\t", "\n", "\r", "\n  ", "\0", "\x7f", "\x85", "\u2028", "\ufeff", "\U0001f600", "\ud800",
    "null", "~", "1e999", "0x", "9" * 400, ".nan", "-", "0-2", "profile: ", "constants: ", "name: ",
    "container: ", "instances: ", "kind: ", "spec:\n", "apiVersion: reconciler/v1\n",
]  # fmt: skip


def check(data: bytes, path: str = "a.yaml", limit: float = 1) -> tuple[Problem, ...]:
    began = time.perf_counter()
    catalog = manifests.load({path: data}, project="p", revision="r", policy=Policy(closed=("/s",)))
    assert time.perf_counter() - began < limit
    assert (catalog.desired is None) == bool(catalog.errors)
    lines = re.split("\r\n|\r|\n", data.decode("utf-8-sig", "replace"))
    for problem in catalog.problems:
        if problem.at.path == path:
            assert 1 <= problem.at.line <= len(lines), problem
            assert 1 <= problem.at.column <= len(lines[problem.at.line - 1]) + 1, problem
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", problem.code)
    return catalog.problems


@given(st.binary(max_size=300))
@example(b"\xff\xfea\x00")
@example(b"\xef\xbb\xbf")
@settings(max_examples=300, deadline=None)
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(st.lists(st.sampled_from(TOKENS) | st.text(max_size=5), max_size=40).map("".join))
@settings(max_examples=500, deadline=None)
def test_what_looks_like_yaml(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))


@given(st.integers(0, 2**32))
@settings(max_examples=1500, deadline=None)
def test_mutated_manifests(seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(VALID)
    for _ in range(chance.randint(1, 4)):
        text = mutated(text, chance)
    check(text.encode("utf-8", "surrogatepass"), chance.choice(["a.yaml", "reconciler.yaml"]))


def mutated(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice([0, 0, 1, 3, 20]))
    kind = chance.random()
    if kind < 0.5:
        return text[:start] + chance.choice(TOKENS) + text[end:]
    if kind < 0.7:
        return text[:start] + text[end:]
    other = chance.choice(VALID)
    cut = chance.randrange(len(other) + 1)
    return text[:start] + other[cut : cut + 30] + text[end:]


def test_large_and_hostile_files_are_answered_in_time() -> None:
    hostile = [
        "[" * 500_000, "{" * 500_000, "- " * 500_000, "? " * 300_000, "a: " * 300_000,
        "- a\n" * 250_000, "'" * 1_000_000, '"\\' * 500_000, "&a " * 300_000, "*a " * 300_000,
        "!" * 1_000_000, "%" * 1_000_000, "# \n" * 300_000, "a" * 1_000_000, "\n" * 1_000_000,
        "a: [" + "b, " * 300_000, "${A}" * 250_000, "a:\n" + " b: c\n" * 150_000,
    ]  # fmt: skip
    for text in hostile:
        began = time.perf_counter()
        read("a.yaml", text.encode(), Report())
        assert time.perf_counter() - began < 3, text[:20]


def test_hostile_values_are_answered_in_time() -> None:
    pattern = profile("constants: {A: {pattern: '(a+)+(b|a)*', default: '" + "a" * 5000 + "!'}}")
    nested = "constants:\n" + "".join(f"  A{i}: {{default: '${{A{i + 1}}}'}}\n" for i in range(300))
    bomb = "constants:\n" + "".join(
        f"  A{i}: {{default: '{f'${{A{i + 1}}}' * 10}'}}\n" for i in range(20)
    )
    swollen = task("env:\n" + "".join(f"  A{i}: '${{A}}'\n" for i in range(20_000)), "a")
    many = "tasks:\n" + "".join(f"- {{name: t{i}, instances: 100000}}\n" for i in range(2000))
    crowd = "tasks:\n" + "".join(f"- {{name: t{i}, profile: mine}}\n" for i in range(2000))
    wide = "container: {image: x, env: {A: '" + "x" * 100_000 + "'}}"
    used = "container: {image: x, user: '${A0}'}\n"
    one = task("profile: mine") + "---\n"
    for text in (
        one + pattern,
        one + profile(nested + used),
        one + profile(bomb + "  A20: {default: x}\n" + used),
        swollen.replace("env:", "profile: mine\n  env:", 1) + "---\n"
        + profile("constants: {A: {default: '" + "x" * 60_000 + "'}}\ncontainer: {image: x}"),
        document("Job", "j", many),
        document("Job", "j", crowd) + "---\n" + profile(wide),
    ):  # fmt: skip
        problems = check(text.encode(), limit=5)
        assert {"constant-limit", "constant-value", "project-limit"} & {p.code for p in problems}
