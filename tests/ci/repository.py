"""A repository as a pipeline finds it: the fleet of examples/ci, and a change that is proposed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "examples" / "ci"
# What bad.patch gets wrong: file, line and code.
MISTAKES = {
    ("manifests/sampling.yaml", 7, "unknown-field"),
    ("manifests/web.yaml", 6, "unknown-profile"),
    ("manifests/web.yaml", 20, "bad-format"),
}
IDENTITY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Ada", "EMAIL": "ada@example.org"}.items()
}


def environment(**more: str) -> dict[str, str]:
    """Return what a job starts with: programs, a home, and none of this process's settings."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {
        "PATH": path,
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        **IDENTITY,
        **more,
    }


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {words}\n{done.stderr}"
    return done.stdout.strip()


def program(folder: Path, name: str, text: str) -> Path:
    """Put a Python program of this name into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def proposed(folder: Path, change: str = "") -> Path:
    """Make a repository whose last commit is a change of examples/ci, on top of the fleet."""
    work = folder / "work"
    shutil.copytree(CI / "fleet", work / "manifests")
    git(work.parent, "init", "-q", "-b", "main", str(work))
    git(work, "add", "-A")
    git(work, "commit", "-q", "-m", "The fleet")
    if change:
        propose(work, change)
    return work


def propose(work: Path, change: str) -> None:
    """Commit a change of examples/ci."""
    git(work, "apply", "--index", "--directory=manifests", str(CI / f"{change}.patch"))
    git(work, "commit", "-q", "-m", f"A {change} change")


def base(work: Path) -> str:
    return git(work, "rev-parse", "HEAD~")
