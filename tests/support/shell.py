"""A place with the examples, where the docs' commands are run as a reader would run them.

Every folder that is entered gets a project name of its own, so that neither a reader's nor
another test's project on the same engine is in the way; in the output it is called as the
folder is.
"""

import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Shell:
    """Runs commands; `cd` lasts until the next one."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "checkout"
        self.here = self.home
        shutil.copytree(ROOT / "examples", self.home / "examples")
        binaries = str(Path(sys.executable).parent)
        self.environment = os.environ | {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / "state"),
            **{f"GIT_{role}_NAME": "Ada" for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": "ada@example.org" for role in ("AUTHOR", "COMMITTER")},
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.environment.pop("RECONCILER_STATE", None)
        self.projects: dict[Path, str] = {}

    def run(self, command: str) -> str:
        """Run a command that is to succeed, and return what it prints."""
        if command.startswith("cd "):
            self.enter((self.here / command[3:]).resolve())
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
        return self._as_written(done.stdout)

    def enter(self, folder: Path) -> None:
        """Go to a folder and make it a project of its own."""
        self.here = folder
        if folder in self.projects:
            return
        name = self.projects[folder] = f"{folder.name}-{uuid.uuid4().hex[:8]}"
        settings = folder / "reconciler.yaml"
        said = settings.read_text("utf-8") if settings.exists() else f"project: {folder.name}\n"
        settings.write_text(re.sub(r"(?m)^project:.*$", f"project: {name}", said), "utf-8")

    def clean(self) -> None:
        """Tear down every project that was entered."""
        for folder in self.projects:
            self.here = folder
            self.run("reconciler destroy --yes --forget")

    def _as_written(self, said: str) -> str:
        for folder, name in self.projects.items():
            said = said.replace(name, folder.name)
        return said
