"""Every console block of the docs is run, top to bottom, and its output compared.

Lines that begin with `$ ` are commands; what follows is their standard output. Ids, revisions,
ages and times are whatever they are today.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
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
def shell(tmp_path: Path) -> Iterator["Shell"]:
    opened = Shell(tmp_path)
    yield opened
    opened.clean()


class Shell:
    """A place with the examples, from which blocks begin; `cd` lasts within a block."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "checkout"
        self.here = self.home
        shutil.copytree(ROOT / "examples", self.home / "examples")
        binaries = str(Path(sys.executable).parent)
        self.environment = os.environ | {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "state"),
        }
        self.environment.pop("RECONCILER_STATE", None)
        self.folders: set[Path] = set()

    def run(self, command: str) -> str:
        if command.startswith("cd "):
            self.here = (self.here / command[3:]).resolve()
            self.folders.add(self.here)
            return ""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.here,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def clean(self) -> None:
        for folder in self.folders:
            self.here = folder
            self.run("reconciler destroy --yes --forget")


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
