"""Programs of people's own in instances that run: by pipe, by terminal, in all at once."""

import signal
import subprocess

import pytest

from tests.e2e.project import Project, task
from tests.support.process import COMMAND, Done
from tests.support.terminal import Terminal

pytestmark = pytest.mark.docker


def execute(project: Project, *words: str) -> Done:
    return project.reconciler.with_program("exec", *words).wait()


@pytest.fixture
def one(project: Project) -> Project:
    project.declare(task("one", container={"user": "1234:567", "workdir": "/tmp"}))
    project.apply()
    return project


def test_it_runs_as_the_container_and_its_exit_code_is_passed_on(one: Project) -> None:
    told = execute(one, "one/0", "--", "sh", "-c", "id -u; id -g; pwd; echo oops >&2; exit 7")
    assert told.ends(7).out == "1234\n567\n/tmp\n"
    assert told.err == "oops\n"
    assert execute(one, "one", "--", "true").ends(0).said == ""


def test_what_cannot_be_executed_is_126_and_what_is_not_there_127(one: Project) -> None:
    assert "no program nonesuch" in execute(one, "one", "--", "nonesuch").ends(127).err
    assert "may not be executed" in execute(one, "one", "--", "/etc").ends(126).err


def test_options_after_the_dashes_are_the_programs(one: Project) -> None:
    assert execute(one, "one", "--", "echo", "-n", "--all", "--", "-t").ends(0).out == "--all -- -t"
    assert "stands after --" in execute(one, "one", "ls", "-l").ends(64).err
    assert "say what to execute after --" in execute(one, "one").ends(64).err


def test_input_is_passed_on_when_asked_for(one: Project) -> None:
    for flag, count in (("-i", "2"), ("--no-tty", "0")):
        done = subprocess.run(
            [*COMMAND, "exec", "one", flag, "--", "wc", "-l"],
            cwd=one.source,
            env=one.reconciler.variables,
            input="a\nb\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == count
    assert "not a terminal" in execute(one, "one", "-it", "--", "sh").ends(64).err


def test_who_is_meant_has_to_be_clear(project: Project) -> None:
    project.declare(task("many", instances=3), task("over", "exit 4"))
    project.apply("--wait", "--timeout", "20s", code=1)
    assert "3 instances that run, 0-2: say which, such as many/0" in execute(
        project, "many", "--", "true"
    ).ends(1).err  # fmt: skip
    assert "did you mean many?" in execute(project, "mny", "--", "true").ends(1).err
    assert "has no instance 9; it has 0-2" in execute(project, "many/9", "--", "true").ends(1).err
    assert "over/0 does not run: it is Failed (exit code 4" in execute(
        project, "over", "--", "true"
    ).ends(1).err  # fmt: skip


def test_all_instances_at_once(project: Project) -> None:
    project.declare(task("many", instances=3))
    project.apply()
    script = "echo hello; echo oops >&2; exit $((INSTANCE_ID + 1))"
    told = execute(project, "many", "--all", "--", "sh", "-c", script).ends(3)
    assert sorted(told.out.splitlines()) == [f"{n} | hello" for n in range(3)]
    assert sorted(told.err.splitlines()) == [f"{n} | oops" for n in range(3)]
    assert "leave out -i" in execute(project, "many", "--all", "-it", "--", "sh").ends(64).err


def test_it_ends_when_nobody_reads_any_more(project: Project) -> None:
    project.declare(task("many", instances=2))
    project.apply()
    for words in (("many", "--all"), ("many/0",)):
        with subprocess.Popen(
            [*COMMAND, "exec", *words, "--", "yes"], cwd=project.source,
            env=project.reconciler.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as running:  # fmt: skip
            assert running.stdout is not None
            assert running.stderr is not None
            assert running.stdout.readline().endswith(b"y\n")
            running.stdout.close()
            assert running.stderr.read() == b""
            assert running.wait(30) == 1


def test_it_ends_with_the_container(one: Project) -> None:
    running = one.reconciler.with_program("exec", "one", "--", "sh", "-c", "echo here; sleep 600")
    running.says("here")
    one.engine.kill(one.engine.name("one"))
    assert running.wait().ends(137).err == ""


def test_ctrl_c_ends_the_listening(one: Project) -> None:
    running = one.reconciler.with_program("exec", "one", "--", "sh", "-c", "echo here; sleep 600")
    running.says("here")
    told = running.interrupt().ends(130)
    assert "in one/0 the program may go on" in told.err
    running = one.reconciler.with_program("exec", "one", "--", "sh", "-c", "echo here; sleep 600")
    running.says("here")
    assert running.terminate().ends(128 + signal.SIGTERM).err == ""


def sized(rows_and_columns: str) -> str:
    return f'until [ "$(stty size 2>&-)" = "{rows_and_columns}" ]; do sleep 0.1; done; echo sized;'


def test_a_terminal(one: Project) -> None:
    script = f"{sized('33 91')} {sized('22 77')} read x; trap 'echo caught; exit 5' INT; echo [$x];"
    words = ("sh", "-c", f"{script} while sleep 0.1; do :; done")
    command = (*COMMAND, "exec", "one", "-it", "--", *words)
    with Terminal(command, one.source, one.reconciler.variables, columns=91, rows=33) as terminal:
        terminal.reads("sized")
        terminal.resize(columns=77, rows=22)
        terminal.reads("sized")
        terminal.types("hello\n")
        terminal.reads("[hello]")
        terminal.types("\x03")  # the program's, not ours
        terminal.reads("caught")
        assert terminal.ends() == 5
        assert terminal.echoes


def test_a_terminal_is_left_as_it_was_by_a_container_that_dies(one: Project) -> None:
    command = (*COMMAND, "exec", "one", "-it", "--", "sh")
    with Terminal(command, one.source, one.reconciler.variables) as terminal:
        terminal.reads("$ ")
        one.engine.kill(one.engine.name("one"))
        assert terminal.ends() == 137
        assert terminal.echoes
