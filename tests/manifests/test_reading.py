import pytest

from reconciler.manifests.reading import read
from reconciler.manifests.reporting import Report
from reconciler.manifests.tree import Document, Mapping, Scalar, child, resolve


def documents(text: str) -> list[Document]:
    report = Report()
    found = read("a.yaml", text.encode(), report)
    assert report.sorted() == ()
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nil", "nil"),
        ("true", True), ("False", False), ("yes", "yes"), ("NO", "NO"), ("on", "on"),
        ("1", 1), ("-7", -7), ("+5", 5), ("0", 0), ("0o17", 15), ("0x1F", 31),
        ("0777", "0777"), ("007", "007"), ("1_000", "1_000"), ("0b1", "0b1"),
        ("1.10", 1.1), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("-2.5E-3", -0.0025),
        ("1e999", "1e999"), (".inf", ".inf"), (".nan", ".nan"), ("9" * 30, "9" * 30),
        ("12:30", "12:30"), ("1:2:3", "1:2:3"), ("2001-01-01", "2001-01-01"), ("1.2.3", "1.2.3"),
        ("=", "="), ("-", "-"), (".", "."), ("+", "+"),
    ],
)  # fmt: skip
def test_plain_text_follows_the_core_schema(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quotes_and_tags_make_text() -> None:
    (found,) = documents("a: \"1\"\nb: 'true'\nc: !!str 5\nd: ! 6\ne: |\n  7\nf: !!float 8\n")
    assert found.root.plain == {"a": "1", "b": "true", "c": "5", "d": "6", "e": "7\n", "f": 8}


def test_every_scalar_keeps_what_was_written() -> None:
    (found,) = documents("version: 1.10\n")
    assert isinstance(found.root, Mapping)
    value = found.root.get("version")
    assert isinstance(value, Scalar)
    assert (value.plain, value.text, value.pointer) == (1.1, "1.10", "/version")
    assert (str(value.at), str(found.root.keys["version"])) == ("a.yaml:1:10", "a.yaml:1:1")


def test_names_are_text_whatever_they_look_like() -> None:
    (found,) = documents("1: a\non: b\ntrue: c\n~: d\n1.10: e\n")
    assert found.root.plain == {"1": "a", "on": "b", "true": "c", "~": "d", "1.10": "e"}


def test_several_documents_and_empty_ones() -> None:
    assert [d.root.plain for d in documents("---\n---\na: 1\n---\n# nothing\n---\nb: 2\n")] == [
        {"a": 1},
        {"b": 2},
    ]
    assert documents("") == documents("# only a comment\n") == []


def test_json_and_byte_order_mark() -> None:
    (found,) = documents('\ufeff{\n\t"a": [1, 2.5, "\\u00e9", null, true],\n\t"b/c": {}\n}')
    assert found.root.plain == {"a": [1, 2.5, "é", None, True], "b/c": {}}


def test_aliases_repeat_values_where_they_were_written() -> None:
    (found,) = documents("a: &x {n: 1}\nb: *x\nc: *x\n")
    assert found.root.plain == {"a": {"n": 1}, "b": {"n": 1}, "c": {"n": 1}}


def test_columns_count_characters() -> None:
    (found,) = documents("é😀: {ü: x}\n")
    assert isinstance(found.root, Mapping)
    inner = found.root.mapping("é😀")
    assert inner.at.column == 5
    assert inner.items["ü"].at.column == 9


def test_pointers_are_escaped() -> None:
    assert child("/a", "b/c~d") == "/a/b~1c~0d"


def test_what_was_read_before_a_fault_is_kept() -> None:
    report = Report()
    found = read("a.yaml", b"a: 1\n---\nb: [\n", report)
    assert found[0].root.plain == {"a": 1}
    assert found[0].sound
    assert not any(document.sound for document in found[1:])
    assert report.errors() == 1
