"""The product as its users have it: a program that is started, waited for, stopped and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
_GLANCE = 0.05
# What a shell starts in the background ignores Ctrl-C, and so would all that it starts in turn.
HEEDING_INTERRUPTS = ("env", "--default-signal=INT")

T = TypeVar("T")


def eventually(
    look: Callable[[], T], what: str, within: float = PATIENCE, pause: float = _GLANCE
) -> T:
    """Return the first truthy thing that `look` sees; fail when it takes too long."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}; last seen: {seen!r}"
        time.sleep(pause)
    return seen


def always(look: Callable[[], object], what: str, during: float) -> None:
    """Fail if `look` sees something falsy at any time for the length of a span."""
    deadline = time.monotonic() + during
    while time.monotonic() < deadline:
        assert look(), f"no longer so: {what}"
        time.sleep(_GLANCE)


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, answer and log."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        assert "Traceback" not in self.err + self.out, self.told()
        assert "this is a bug" not in self.err, self.told()

    @property
    def said(self) -> str:
        """Everything that a user would have seen."""
        return self.out + self.err

    def ends(self, code: int) -> "Done":
        """Expect an exit code."""
        assert self.code == code, self.told()
        return self

    def json(self) -> Any:  # noqa: ANN401  # JSON
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(self.told()) from error

    def lines(self) -> list[Any]:
        """Return what was printed as JSON, a value a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    def told(self) -> str:
        return f"{' '.join(self.command)} → {self.code}\n{self.out}\n{self.err}"


class Running:
    """A command under way. What it says goes to files, so that it never waits for a reader."""

    def __init__(
        self, command: tuple[str, ...], cwd: Path, env: Mapping[str, str], notes: Path
    ) -> None:
        self.command = command
        self._paths = (notes.with_suffix(".out"), notes.with_suffix(".err"))
        with self._paths[0].open("wb") as out, self._paths[1].open("wb") as err:
            self._process = subprocess.Popen(
                (*HEEDING_INTERRUPTS, *command), cwd=cwd, env=env, stdout=out, stderr=err
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def processor_seconds(self) -> float:
        """How long it has kept processors busy, 0 once it has ended."""
        try:
            words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def out(self) -> str:
        return self._paths[0].read_text()

    @property
    def err(self) -> str:
        return self._paths[1].read_text()

    def says(self, *words: str, within: float = PATIENCE) -> str:
        """Wait until all of these words have been said."""

        def heard() -> str:
            said = self.out + self.err
            if not all(word in said for word in words):
                assert self.alive, f"ended without saying {words}:\n{said}"
                return ""
            return said

        try:
            return eventually(heard, f"{words} to be said", within)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.out}\n{self.err}") from None

    def wait(self, within: float = PATIENCE) -> Done:
        try:
            code = self._process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            told = f"{' '.join(self.command)} has not ended within {within:g} s"
            raise AssertionError(f"{told}\n{self.out}\n{self.err}") from None
        return Done(self.command, code, self.out, self.err)

    def terminate(self, within: float = PATIENCE) -> Done:
        self._process.send_signal(signal.SIGTERM)
        return self.wait(within)

    def interrupt(self, within: float = PATIENCE) -> Done:
        self._process.send_signal(signal.SIGINT)
        return self.wait(within)

    def kill(self) -> None:
        """Kill it as a crash would."""
        self._process.kill()
        self._process.wait(PATIENCE)


COMMAND = (sys.executable, "-m", "reconciler")


class Reconciler:
    """The command line, called from inside a source with a state folder of its own."""

    def __init__(self, source: Path, state: Path, notes: Path) -> None:
        self.source = source
        self.state = state
        self.env: dict[str, str] = {}
        self.before: tuple[str, ...] = ()  # what it is run by, such as sudo
        self._notes = notes
        self._started: list[Running] = []

    def __call__(self, *args: str, within: float = 60.0, stateless: bool = False) -> Done:
        """Run a verb to its end; a `stateless` one takes no --state."""
        return self.start(*args, stateless=stateless).wait(within)

    def start(
        self,
        *args: str,
        stateless: bool = False,
        module: str = "reconciler",
        env: Mapping[str, str] | None = None,
    ) -> Running:
        """Begin a verb that goes on, with these variables; `module` is what runs it."""
        notes = self._notes / f"{len(self._started):03}-{args[0]}"
        chosen = () if stateless else ("--state", str(self.state))
        command = (*self.before, sys.executable, "-m", module, *args, *chosen)
        running = Running(command, self.source, self._env() | dict(env or {}), notes)
        self._started.append(running)
        return running

    def close(self) -> None:
        """Kill what is still under way; what was said is shown with a test that failed."""
        for running in self._started:
            if running.alive:
                running.kill()
            print(*running.command, running.out, running.err, sep="\n")  # noqa: T201

    def with_program(self, *args: str) -> Running:
        """Begin a verb that ends in a program's words, which no option may follow."""
        return self.start(*args, stateless=True, env=self.variables)

    @property
    def variables(self) -> dict[str, str]:
        """An environment in which verbs find the state folder by themselves."""
        return self._env() | {"RECONCILER_STATE": str(self.state)}

    def _env(self) -> dict[str, str]:
        hidden = {"DOCKER_HOST", "RECONCILER_STATE", "RECONCILER_DEBUG"}
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        return {**kept, **self.env}
