"""`up`: an image is run once by flags, as one would with `docker run`, and nothing is left."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.model.identity import LABEL_PROJECT
from tests.e2e.project import Project
from tests.support.docker import Outside
from tests.support.engines import IMAGE, new_project
from tests.support.mpi import MPI_IMAGE, mpi_image
from tests.support.process import COMMAND, Done, Running, eventually
from tests.support.terminal import Terminal

pytestmark = pytest.mark.docker


class Lone:
    """Runs by the name of `name`, and what they leave behind."""

    def __init__(self, project: Project) -> None:
        self.reconciler = project.reconciler
        self.home = project.home
        self.name = new_project()
        self.engine = Outside(f"up-{self.name}")

    def begin(self, *words: str, name: str = "") -> Running:
        return self.reconciler.with_program(
            "up", "--image", IMAGE, "--name", name or self.name, *words
        )

    def __call__(self, *words: str) -> Done:
        return self.begin(*words).wait()

    @property
    def left(self) -> list[object]:
        """Return what there is of it: containers, volumes with its claim, and its state."""
        mine = {"label": f"{LABEL_PROJECT}=up-{self.name}"}
        volumes = self.engine.client.volumes(filters=mine)["Volumes"] or []
        state = (self.home / "state").glob(f"up-{self.name}")
        return [*self.engine.ids(), *(v["Name"] for v in volumes), *state]


@pytest.fixture
def up(project: Project) -> Iterator[Lone]:
    made = Lone(project)
    try:
        yield made
        assert made.left == []
    finally:
        made.engine.close()


def shell(script: str) -> tuple[str, ...]:
    return "--", "sh", "-c", script


def test_what_it_prints_is_shown_and_its_exit_code_passed_on(up: Lone) -> None:
    told = up(*shell("echo hello; echo oops >&2; exit 7")).ends(7)
    assert (told.out, told.err) == ("hello\n", "oops\n")
    assert up(*shell("exit 0")).ends(0).said == ""


def test_what_cannot_be_run(up: Lone) -> None:
    up("--", "nonesuch").ends(127)
    assert "is no network" in up("--network", "nonesuch").ends(1).err
    assert "no NAME=VALUE" in up("--env", "A").ends(64).err
    assert "no SOURCE:/TARGET" in up("--mount", "nonesuch").ends(64).err
    assert "exclude one another" in up("--as-me", "--cluster").ends(64).err
    assert "is no name" in up.begin("--", "true", name="No-Name").wait().ends(64).err
    told = up("--image", f"{up.name}.invalid/nonesuch:1", "--", "true").ends(125)
    assert "could not pull" in told.err


def test_flags_are_what_the_container_has(up: Lone, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir(mode=0o777)
    (tmp_path / "in").chmod(0o777)
    script = 'echo $A; echo ${B}; echo "<$0>"; id -u; touch /in/x /data/x'
    told = up(
        "--env", "A=a b", "-e", "B=${A}", "--mount", f"{tmp_path}/in:/in", "--mount", "data:/data",
        "--user", "0:0", "--cpus", "0.5", "--memory", "64Mi",
        *shell(script), "${NONESUCH}",
    )  # fmt: skip
    assert told.ends(0).out.splitlines() == ["a b", "${A}", "<${NONESUCH}>", "0"]
    assert (tmp_path / "in" / "x").exists()


def test_input_is_passed_on_when_asked_for(up: Lone) -> None:
    for flags, count in ((["-i"], "2"), ([], "0")):
        done = subprocess.run(
            [*COMMAND, "up", "--image", IMAGE, "--name", up.name, *flags, "--", "wc", "-l"],
            cwd=up.home,
            env=up.reconciler.variables,
            input="a\nb\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert (done.stdout.strip(), done.stderr) == (count, "")


def test_several_instances_are_told_apart_and_the_worst_counts(up: Lone) -> None:
    told = up("--instances", "3", *shell("echo hello; exit $INSTANCE_ID")).ends(2)
    assert sorted(told.out.splitlines()) == [f"{n} | hello" for n in range(3)]


def test_ctrl_c_stops_it_with_its_grace(up: Lone) -> None:
    running = up.begin(
        *shell("trap 'echo bye; exit 9' TERM; echo here; while sleep 0.1; do :; done")
    )
    running.says("here")
    assert running.interrupt().ends(130).out == "here\nbye\n"
    running = up.begin(*shell("trap 'echo no' TERM; echo here; while sleep 0.1; do :; done"))
    running.says("here")
    os.kill(running.pid, signal.SIGTERM)
    running.says("no")
    assert running.terminate(within=9).code == 128 + signal.SIGTERM  # at once


def test_two_side_by_side_and_beside_a_run(project: Project, up: Lone) -> None:
    other = Lone(project)
    running = project.run()
    script = "until test -e /tmp/over; do sleep 0.1; done; echo over"
    both = [one.begin(*shell(script)) for one in (up, other)]
    for one in (up, other):
        eventually(one.engine.running, "it runs")
        one.engine.execute(*one.engine.running(), "touch", "/tmp/over")
    assert [one.wait().ends(0).out for one in both] == ["over\n"] * 2
    assert other.left == []
    other.engine.close()
    running.terminate().ends(0)


def test_a_name_is_one_runs_at_a_time(up: Lone) -> None:
    running = up.begin(*shell("echo here; exec sleep 600"))
    running.says("here")
    assert "or it runs" in up("--", "true").ends(3).err
    running.interrupt().ends(130)


def test_what_is_kept_is_found_and_taken_down(up: Lone) -> None:
    told = up("--keep", *shell("echo hello")).ends(0)
    status, destroy = re.findall(r"`reconciler ([^`]+)`", told.err)
    assert "Succeeded" in up.reconciler(*status.split(), stateless=True).ends(0).out
    assert len(up.engine.ids()) == 1
    up.reconciler(*destroy.split(), "--yes", stateless=True).ends(0)
    (folder,) = (path for path in up.left if isinstance(path, Path))
    subprocess.run(["rm", "-r", folder], check=True)


def test_the_saved_manifest_gives_the_same(project: Project, up: Lone) -> None:
    file = project.source / "saved.yaml"
    flags = ("--save", str(file), "--instances", "2", "--env", "A=${B}", "--memory", "32Mi")
    up(*flags, *shell("echo $A ${A} $INSTANCE_ID")).ends(0)
    assert "nothing is overwritten" in up(*flags, *shell("true")).ends(1).err
    project.apply("--wait")
    said = project.reconciler("logs", up.name).ends(0).out
    assert said == "0 | ${B} ${B} 0\n1 | ${B} ${B} 1\n"


def test_an_engine_that_does_not_answer(up: Lone) -> None:
    up.reconciler.env["DOCKER_HOST"] = "unix:///nonexistent"
    assert "no Docker Engine runs" in up("--", "true").ends(125).err


def test_it_ends_when_nobody_reads_any_more(up: Lone) -> None:
    words = [*COMMAND, "up", "--image", IMAGE, "--name", up.name, "--", "yes"]
    with subprocess.Popen(
        words, cwd=up.home, env=up.reconciler.variables, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"y\n"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(30) == 1


def test_as_the_caller_in_this_folder(up: Lone, tmp_path: Path) -> None:
    script = "id -u; pwd; touch made; ls /other 2>/dev/null"
    flags = ("--as-me", "--mount", f"{tmp_path}:/other")
    told = up(*flags, *shell(script)).ends(0)
    assert told.out.splitlines()[:2] == [str(os.getuid()), "/docker_pwd"]
    made = up.reconciler.source / "made"
    assert made.stat().st_uid == os.getuid()
    assert "made" not in up("--as-me", "--no-add-wd", "--no-add-user", *shell("ls")).ends(0).out


def test_a_cluster_comes_to_what_its_first_instance_does(up: Lone) -> None:
    mpi_image()
    script = "for one in $(cut -d' ' -f1 /job/hostfile); do ssh $one hostname; done; exit 4"
    told = up("--image", MPI_IMAGE, "--cluster", "--instances", "2", *shell(script)).ends(4)
    assert told.out == f"0 | {up.name}-0\n0 | {up.name}-1\n"
    assert told.err == ""
    assert up.engine.client.networks(names=[f"up-{up.name}"]) == []


def test_a_terminal(up: Lone) -> None:
    script = "stty -echo; printf 'prompt: '; read x; trap 'echo caught; exit 5' INT; echo [$x];"
    words = shell(f"{script} while sleep 0.1; do :; done")
    command = (*COMMAND, "up", "--image", IMAGE, "--name", up.name, "-it", *words)
    with Terminal(command, up.home, up.reconciler.variables) as terminal:
        terminal.reads("prompt: ")
        terminal.types("hello\n")
        terminal.reads("[hello]")
        terminal.types("\x03")  # the program's, not ours
        terminal.reads("caught")
        assert terminal.ends() == 5
        assert terminal.echoes
