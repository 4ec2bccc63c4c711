import pytest

from reconciler.manifests.reporting import Report, nearest
from reconciler.model.position import NOWHERE
from tests.manifests.loaded import CLOSED, load
from tests.manifests.test_invalid import ALL, MARK
from tests.manifests.test_invalid_tasks import ALL as OF_TASKS


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("imagee", ["image", "env"], "image"),
        ("hots", ["none", "host", "bridge"], "host"),
        ("read_only", ["readOnly", "readable"], "readOnly"),
        ("restartPolicy", ["restart", "retry"], "restart"),
        ("mem", ["cpus", "memory"], "memory"),
        ("colour", ["rollout", "profile"], ""),
        ("c", ["a", "b"], ""),
        ("do", ["docker-batch", "docker-network"], ""),
        ("", ["a"], ""),
        ("x" * 100_000, ["a"], ""),
    ],
)
def test_the_nearest_word_is_one_that_can_have_been_meant(
    word: str, known: list[str], meant: str
) -> None:
    assert nearest(word, known) == meant


def test_the_same_finding_is_told_once() -> None:
    report = Report()
    report.error("too-deep", NOWHERE, "", "said")
    report.error("too-deep", NOWHERE, "", "said")
    assert len(report.sorted()) == 1


def test_what_nobody_would_see_is_written_out() -> None:
    report = Report()
    report.error("too-deep", NOWHERE, "", "a\ufeff\u202e\xa0é", "b\n")
    (problem,) = report.sorted()
    assert (problem.message, problem.hint) == ("a\\ufeff\\u202e\\xa0é", "b\\n")


@pytest.mark.parametrize(("codes", "text"), [*ALL, *OF_TASKS])
def test_every_problem_tells_what_to_do(codes: str, text: str) -> None:  # a column of the table
    problems = load(text.replace(MARK, ""), policy=CLOSED).problems
    assert [problem for problem in problems if not problem.hint] == []
