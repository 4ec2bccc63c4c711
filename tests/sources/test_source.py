import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.identity import NAME_PATTERN
from reconciler.sources.source import project_name, revision_of

_files = st.dictionaries(st.text(max_size=6), st.binary(max_size=6), max_size=4)


@given(st.text(max_size=80))
def test_every_label_gives_a_valid_project(label: str) -> None:
    assert re.fullmatch(NAME_PATTERN, project_name(label))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("hello", "hello"),
        ("My Batch_Jobs.v2", "my-batch-jobs-v2"),
        ("--x--", "x"),
        ("", "project"),
        ("a" * 39 + "-b", "a" * 39),
        ("a" * 60, "a" * 40),
    ],
)
def test_it_resembles_the_label(label: str, name: str) -> None:
    assert project_name(label) == name


@given(_files, _files)
def test_a_revision_names_the_content(left: dict[str, bytes], right: dict[str, bytes]) -> None:
    assert (revision_of(left) == revision_of(right)) == (left == right)
    assert revision_of(dict(reversed(left.items()))) == revision_of(left)


def test_paths_and_contents_do_not_run_into_each_other() -> None:
    assert revision_of({"a": b"bc"}) != revision_of({"ab": b"c"})


def test_its_form_and_value_stay() -> None:
    assert revision_of({"a.yaml": b"kind: Task\n"}) == "f-026c1d25d4cc"
