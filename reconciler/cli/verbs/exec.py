"""`exec`: a program of the user's own in instances that run."""

import threading

import click

from reconciler.cli import options
from reconciler.cli.exits import Exit
from reconciler.cli.inside import one_of, running_of
from reconciler.cli.options import Target
from reconciler.cli.output import Output
from reconciler.cli.place import find, look
from reconciler.cli.standing import values_of
from reconciler.cli.terminal import converse, require_terminal
from reconciler.cli.text import complain
from reconciler.cli.trailing import Trailing
from reconciler.controller.reading import Report
from reconciler.engines.dialogue import Command
from reconciler.engines.engine import EngineError, PermanentError
from reconciler.model.observed import Container
from reconciler.model.plain import one_line
from reconciler.planning.numbering import worded


@click.command("exec", cls=Trailing)
@options.target_argument
@options.source_option
@options.operator_options
@click.option("-i", "--interactive", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty/--no-tty", "terminal", help="Give the program a terminal.")
@click.option("--all", "everywhere", is_flag=True, help="In every instance of TARGET that runs.")
def command(
    target: Target,
    source: options.Where,
    operator: options.Chosen,
    interactive: bool,
    terminal: bool,
    everywhere: bool,
    words: tuple[str, ...],
) -> int:
    """Execute a program in TARGET, a TASK or TASK/INSTANCE, while that runs.

    It runs as the container's own user, in its working folder. Its exit code is passed on: 126
    where it cannot be executed, 127 where there is none. `-it -- sh` is a shell.

    With --all, lines of output begin with `INSTANCE | `, and the highest exit code is passed on.
    """
    if not words:
        raise click.UsageError("say what to execute after --, such as -- ls -l")
    if everywhere and (interactive or terminal):
        raise click.UsageError("--all is for programs that ask nothing: leave out -i and -t")
    if interactive and terminal:
        require_terminal()
    report = look(find(source, operator))
    wanted = Command(words, terminal=terminal, stdin=interactive)
    if everywhere:
        return _everywhere(report, running_of(report, target), wanted)
    return _in_one(report, one_of(report, target), wanted)


def _in_one(report: Report, container: Container, wanted: Command) -> int:
    try:
        dialogue = report.engines[container.node].execute(container.id, wanted)
        return converse(dialogue, stdin=wanted.stdin, terminal=wanted.terminal)
    except PermanentError as error:
        return _refused(error)
    except KeyboardInterrupt:
        complain(f"no longer listening; in {container.key} the program may go on")
        raise


def _everywhere(report: Report, containers: list[Container], wanted: Command) -> int:
    names = {c.key.instance: _name(report, c) for c in containers}
    outputs = Output("text", names), Output("text", names, error=True)
    codes: dict[int, int] = {}

    def work(container: Container) -> None:
        codes[container.key.instance] = _beside_others(report, container, wanted, outputs)

    threads = [threading.Thread(target=work, args=(c,), daemon=True) for c in containers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(codes.get(c.key.instance, Exit.FAILED) for c in containers)


def _beside_others(
    report: Report, container: Container, wanted: Command, outputs: tuple[Output, Output]
) -> int:
    origin = container.attempt_key
    try:
        dialogue = report.engines[container.node].execute(container.id, wanted)
        for said in dialogue.output():
            outputs[said.error].feed(origin, said.data)
        return dialogue.exit_code()
    except PermanentError as error:
        return _refused(error)
    except EngineError as error:
        complain(f"{container.key}: {error}")
        return Exit.FAILED
    finally:
        for output in outputs:
            output.end(origin)


def _refused(error: PermanentError) -> int:
    complain(str(error))
    return error.exit_code or Exit.FAILED


def _name(report: Report, container: Container) -> str:
    """Return what tells an instance from the others of its task."""
    key = container.key
    return one_line(f"{key.instance} {worded(values_of(report, key))}".rstrip())
