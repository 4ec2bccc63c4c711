"""The clock that lengths of time are measured by: law 14, over restarts, reboots and settings."""

from pathlib import Path

import pytest

from reconciler.controller import clock
from reconciler.controller.clock import clock_of, keep_clock
from reconciler.ledger import Ledger, LogEntry


class Machine:
    """A machine whose clock can be set, and which can be booted anew."""

    def __init__(self, folder: Path) -> None:
        self.wall = 1_000_000.0
        self.boot = 50.0
        self.boot_id = folder / "boot_id"
        self.boot_id.write_text("first\n")

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.boot += seconds

    def reboot(self) -> None:
        self.boot = 5.0
        self.boot_id.write_text("second\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setattr("time.time", lambda: made.wall)
    monkeypatch.setattr("time.clock_gettime", lambda _: made.boot)
    monkeypatch.setattr(clock, "_BOOT_ID", made.boot_id)
    return made


def told(folder: Path) -> float:
    """Return the time that a process tells which begins now."""
    with Ledger.open(folder, write=True, project="demo") as ledger:
        now = keep_clock(ledger).now()
        assert clock_of(ledger).now() == now, "readers tell the writer's time"
        ledger.record([], [LogEntry(at=now, kind="test", message="seen")])
    return now


def test_it_tells_the_wall_clocks_time_at_first(tmp_path: Path, machine: Machine) -> None:
    assert told(tmp_path) == machine.wall


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_is_set_moves_nothing(tmp_path: Path, machine: Machine, jump: float) -> None:
    began = told(tmp_path)
    machine.wait(10)
    machine.wall += jump
    assert told(tmp_path) == began + 10


def test_a_reboot_takes_the_wall_clocks_word(tmp_path: Path, machine: Machine) -> None:
    began = told(tmp_path)
    machine.wait(100)
    machine.reboot()
    assert told(tmp_path) == began + 100


def test_over_a_reboot_time_never_goes_back(tmp_path: Path, machine: Machine) -> None:
    began = told(tmp_path)
    machine.reboot()
    machine.wall -= 3600
    assert told(tmp_path) >= began
    machine.wait(7)
    assert told(tmp_path) == began + 7


def test_without_a_boots_name_each_process_asks_the_wall_clock(
    tmp_path: Path, machine: Machine
) -> None:
    machine.boot_id.unlink()
    began = told(tmp_path)
    machine.wall += 3600
    assert told(tmp_path) == began + 3600
