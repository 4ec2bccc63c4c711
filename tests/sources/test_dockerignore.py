"""`.dockerignore` says what builders take it to say."""

import pytest

from reconciler.sources.dockerignore import Ignoring


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("", [], ["a"]),
        ("# a\n\n  \n", [], ["# a", "a"]),
        ("a", ["a", "a/b"], ["b/a", "ab"]),
        ("/a/", ["a", "a/b"], ["b"]),
        ("./a/../b", ["b"], ["a"]),
        ("*.txt", ["a.txt", ".txt"], ["a/b.txt", "a.txtx"]),
        ("*/b", ["a/b", "a/b/c"], ["b", "a/c/b"]),
        ("**/b", ["b", "a/b", "a/c/b"], ["a/bb"]),
        ("a/**", ["a/b", "a/b/c"], ["b"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z"], ["z", "a/zz"]),
        ("a?", ["ab"], ["a", "abc"]),
        ("[a-c]1", ["a1", "c1"], ["d1"]),
        ("[^a]1", ["b1"], ["a1"]),
        ("\\*", ["*"], ["a"]),
        ("*\n!a", ["b", "b/a"], ["a", "a/b"]),
        ("*\n!a\na/b", ["b", "a/b"], ["a/c"]),
        ("a\n!a/keep", ["a/b"], ["a/keep", "a/keep/c"]),
        ("..", [], ["a"]),
        (".", [], ["a"]),
    ],
)
def test_lines(text: str, ignored: list[str], kept: list[str]) -> None:
    found = Ignoring(text)
    assert [path for path in ignored if not found.covers(path)] == []
    assert [path for path in kept if found.covers(path)] == []


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    found = Ignoring("**/" * 40 + "*a" * 60 + "b")
    assert not found.covers("/".join(["a" * 200] * 40))
