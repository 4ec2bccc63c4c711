"""Which paths patterns choose."""

import time

import pytest

from reconciler.manifests.patterns import chosen, glob
from reconciler.manifests.vocabulary import HintedError

CASES = [
    ("**", "a", True),
    ("**", "a/b/c", True),
    ("*", "a", True),
    ("*", "a/b", False),
    ("*.csv", "a.csv", True),
    ("*.csv", "sub/a.csv", False),
    ("**/*.csv", "a.csv", True),
    ("**/*.csv", "sub/sub/a.csv", True),
    ("**/*.csv", "a.csv.old", False),
    ("sub/**", "sub/a/b", True),
    ("sub/**", "sub", False),
    ("sub/", "sub/a/b", True),
    ("sub", "sub/a", False),
    ("a/**/b", "a/b", True),
    ("a/**/b", "a/x/y/b", True),
    ("a/**/b", "ab", False),
    ("?.txt", "a.txt", True),
    ("?.txt", "ab.txt", False),
    ("?.txt", "/.txt", False),
    ("[ab].txt", "b.txt", True),
    ("[!ab].txt", "b.txt", False),
    ("[!ab].txt", "c.txt", True),
    ("x[!a]y", "x/y", False),
    ("[[]x]", "[x]", True),
    ("[]]", "]", True),
    ("[0-9]*", "7up", True),
    ("[a^]", "^", True),
    ("[\\]", "\\", True),
    ("a.c", "abc", False),
    ("a(b|c)+", "ab", False),
    (".hidden", ".hidden", True),
    ("./a", "a", True),
    ("line\nbreak", "line\nbreak", True),
    ("*", "line\nbreak", True),
    ("[äöü&&~~]", "ü", True),
    ("[äöü&&~~]", "u", False),
    ("grün-?", "grün-ß", True),
]


@pytest.mark.parametrize(("pattern", "path", "found"), CASES)
def test_a_pattern(pattern: str, path: str, found: bool) -> None:
    assert glob(pattern) == pattern
    assert chosen((pattern,), ())(path) is found


def test_one_of_several_is_enough_and_what_is_excluded_is_left_out() -> None:
    choose = chosen(("*.csv", "out/**"), ("**/tmp/**", "*.tmp.csv"))
    found = [p for p in ("a.csv", "out/b", "out/tmp/c", "a.tmp.csv", "d") if choose(p)]
    assert found == ["a.csv", "out/b"]
    assert not chosen((), ())("a")


def test_brackets_that_mean_nothing_are_refused() -> None:
    with pytest.raises(HintedError, match="brackets"):
        glob("[z-a]")


def test_what_takes_others_for_ever_takes_no_time() -> None:
    choose = chosen(("**/" * 20 + "*a" * 20 + "b",), ())
    began = time.process_time()
    assert not choose("a/" * 200 + "a" * 2000)
    assert time.process_time() - began < 5
