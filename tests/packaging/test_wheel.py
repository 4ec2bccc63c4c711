"""What a user installs: sdist → wheel → an empty environment, used far from any checkout."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Downloads, on a machine that has never seen the dependencies, take longest.
pytestmark = pytest.mark.timeout(300)


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program free of this checkout's environment; its standard output."""
    hidden = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Installed:
    """The installed program, and the folder that it is called from."""

    wheel: Path
    programs: Path
    cwd: Path

    def reconciler(self, *args: str) -> str:
        return run(self.programs / "reconciler", *args, cwd=self.cwd)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, not from the checkout: what is missing there must show."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "-d", out, cwd=ROOT)
    (sdist,) = out.glob("*.tar.gz")
    offline = ("--no-deps", "--no-build-isolation", "--quiet")
    run(sys.executable, "-m", "pip", "wheel", *offline, "-w", out, sdist, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Nothing but the wheel and what the runtime lock pins."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "install", "--require-hashes", "-r", ROOT / "requirements.lock", cwd=home)
    run(*pip, "install", "--no-deps", wheel, cwd=home)
    run(*pip, "check", cwd=home)
    cwd = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(ROOT / "examples" / "hello", cwd / "hello")
    return Installed(wheel, home / "bin", cwd)


def test_every_schema_and_profile_travels_in_the_wheel(wheel: Path) -> None:
    files = [path for top in ("schemas", "specs") for path in (ROOT / top).rglob("*.*")]
    expected = {f"reconciler/_shipped/{path.relative_to(ROOT).as_posix()}" for path in files}
    assert expected
    assert expected <= set(zipfile.ZipFile(wheel).namelist())


def test_nothing_else_is_installed(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"reconciler"}


def test_version_is_the_wheels(installed: Installed) -> None:
    assert installed.wheel.name.split("-")[1] in installed.reconciler("--version")


def test_profiles_lists_the_standard_ones(installed: Installed) -> None:
    shipped = {path.stem for path in (ROOT / "specs" / "profiles").glob("docker-*.yaml")}
    assert "docker-batch" in shipped
    listed = installed.reconciler("profiles")
    assert {name for name in shipped if name not in listed} == set()


def test_schema_prints_the_contract(installed: Installed) -> None:
    assert "Task" in installed.reconciler("schema")
    assert "$schema" in json.loads(installed.reconciler("schema", "Task"))


def test_validate_accepts_the_first_example(installed: Installed) -> None:
    report = json.loads(installed.reconciler("validate", "hello", "--format", "json"))
    assert report["checked"]
    assert report["problems"] == []


def test_the_package_comes_from_the_wheel(installed: Installed) -> None:
    code = "import reconciler; print(reconciler.__file__)"
    origin = run(installed.programs / "python", "-c", code, cwd=installed.cwd)
    assert Path(origin.strip()).is_relative_to(installed.programs.parent)
