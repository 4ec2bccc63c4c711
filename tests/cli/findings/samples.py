"""Findings that tests show in one form after the other."""

from collections.abc import Mapping
from pathlib import Path

from hypothesis import strategies as st

from reconciler import manifests
from reconciler.cli.findings import Findings, lines
from reconciler.model.position import NOWHERE, Position
from reconciler.model.problem import Problem, Severity
from tests.manifests.loaded import CLOSED

ROOT = Path("/nowhere")
HOSTILE = [
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe\u2066\u061c",
    "\r\n::error file=a::pwned\n::set-output name=a::b",
    "##[add-mask]all",
    "<b>&amp;</b>]]><script>\"'",
    "[link](javascript:alert) {0} {x} 100%",
    "a,b:c%0A::stop-commands::x",
    "\ud800\udcff\ufffe\uffff\x00\x0b\x0c\x85\u2028",
    "e\u0301\U0001f600日本",
]
text = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=20), st.text("::%\r\n,[](){}", max_size=9)
)
paths = text.map(lambda name: name.replace("\ud800", "") or "x")  # no file system has that one
positions = st.builds(Position, paths, st.integers(1, 4), st.integers(1, 30)) | st.just(NOWHERE)
problems = st.builds(
    Problem,
    st.sampled_from(["unknown-field", "bad-name", "no-such-code"]),
    st.sampled_from(Severity),
    positions,
    text,
    text,
    text,
)


@st.composite
def anything(draw: st.DrawFn) -> Findings:
    """Findings in which everything that comes from outside may be anything."""
    found = draw(st.lists(problems, max_size=5))
    shown = {p.at.path: draw(text).encode("utf-8", "surrogatepass") for p in found if p.at.path}
    return Findings(checked=len(found), problems=found, files=shown, root=ROOT)


def error(message: str, path: str = "a.yaml", line: int = 1, column: int = 1) -> Problem:
    at = Position(path, line, column) if path else NOWHERE
    return Problem("unknown-field", Severity.ERROR, at, "/spec/x", message, "Remove it.")


def warning(message: str, path: str = "a.yaml", line: int = 1, column: int = 1) -> Problem:
    at = Position(path, line, column)
    return Problem("bad-name", Severity.WARNING, at, "", message, "Rename it.")


def findings(*found: Problem, root: Path = ROOT, **files: str) -> Findings:
    """Return findings in files, `a="…"` being the content of a.yaml."""
    contents = {f"{name}.yaml": said.encode() for name, said in files.items()}
    return Findings(checked=len(contents), problems=found, files=contents, root=root)


def found_in(files: Mapping[str, bytes], root: Path = ROOT) -> Findings:
    """Return what is found in the content of files."""
    catalog = manifests.load(files, project="p", revision="r", policy=CLOSED)
    return Findings(checked=catalog.checked, problems=catalog.problems, files=files, root=root)


def told(form: str, findings: Findings) -> str:
    """Return findings in a form, as a pipe would get them."""
    return "".join(f"{line}\n" for line in lines(form, findings))
