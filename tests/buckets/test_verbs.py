"""`buckets` at a real S3 server: credentials, trouble, deaths, many small objects, large ones."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.helpers import write
from tests.support.process import Done, eventually
from tests.support.relay import Relay
from tests.support.s3 import OWNER, STRANGER, Keys, S3Server
from tests.support.terminal import Terminal

MIB = 1024 * 1024


class Lab:
    """A source with one bucket at a server, and an operator who has keys for it."""

    def __init__(self, folder: Path, url: str, place: str, keys: Keys = OWNER) -> None:
        self.folder = folder
        self.source = write(
            folder / "demo",
            lab="apiVersion: reconciler/v1\nkind: Bucket\nmetadata: {name: lab}\n"
            f"spec: {{url: 's3://{place}/p', endpoint: '{url}', credentials: {{name: store}}}}\n",
        )
        self.secret = folder / "secret"
        self.keys(keys)
        self.config = folder / "config.yaml"
        self.config.write_text(
            "credentials:\n"
            f"  store: {{accessKey: {{env: KEY}}, secretKey: {{file: {self.secret}}}}}\n"
        )

    def keys(self, keys: Keys) -> None:
        self.secret.write_text(keys.secret)
        self.environment = {**os.environ, "KEY": keys.access, "TMPDIR": str(self.folder)}

    def command(self, *words: object) -> list[str]:
        verb, *others = words or [""]
        return [
            *(sys.executable, "-m", "reconciler", "buckets", *([str(verb)] if verb else [])),
            *(*map(str, others), "-s", str(self.source), "--config", str(self.config)),
        ]

    def start(self, *words: object) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.command(*words),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
            cwd=self.folder,
        )  # fmt: skip

    def call(self, *words: object) -> Done:
        process = self.start(*words)
        out, err = process.communicate(timeout=110)
        for hidden in (OWNER.secret, STRANGER.secret):
            assert hidden not in out + err
        return Done(tuple(map(str, words)), process.returncode, out, err)

    def names(self, prefix: str = "") -> list[str]:
        said = self.call("ls", f"lab/{prefix}", "--format", "json").ends(0).out
        return [entry["name"] for entry in json.loads(said)["objects"]]


@pytest.fixture
def lab(server: S3Server, place: str, tmp_path: Path) -> Lab:
    return Lab(tmp_path, server.url, place)


def digits(count: int, folder: Path) -> None:
    for number in range(count):
        path = folder / f"{number % 10}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number}")


def test_credentials_are_the_operators(lab: Lab, tmp_path: Path) -> None:
    lab.keys(STRANGER)
    (tmp_path / "x").write_text("x")
    assert "the credentials store are not accepted" in lab.call().ends(0).out
    for words in (("ls", "lab"), ("put", "x", "lab")):
        assert "the credentials store" in lab.call(*words).ends(1).err
    lab.keys(OWNER)
    lab.call("put", "x", "lab").ends(0)
    assert lab.names() == ["x"]


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_many_small_files(lab: Lab, tmp_path: Path, count: int) -> None:
    digits(count, tmp_path / "many")
    assert f"{count} objects copied" in lab.call("put", "many", "lab/many").ends(0).out
    assert f"{count} objects copied" in lab.call("get", "lab/many/", "back").ends(0).out
    same = subprocess.run(["diff", "-r", "many", "back"], cwd=tmp_path, check=False)
    assert same.returncode == 0
    said = lab.call("sync", "many", "lab/many").ends(0).out
    assert said == f"0 objects copied, 0 bytes; {count} there already\n"


def test_a_put_that_is_killed_is_completed_by_the_next(
    server: S3Server, place: str, tmp_path: Path
) -> None:
    with Relay(server.port) as relay:
        lab = Lab(tmp_path, relay.url, place)
        digits(200, tmp_path / "run")
        (tmp_path / "run" / "large").write_bytes(os.urandom(40 * MIB))
        relay.pace = 2 * MIB
        process = lab.start("put", "run", "lab/run")
        eventually(lambda: relay.count("PUT", "partNumber") > 1, "parts go out")
        process.kill()
        process.communicate()
        relay.pace = 0
        assert "run/large" not in lab.names()
        lab.call("put", "run", "lab/run").ends(0)
        lab.call("get", "lab/run/", "back").ends(0)
    assert subprocess.run(["diff", "-r", "run", "back"], cwd=tmp_path, check=False).returncode == 0


def test_a_get_that_is_killed_is_gone_on_with(server: S3Server, place: str, tmp_path: Path) -> None:
    with Relay(server.port) as relay:
        lab = Lab(tmp_path, relay.url, place)
        content = os.urandom(40 * MIB)
        (tmp_path / "large").write_bytes(content)
        lab.call("put", "large", "lab").ends(0)
        back = tmp_path / "back"
        back.mkdir()
        relay.pace = 8 * MIB
        process = lab.start("get", "lab/large", "back/large")
        eventually(lambda: sum(f.stat().st_size for f in back.iterdir()) > 10 * MIB, "some of it")
        process.kill()
        process.communicate()
        relay.pace = 0
        assert [path.name.startswith(".reconciler-part-") for path in back.iterdir()] == [True]
        before = relay.received
        lab.call("get", "lab/large", "back/large").ends(0)
        assert relay.received - before < 31 * MIB
        assert [path.name for path in back.iterdir()] == ["large"]
        assert (back / "large").read_bytes() == content


def test_ctrl_c_takes_back_what_is_under_way(server: S3Server, place: str, tmp_path: Path) -> None:
    with Relay(server.port) as relay:
        lab = Lab(tmp_path, relay.url, place)
        (tmp_path / "large").write_bytes(bytes(60 * MIB))
        relay.pace = 2 * MIB
        process = lab.start("put", "large", "lab")
        eventually(lambda: relay.count("PUT", "partNumber") > 1, "parts go out")
        process.send_signal(signal.SIGINT)
        relay.pace = 0
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert relay.count("DELETE", "uploadId") == 1
        assert lab.names() == []


def test_on_a_terminal_a_bar_shows_how_far_it_is(
    server: S3Server, place: str, tmp_path: Path
) -> None:
    with Relay(server.port) as relay:
        lab = Lab(tmp_path, relay.url, place)
        (tmp_path / "large").write_bytes(os.urandom(30 * MIB))
        relay.pace = 8 * MIB
        command = lab.command("put", "large", "lab")
        with Terminal(command, tmp_path, lab.environment, columns=120) as terminal:
            assert b"putting" in terminal.reads("/30.0 MiB")
            relay.pace = 0
            terminal.reads("1 object copied, 30Mi bytes")
            assert terminal.ends() == 0


def test_a_server_that_is_away_for_a_while_is_waited_for(
    server: S3Server, place: str, tmp_path: Path
) -> None:
    with Relay(server.port) as relay:
        lab = Lab(tmp_path, relay.url, place)
        digits(100, tmp_path / "run")
        process = lab.start("put", "run", "lab/run")
        eventually(lambda: relay.count("PUT") > 10, "some are there")
        relay.go()
        eventually(lambda: process.poll() is None, "it goes on")
        relay.come()
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert "100 objects copied" in out


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_gigabytes_take_little_memory(lab: Lab, tmp_path: Path) -> None:
    large = tmp_path / "large"
    block = os.urandom(MIB)
    with large.open("wb") as file:
        for number in range(2048):
            file.write(number.to_bytes(4, "big") + block[4:])
    for words in (("put", "large", "lab"), ("get", "lab/large", "back")):
        process = lab.start(*words)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        _, err = process.communicate()
        assert process.returncode == 0, err
        print(words[0], used.ru_maxrss // 1024, "MiB")  # noqa: T201  # shown with -s
        assert used.ru_maxrss < 300 * 1024
    assert subprocess.run(["cmp", large, tmp_path / "back"], check=False).returncode == 0
