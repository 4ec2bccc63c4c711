"""What becomes of a repository's commits, as its forge and people are told."""

import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.fleet import Fleet
from tests.e2e.project import task
from tests.support.forge import StandIn, stand_in
from tests.support.git_servers import free_port
from tests.support.process import Running, eventually
from tests.support.signing import Signer, signers

pytestmark = pytest.mark.docker


@pytest.fixture
def chat(fleet: Fleet) -> Iterator[StandIn]:
    """Somebody who is told of failures and recoveries."""
    with stand_in() as opened:
        address = f"{opened.url.replace('http://', 'json://')}/hook"
        fleet.project.reconciler.env |= {"CHAT_URL": address, "NO_PROXY": "*"}
        fleet.config["notify"] = [{"url": {"env": "CHAT_URL"}}]
        yield opened


@pytest.fixture
def forge(fleet: Fleet) -> Iterator[StandIn]:
    """Where commits' statuses go."""
    with stand_in() as opened:
        fleet.project.reconciler.env["FORGE_TOKEN"] = "made-up-token"
        token = {"env": "FORGE_TOKEN"}
        lab = {"kind": "gitea", "api": opened.url, "token": token, "repository": "lab/fleet"}
        fleet.config["forges"] = {"lab": lab}
        yield opened


@pytest.fixture
def alice() -> Iterator[Signer]:
    with signers("ssh", "alice") as [made]:
        yield made


def begin(fleet: Fleet, **source: Any) -> Running:  # noqa: ANN401  # an entry's own fields
    """Begin `run`, which need not get as far as to hold the lock."""
    entry = {"name": "fleet", "url": fleet.url, "interval": "1s", "forge": "lab", **source}
    config = fleet.project.home / "config.yaml"
    config.write_text(yaml.safe_dump({**fleet.config, "sources": [entry]}))
    return fleet.project.reconciler.start("run", fleet.url, "--config", str(config))


def signed(fleet: Fleet, alice: Signer, *manifests: Any) -> str:  # noqa: ANN401  # JSON
    fleet.project.declare(*manifests)
    fleet.repository.git("add", "--all")
    fleet.repository.git(*alice.words, "commit", "--quiet", "--gpg-sign", "--message=signed")
    return fleet.repository.git("rev-parse", "HEAD")


def status(forge: StandIn, commit: str, *, final: bool = True) -> tuple[str, str, str]:
    """Return the next state of a commit, with what it says and what it is called."""
    while True:
        asked = forge.next()
        said = asked.said
        if asked.path.endswith(f"/{commit}") and (not final or said["state"] != "pending"):
            return said["state"], said["description"], said["context"]


def heard(chat: StandIn) -> tuple[str, str]:
    """Return title and text of the next message."""
    said = chat.next().said
    return said["title"], said["message"]


@pytest.mark.parametrize("crash", [False, True])
def test_what_was_told_is_not_told_again_after_a_restart(
    fleet: Fleet, chat: StandIn, *, crash: bool
) -> None:
    name = fleet.project.name
    fleet.commit(task("work", "exit 3"), task("more", "true"))
    running = fleet.follow_as()
    title, message = heard(chat)
    assert title == f"{name}: task work has failed"
    assert "exit code 3" in message
    if crash:
        eventually((fleet.project.state / "notices.json").exists, "it to be on record")
        running.kill()
    else:
        running.terminate().ends(0)
    running = fleet.follow_as()
    fleet.commit(task("more", "exit 4"))
    assert heard(chat)[0] == f"{name}: task more has failed"
    running.terminate().ends(0)
    # What recovers while nobody looks is told by whoever looks next.
    fleet.commit(task("work", "true"))
    fleet.follow_as()
    assert heard(chat)[0] == f"{name}: task work has recovered"
    fleet.commit(task("more", "true"))
    assert heard(chat)[0] == f"{name}: task more has recovered"


def test_a_commit_that_is_not_trusted_at_the_very_first_start(
    fleet: Fleet, forge: StandIn, chat: StandIn, alice: Signer
) -> None:
    why = "is not read: it is not signed"
    trusted = {"ssh": str(alice.public)}
    unsigned = fleet.commit(task("work", "true"))
    running = begin(fleet, signers=trusted)
    assert status(forge, unsigned) == (
        "failure", f"{unsigned[:12]} {why}", "reconciler/fleet",
    )  # fmt: skip
    assert heard(chat) == (
        "fleet: the source has failed", f"the source: {unsigned[:12]} {why}",
    )  # fmt: skip
    running.says("nothing is begun before", f"{unsigned[:12]} {why}")
    running.terminate().ends(0)
    assert not (fleet.project.state / "ledger.db").exists()
    running = begin(fleet, signers=trusted)
    assert status(forge, unsigned)[0] == "failure"
    commit = signed(fleet, alice, task("work", "true", instances=2))
    state, _, context = status(forge, commit)
    assert (state, context) == ("success", f"reconciler/{fleet.project.name}")
    assert heard(chat)[0] == f"{fleet.project.name}: the source has recovered"
    fleet.project.await_states("work", "Succeeded", "Succeeded")
    running.terminate().ends(0)


def test_a_commit_that_is_not_trusted_when_run_begins_again(
    fleet: Fleet, forge: StandIn, chat: StandIn, alice: Signer
) -> None:
    trusted = {"ssh": str(alice.public)}
    commit = signed(fleet, alice, task("work", "true"))
    running = begin(fleet, signers=trusted)
    assert status(forge, commit)[0] == "success"
    running.terminate().ends(0)
    unsigned = fleet.commit(task("work", "true", instances=2))
    running = begin(fleet, signers=trusted)
    state, words, _ = status(forge, unsigned)
    assert (state, words) == ("failure", f"{unsigned[:12]} is not read: it is not signed")
    assert heard(chat)[0] == f"{fleet.project.name}: the source has failed"
    fleet.project.await_states("work", "Succeeded")
    running.terminate().ends(0)


def test_a_first_commit_that_does_not_say_what_its_project_is_called(
    fleet: Fleet, forge: StandIn, chat: StandIn
) -> None:
    """Nothing is made under another name, and a webhook ends the wait."""
    named = fleet.project.source / "reconciler.yaml"
    right = named.read_text()
    named.write_text(f"{right}limits: [")
    broken = fleet.commit(task("work", "true"))
    port = free_port()
    hook = fleet.project.home / "hook"
    hook.write_text("made-up-secret")
    fleet.config["listen"] = {"address": f"127.0.0.1:{port}", "secret": {"file": str(hook)}}
    running = begin(fleet, interval="1h")
    state, words, _ = status(forge, broken)
    assert state == "failure"
    assert words.startswith("reconciler.yaml:2:")
    assert heard(chat)[0] == "fleet: the source has failed"
    running.says(f"revision {broken} is refused: reconciler.yaml:2:")
    named.write_text(right)
    mended = fleet.repository.commit()
    assert push(port, hook) == HTTPStatus.ACCEPTED
    assert status(forge, mended)[0] == "success"
    assert heard(chat)[0] == f"{fleet.project.name}: the source has recovered"
    running.terminate().ends(0)


def push(port: int, secret: Path) -> int:
    """Deliver a webhook for the source by its own name."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/hooks/fleet",
        method="POST",
        headers={"Authorization": f"Bearer {secret.read_text()}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
        return int(answer.status)


def test_a_source_is_called_as_the_operator_says_unless_it_says_itself(
    fleet: Fleet, forge: StandIn
) -> None:
    (fleet.project.source / "reconciler.yaml").unlink()
    commit = fleet.commit(task("work", "true"))
    running = begin(fleet, name=fleet.project.name)
    assert status(forge, commit)[0] == "success"
    running.terminate().ends(0)
    config = fleet.project.home / "config.yaml"
    fleet.project.apply(fleet.url, "--config", str(config), "--wait")
