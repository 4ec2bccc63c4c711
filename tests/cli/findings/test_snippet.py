import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.findings.snippet import columns_of, marked


@pytest.mark.parametrize(
    ("line", "column", "shown", "carets"),
    [
        ("  profil: x", 3, "  profil: x", "  ^^^^^^"),
        ("a: [1, 2", 9, "a: [1, 2", "        ^"),
        ("a: b: c", 5, "a: b: c", "    ^"),
        ("a: 'b c' # d", 4, "a: 'b c' # d", "   ^^^^^"),
        ('a: "b\\" c": d', 4, 'a: "b\\" c": d', "   ^^^^^^^"),
        ("grace: 1 minute # x", 8, "grace: 1 minute # x", "       ^^^^^^^^"),
        ("{A: x, B: y}", 5, "{A: x, B: y}", "    ^"),
        ("日本: [1]", 5, "日本: [1]", "      ^"),
        ("a: 日本 # x", 4, "a: 日本 # x", "   ^^^^"),
        ("e\u0301e\u0301: x", 7, "e\u0301e\u0301: x", "    ^"),
        ("\U0001f600\U0001f600: x", 5, "\U0001f600\U0001f600: x", "      ^"),
        ("\u1112\u1161\u11ab: x", 6, "\u1112\u1161\u11ab: x", "    ^"),
        ("\ta: x", 2, "    a: x", "    ^"),
        ("a\t: x", 5, "a    : x", "       ^"),
        ("\x1b[0m: x", 7, "\\x1b[0m: x", "         ^"),
        ("", 1, "", "^"),
        ("short", 99, "short", "     ^"),
    ],
)  # fmt: skip
def test_the_caret_stands_under_its_place(line: str, column: int, shown: str, carets: str) -> None:
    assert marked(line, column, 80) == (shown, carets)


def test_long_lines_are_cut_around_the_caret() -> None:
    line = "x" * 500 + " here: 1 " + "y" * 500
    shown, carets = marked(line, 502, 40)
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert shown[carets.index("^") :].startswith("here: 1 ")
    assert carets.count("^") == 4
    assert len(shown) <= 42


def test_the_beginning_is_kept_where_there_is_room() -> None:
    shown, carets = marked("key: " + "y" * 500, 1, 40)
    assert shown == "key: " + "y" * 35 + "…"
    assert carets == "^^^"


@given(st.text(max_size=300), st.integers(1, 320), st.integers(40, 100))
def test_whatever_the_line_it_keeps_to_its_width(line: str, column: int, width: int) -> None:
    shown, carets = marked(line.replace("\n", " "), column, width)
    assert columns_of(shown) <= width + 2 * 4 + 2
    assert set(carets.lstrip(" ")) == {"^"}
    assert len(carets) <= width + 2 * 6


def test_a_line_of_a_megabyte_takes_no_time() -> None:
    shown, _ = marked("'" * 500_000 + " " * 500_000, 400_000, 100)
    assert len(shown) <= 102
