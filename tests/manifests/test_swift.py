"""The quick reader may only accept, and reads what it accepts exactly as the whole one does.

Mutated manifests are tried by test_fuzz.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests import swift
from tests.fuzz.judging import agree_on_yaml

PIECES = [
    "a", "b:", "c: ", "-", "- ", " ", "  ", "    ", "\n", "\n", "\n  ", "\n    ", "#", " # x", ":",
    ": ", "'", '"', "''", "[", "]", "{", "}", ", ", ",", "x y", "1.10", "0777", "-1", "~", "null",
    "true", "|", "|-", ">", ">-", "|+", "|2", "---", "...", "&a", "*a", "!x", "%", "@", "`", "?",
    "? ", "<<: ", "\\", "\\n", "${A}", "$A", "é", "12:30", "http://x", "a: 1", "- a", "k: [1, b]",
    "k: {a: 1}", "k: 'x'", 'k: "x"', "k: |\n  x\n", "k: >-\n    x\n    y\n", "=", "+1", "(", ";",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@settings(max_examples=2000, deadline=None)
def test_pieces_of_yaml(text: str) -> None:
    agree_on_yaml(text.encode())


@pytest.mark.parametrize("text", [
    "a: 1\n", "a:\n- 1\n- b: 2\n  c:\n- 3\nd:\n", "a: {b: [1, 'x', \"y\"], c: {}}  # z\n",
    "a: |\n  x\n\n   y\nb: >-\n  x\n  y\n# end\n", "a: 12:30\nb: x#y\nc: -1\n---\n---\nd: e f \n",
    "a:\n  - - 1\n    - 2\n  -\n    b: 3\n  -\n", "a: http://x:80/y?z=1&a\nb: 'x: #'\n",
])  # fmt: skip
def test_the_usual_style_is_accepted(text: str) -> None:
    assert agree_on_yaml(text.encode())


@pytest.mark.parametrize("text", [
    "a: 1\na: 2\n", "a: &x 1\n", "a: *x\n", "a: !x 1\n", "a: b: c\n", "a:\n   b: 1\n  c: 2\n",
    "\ta: 1", "a: 'x\n", "a: [1, 2\n", "a: {a: 1, a: 2}\n", "<<: {a: 1}\n", "? a\n: b\n", "- a\n",
    "a\n", "a: b\n  c\n", "a: |\nb: 1\n", "a: |2\n   x\n", "%YAML 1.2\n---\na: 1\n", "a: @x\n",
    "a: 'it''s'\n",
])  # fmt: skip
def test_everything_else_is_declined(text: str) -> None:
    assert swift.read("a", text) is None
