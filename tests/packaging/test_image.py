"""The image of the Dockerfile, run against this machine's engine as examples/gitops says."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.docker import Outside
from tests.support.shell import ROOT

SOCKET = Path("/var/run/docker.sock")
TRUST = "/etc/ssl/certs/ca-certificates.crt"
LIMITS = (
    "--read-only",
    "--tmpfs",
    "/tmp",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
)

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not shutil.which("docker"), reason="the docker CLI builds the image"),
]


def run(*command: str | Path) -> str:
    # The classic builder is everywhere where the CLI is.
    env = os.environ | {"DOCKER_BUILDKIT": "0"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    base = run(ROOT / ".dev" / "base").splitlines()[-1]
    tag = f"reconciler-test:{uuid.uuid4().hex[:8]}"
    given = ["--build-arg", f"BASE={base}"]
    if base.endswith(":debian"):  # which trusts whom this machine does
        given += ["--build-arg", f"PIP_CERT={TRUST}"]
    run("docker", "build", "--quiet", "--network", "host", *given, "--tag", tag, ".")
    yield tag
    run("docker", "image", "rm", tag)


@pytest.fixture
def outside() -> Iterator[Outside]:
    opened = Outside(f"image-{uuid.uuid4().hex[:8]}")
    yield opened
    opened.close()


@pytest.fixture
def fleet(tmp_path: Path, outside: Outside) -> Path:
    """The example's fleet, as a project of its own that any user may read."""
    folder = tmp_path / "fleet"
    shutil.copytree(ROOT / "examples" / "gitops" / "fleet", folder)
    (folder / "reconciler.yaml").write_text(f"project: {outside.project}\n")
    return folder


@pytest.fixture
def state() -> Iterator[str]:
    name = f"reconciler-test-{uuid.uuid4().hex[:8]}"
    yield name
    run("docker", "volume", "rm", name)


def test_it_has_what_git_sources_need_and_no_more(image: str) -> None:
    inside = ("docker", "run", "--rm", "--entrypoint", "sh", image, "-c")
    assert run(*inside, "id -u; id -un; git --version >&2; ssh -V").split() == [
        "10001",
        "reconciler",
    ]
    assert run(*inside, "ls /opt/reconciler/bin | grep -c '^pip' || true") == "0"
    assert run("docker", "run", "--rm", image, "--version").startswith("reconciler")


def test_nothing_of_the_build_stays(image: str) -> None:
    said = run("docker", "image", "inspect", "--format", "{{.Config.Env}}", image)
    history = run("docker", "image", "history", "--no-trunc", image)
    assert "PIP_" not in said + history
    assert "http" not in said


def test_it_applies_a_fleet_by_the_sockets_group(
    image: str, fleet: Path, state: str, outside: Outside
) -> None:
    command = [
        "docker", "run", "--rm", "--init", "--group-add", str(SOCKET.stat().st_gid), *LIMITS,
        "--volume", f"{SOCKET}:{SOCKET}", "--volume", f"{state}:/var/lib/reconciler",
        "--volume", f"{fleet}:/fleet:ro", image,
    ]  # fmt: skip
    run(*command, "apply", "/fleet", "--wait", "--timeout", "60s")
    assert len(outside.running("web")) == 2
    before = outside.ids()
    assert json.loads(run(*command, "plan", "/fleet", "--format", "json"))["actions"] == []
    run(*command, "apply", "/fleet", "--wait", "--timeout", "60s")  # from the volume's state
    assert outside.ids() == before


def test_it_ends_when_it_is_asked_to(image: str, fleet: Path, state: str, outside: Outside) -> None:
    name = f"{outside.project}-reconciler"
    run(
        "docker", "run", "--detach", "--init", "--name", name, *LIMITS,
        "--group-add", str(SOCKET.stat().st_gid), "--volume", f"{SOCKET}:{SOCKET}",
        "--volume", f"{state}:/var/lib/reconciler", "--volume", f"{fleet}:/fleet:ro",
        image, "run", "/fleet",
    )  # fmt: skip
    try:
        outside.await_running(outside.name("web"))
        run("docker", "stop", "--time", "30", name)
        assert run("docker", "inspect", "--format", "{{.State.ExitCode}}", name) == "0"
        assert outside.running("web")
    finally:
        run("docker", "rm", "--force", name)
