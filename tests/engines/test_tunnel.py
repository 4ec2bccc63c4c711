"""A tunnel, with something in the place of ssh."""

import socket
import sys
from pathlib import Path

import pytest

from reconciler.engines.docker.endpoints import Tunnelled
from reconciler.engines.docker.tunnel import Tunnel

# As ssh does it, and slowly: the socket has its name before it takes calls.
SLOW = """
import socket, sys, time
path = sys.argv[sys.argv.index("-L") + 1].partition(":")[0]
with socket.socket(socket.AF_UNIX) as own:
    own.bind(path)
    time.sleep(0.5)
    own.listen()
    sys.stdin.read()
"""


def test_it_is_open_once_it_takes_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text(f"#!{sys.executable}\n{SLOW}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    tunnel = Tunnel(Tunnelled("somebody@somewhere"))
    try:
        with socket.socket(socket.AF_UNIX) as call:
            call.connect(str(tunnel.open()))
    finally:
        tunnel.close()
