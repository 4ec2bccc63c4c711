import re
from xml.etree import ElementTree as ET

from hypothesis import given

from reconciler.cli.findings import Findings
from tests.cli.findings.samples import anything, error, findings, told, warning

ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def report(found: Findings) -> ET.Element:
    """Return the report's one suite, as a strict parser reads it."""
    root = ET.fromstring(told("junit", found).encode("utf-8"))  # noqa: S314  # our own output
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.tag == "testsuite"
    return suite


def test_a_case_for_each_file() -> None:
    found = findings(error("one"), error("two", line=2), warning("odd", "b.yaml"), a="", b="", c="")
    suite = report(found)
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "errors": "0", "skipped": "0"}
    failed, warned, passed = suite
    assert [case.get("name") for case in suite] == ["a.yaml", "b.yaml", "c.yaml"]
    assert len({(case.get("classname"), case.get("name")) for case in suite}) == 3
    assert all(float(case.get("time", "")) >= 0 for case in suite)
    (failure,) = failed
    assert failure.get("type") == "unknown-field"
    assert failure.get("message") == "one (and 1 more error)"
    assert "a.yaml:2:1: error unknown-field: two\nhint: Remove it." in (failure.text or "")
    assert [part.tag for part in warned] == ["system-out"]
    assert list(passed) == []


def test_what_is_in_no_file_fails_as_a_whole() -> None:
    (case,) = report(findings(error("gone", "")))
    assert case.get("name") == "the source as a whole"
    assert case.get("file") is None
    assert case.find("failure") is not None


@given(anything())
def test_whatever_is_found_it_is_xml(found: Findings) -> None:
    said = told("junit", found)
    assert said.isascii()
    suite = report(found)
    assert len(suite) == int(suite.get("tests", ""))
    for part in suite.iter():
        for text in (part.text or "", *part.attrib.values()):
            assert not ILLEGAL.search(text)
            assert "\x1b" not in text
