"""Every console block of the docs is run, top to bottom, and its output compared.

Lines that begin with `$ ` are commands; what follows is their standard output. Ids, revisions,
ages and times are whatever they are today.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shell import ROOT, Shell

PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("README.md")),
]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TODAY = [
    (re.compile(r"\bf-[0-9a-f]{12}\b"), "REVISION"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "CONTAINER"),
    (re.compile(r"\b\d+s\b"), "AGE"),
]

pytestmark = pytest.mark.docker


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block with the output it is shown with."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def timeless(text: str) -> str:
    for pattern, word in TODAY:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    opened = Shell(tmp_path)
    yield opened
    opened.clean()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_console_blocks_say_what_happens(page: Path, shell: Shell) -> None:
    here = shell.home
    for block in BLOCK.findall(page.read_text("utf-8")):
        if re.search(r"^\$ cd ", block, re.MULTILINE):
            here = shell.home
        shell.here = here
        for command, shown in commands(block):
            said = shell.run(command)
            if shown:
                assert timeless(said) == timeless(shown), f"$ {command}"
        here = shell.here
