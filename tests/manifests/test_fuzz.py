"""Whatever the bytes: an answer, in time, with places that exist; never a traceback.

`make fuzz` tries more of the same.
"""

import time
from random import Random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler import manifests
from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from tests.fuzz.cases import Case, case
from tests.fuzz.judging import Judge, check_corpus, check_problems
from tests.manifests.loaded import document, profile, task

JUDGE = Judge()


def test_what_is_valid_is_accepted() -> None:
    check_corpus()


@given(st.integers(0, 2**32))
@settings(max_examples=1500, deadline=None)
def test_any_case(seed: int) -> None:
    JUDGE.judge(case(Random(seed)))


@given(st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_case_made_small(chance: Random) -> None:
    JUDGE.judge(case(chance))


@given(st.binary(max_size=300))
@example(b"\xff\xfea\x00")
@example(b"\xef\xbb\xbf")
@example(b"\xef\xbb\xbf{\xff")
@settings(max_examples=200, deadline=None)
def test_any_bytes(data: bytes) -> None:
    JUDGE.judge(Case("bytes", {"a.yaml": data}, "a.yaml"))


def test_large_and_hostile_files_are_answered_in_time() -> None:
    hostile = [
        "[" * 500_000, "{" * 500_000, "- " * 500_000, "? " * 300_000, "a: " * 300_000,
        "- a\n" * 250_000, "'" * 1_000_000, '"\\' * 500_000, "&a " * 300_000, "*a " * 300_000,
        "!" * 1_000_000, "%" * 1_000_000, "# \n" * 300_000, "a" * 1_000_000, "\n" * 1_000_000,
        "a: [" + "b, " * 300_000, "${A}" * 250_000, "a:\n" + " b: c\n" * 150_000,
    ]  # fmt: skip
    for text in hostile:
        began = time.process_time()
        read("a.yaml", text.encode(), Report())
        assert time.process_time() - began < 3, text[:20]


def test_hostile_values_are_answered_in_time() -> None:
    pattern = profile("constants: {A: {pattern: '(a+)+(b|a)*', default: '" + "a" * 5000 + "!'}}")
    nested = "constants:\n" + "".join(f"  A{i}: {{default: '${{A{i + 1}}}'}}\n" for i in range(300))
    bomb = "constants:\n" + "".join(
        f"  A{i}: {{default: '{f'${{A{i + 1}}}' * 10}'}}\n" for i in range(20)
    )
    swollen = task("env:\n" + "".join(f"  A{i}: '${{A}}'\n" for i in range(20_000)), "a")
    many = "tasks:\n" + "".join(f"- {{name: t{i}, instances: 100000}}\n" for i in range(1000))
    crowd = "tasks:\n" + "".join(f"- {{name: t{i}, profile: mine}}\n" for i in range(1000))
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
        files = {"a.yaml": text.encode()}
        began = time.process_time()
        problems = manifests.load(files, project="p", revision="r").problems
        assert time.process_time() - began < 5
        check_problems(problems, files)
        assert {"constant-limit", "constant-value", "project-limit"} & {p.code for p in problems}
