import json

import pytest

from reconciler.cli.following import last_lines
from reconciler.cli.output import Output
from reconciler.model.identity import AttemptKey, InstanceKey

FIRST = AttemptKey(InstanceKey("pi", 0), 1, 1)
SECOND = AttemptKey(InstanceKey("pi", 12), 1, 1)


def test_one_instance_alone_is_passed_on_as_it_is(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    output = Output("text", {})
    output.feed(FIRST, b"\x1b[31mred\xff")
    output.feed(FIRST, b"\r\n")
    assert capfdbinary.readouterr().out == b"\x1b[31mred\xff\r\n"


def test_several_share_whole_lines(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output("text", {0: "0", 12: "12"})
    output.feed(FIRST, b"one\ntw")
    output.feed(SECOND, b"three\n")
    output.feed(FIRST, b"o\n")
    output.feed(SECOND, b"no end")
    output.end(SECOND)
    assert capfdbinary.readouterr().out == b" 0 | one\n12 | three\n 0 | two\n12 | no end\n"


def test_an_instance_is_called_by_its_name(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output("text", {0: "0 alpha=1", 12: "12 alpha=2"})
    output.feed(FIRST, b"one\n")
    output.feed(AttemptKey(InstanceKey("pi", 3), 1, 1), b"new\n")
    assert capfdbinary.readouterr().out == b" 0 alpha=1 | one\n         3 | new\n"


def test_json_is_an_object_a_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output("json", {})
    output.feed(FIRST, b"\x1bone\r\n")
    said = json.loads(capfdbinary.readouterr().out)
    assert said == {"task": "pi", "instance": 0, "run": 1, "attempt": 1, "line": "\x1bone"}


def test_a_terminal_is_not_steered(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = Output("text", {})
    monkeypatch.setattr(output, "_terminal", True)
    output.feed(FIRST, b"\x1b[2J\xc3")
    output.feed(FIRST, b"\xa4\n")
    assert capfdbinary.readouterr().out == "\\x1b[2Jä\n".encode()


def test_only_what_tells_instances_apart_is_coloured(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    output = Output("text", {0: "0", 12: "12"}, error=True)
    monkeypatch.setattr(output, "_terminal", True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    output.feed(FIRST, b"\x1b[2Jone\r\n")
    assert capfdbinary.readouterr().err == b"\x1b[36m 0 | \x1b[0m\\x1b[2Jone\n"


def test_instances_that_join_are_told_apart_from_then_on(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    output = Output("text", {})
    output.feed(FIRST, b"alone\n")
    output.names = {0: "0", 12: "12"}
    output.feed(SECOND, b"new\n")
    output.feed(FIRST, b"old\n")
    assert capfdbinary.readouterr().out == b"alone\n12 | new\n 0 | old\n"


def test_nothing_comes_after_the_end(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output = Output("text", {})
    output.close()
    output.feed(FIRST, b"late\n")
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize(
    ("count", "left"), [(None, b"a\nb\nc"), (0, b""), (1, b"c"), (2, b"b\nc"), (9, b"a\nb\nc")]
)
def test_last_lines(count: int | None, left: bytes) -> None:
    assert last_lines(b"a\nb\nc", count) == left
