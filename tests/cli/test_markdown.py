"""Whatever foreign text says, a comment renders it as text: no mention, no tag, no link."""

import re
from collections.abc import Iterator

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.cli.comparing import Compared, Side
from reconciler.cli.markdown import MOST, Section, code, document, prose, table
from reconciler.cli.plan_output import markdown
from reconciler.controller.preview import Preview
from reconciler.model.action import Action, Cause, Hold, Verb
from reconciler.model.comparison import (
    Change,
    Comparison,
    Difference,
    Effect,
    NodeChange,
    TaskChange,
    Totals,
)
from reconciler.model.identity import AttemptKey, InstanceKey
from reconciler.model.plain import one_line
from reconciler.model.position import Position
from tests.support.desired import make_desired

# A renderer of the same specification as the forges', which rich brings along.
RENDERER = MarkdownIt("commonmark").enable("table")
OURS = re.compile(
    r"<!-- reconciler:plan:demo -->|<details><summary>[A-Za-z0-9 ,:;]+</summary>|</details>"
)
NASTY = st.one_of(
    st.text(),
    st.text(alphabet="@`<>[]()|\\\n\r\t !*_#&;:/.~-=+\x1b\u202eaw1\ud800"),
    st.sampled_from(
        [
            "@everyone", "</details>", "<script>x</script>", "[a](http://b.c)", "![a](b)",
            "www.evil.example", "http://evil.example", "a@b.example", "`", "``", "` `", "`` ` ``",
            "<!-- x -->", "-->", "\\`", "|", "\\|", "&lt;b&gt;", "&#64;you", "#1", "a\n\n# b",
            "\x1b[31m", "\u2028", "***", "[x]: http://y", "<http://a.b>", ":+1:", "~~a~~", "$a$",
        ]
    ),
)  # fmt: skip


def tokens(text: str) -> Iterator[Token]:
    for token in RENDERER.parse(text):
        yield token
        yield from token.children or ()


def hold_harmless(text: str) -> None:
    """Fail if anything but our own markup, or foreign text outside a code span, is rendered."""
    assert len(text) <= MOST
    for token in tokens(text):
        assert token.type not in {"link_open", "image", "fence", "code_block"}
        if token.type in {"html_block", "html_inline"}:
            assert all(OURS.fullmatch(line) for line in token.content.split("\n") if line), token
        if token.type == "text":
            assert not re.search(r"[@<>\[\]|\\#&]|www\.|://", token.content), token
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", token.content
        )


def spans(text: str) -> list[str]:
    return [token.content for token in tokens(text) if token.type == "code_inline"]


@given(NASTY)
@example("`")
@example("a`")
@example(" ` ")
@example("``")
def test_a_code_span_holds_the_text_and_nothing_else(text: str) -> None:
    said = f"- {code(text)}: and {code(text)} more"
    hold_harmless(said)
    shown = spans(said)
    assert len(shown) in {0, 2}
    assert len(set(shown)) <= 1
    assert bool(shown) == bool(one_line(text))


@given(NASTY)
def test_a_sentence_is_prose_only_where_it_is_nothing_but_words(text: str) -> None:
    hold_harmless(f"- {prose(text)}")


def cause_of(text: str) -> Cause:
    return Cause(text, text, text, text[::-1], Position(text, 1, 1), text)


@given(st.lists(NASTY, min_size=4, max_size=4))
def test_a_comparison_of_foreign_text_is_harmless(texts: list[str]) -> None:
    first, second, third, fourth = texts
    change = TaskChange(
        task=first,
        change=Change.RERUN,
        cause=cause_of(second),
        differences=(Difference(Effect.WORK, cause_of(second)),) * 2,
        before=(0,),
        after=(0,),
    )
    node = NodeChange(third, Change.SETTINGS, (Difference(Effect.SETTING, cause_of(third)),))
    found = Comparison(
        project="demo",
        tasks=(change,),
        unchanged=(fourth,),
        nodes=(node,),
        before=None,
        after=Totals(),
        holds=(Hold("teardown", 1, 1, (fourth,), fourth),),
    )
    made = Compared(found, Side(third, fourth), Side(fourth, first), (first, second))
    hold_harmless(markdown.of_comparison(made))


@given(st.lists(NASTY, min_size=3, max_size=3))
def test_a_live_plan_of_foreign_text_is_harmless(texts: list[str]) -> None:
    first, second, third = texts
    key = AttemptKey(InstanceKey(first, 0), 1, 1)
    actions = (
        Action(verb=Verb.CREATE, node=third, subject="c", task=first, run=1,
               cause=cause_of(second), attempt=key),
        Action(verb=Verb.PULL, node=third, subject="p", task=first, run=1,
               cause=cause_of(second), image=third),
    )  # fmt: skip
    hold = Hold("rerun", 1, 1, (first,), first)
    preview = Preview(actions, actions, (), (hold,), 0, {})
    said = markdown.of_preview(make_desired(), preview, texts)
    hold_harmless(said)
    assert said.startswith("<!-- reconciler:plan:demo -->\n### Plan for `demo`\n")


def test_a_comment_that_would_be_too_long_is_cut_and_counted() -> None:
    lines = [f"- {code('é' * 250)}" for _ in range(500)]
    said = document("m", ["### Title"], [Section("first", lines), Section("second", lines)])
    assert len(said.encode()) <= MOST
    (more,) = re.findall(r"… and (\d+) more", said)
    assert said.count("- `") + int(more) == 500
    assert said.endswith("\nsecond …")
    assert said.count("<details>") == said.count("</details>")


def test_a_section_without_lines_is_left_out() -> None:
    assert document("m", ["head"], [Section("none", [])]) == "<!-- m -->\nhead"


def test_a_table_is_one() -> None:
    rendered = RENDERER.render("\n".join(table(["a", "b"], [["x", "1"]])))
    assert rendered.count("<td") == 2
