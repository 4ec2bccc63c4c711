"""A repository kept in force: commits become containers, whatever befalls the remote."""

import hashlib
import hmac
import json
import queue
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.e2e.fleet import Fleet
from tests.e2e.project import service, task
from tests.support.forge import StandIn, stand_in
from tests.support.git_servers import free_port
from tests.support.process import always, eventually

pytestmark = pytest.mark.docker
SECRET = "made-up-secret"


def test_commits_become_containers(fleet: Fleet) -> None:
    fleet.commit(task("work", "true"))
    fleet.follow()
    fleet.project.await_states("work", "Succeeded")
    fleet.commit(task("work", "true", instances=3))
    fleet.project.await_states("work", *["Succeeded"] * 3)
    history = fleet.project.reconciler_json("history")["revisions"]
    assert [(r["author"], r["subject"], r["created"]) for r in history] == [
        ("A", "a change", 1), ("A", "a change", 2),
    ]  # fmt: skip


def test_an_invalid_commit_changes_nothing_until_it_is_mended(fleet: Fleet) -> None:
    fleet.commit(service("web"))
    fleet.follow()
    fleet.project.await_states("web", "Running")
    before = fleet.project.engine.ids()
    fleet.project.write("web.yaml", "kind: [")
    fleet.repository.commit()
    eventually(lambda: fleet.told("error"), "a refusal")
    assert fleet.project.engine.ids() == before
    fleet.commit(service("web", instances=2))
    fleet.project.await_states("web", "Running", "Running")
    assert set(before) <= set(fleet.project.engine.ids())


@pytest.mark.parametrize("what", ["emptied", "branch gone", "path gone"])
def test_what_vanishes_prunes_nothing(fleet: Fleet, what: str) -> None:
    fleet.project.write("fleet/web.yaml", service("web"))
    fleet.project.write("fleet/reconciler.yaml", f"project: {fleet.project.name}\n")
    fleet.repository.commit()
    fleet.follow("--interval", "500ms", "--branch", "main", "--path", "fleet")
    fleet.project.await_states("web", "Running")
    before = fleet.project.engine.ids()
    if what == "branch gone":
        fleet.repository.git("checkout", "--quiet", "-b", "other")
        fleet.repository.git("branch", "--delete", "--force", "main")
    else:
        fleet.repository.git("rm", "-r", "--quiet", "fleet")
        if what == "emptied":
            fleet.project.write("fleet/README", "nothing here")
        fleet.repository.commit()
    eventually(lambda: fleet.told("warning", "error"), "it to be told")
    always(lambda: fleet.project.engine.ids() == before, "what runs stays", 2)


def test_it_goes_on_without_its_remote_and_catches_up(fleet: Fleet, tmp_path: Path) -> None:
    fleet.commit(service("web"))
    fleet.follow()
    fleet.project.await_states("web", "Running")
    before = fleet.project.engine.ids()
    fleet.project.reconciler.close()
    away = tmp_path / "away"
    fleet.project.source.rename(away)
    fleet.project.source.mkdir()
    (fleet.project.source / "reconciler.yaml").write_text(f"project: {fleet.project.name}\n")
    fleet.follow()
    always(lambda: fleet.project.engine.ids() == before, "what runs stays", 2)
    (fleet.project.source / "reconciler.yaml").unlink()
    fleet.project.source.rmdir()
    away.rename(fleet.project.source)
    fleet.commit(service("web", instances=2))
    fleet.project.await_states("web", "Running", "Running")


def test_a_commit_may_ask_only_for_what_the_operator_allows(fleet: Fleet) -> None:
    mounts = [{"type": "bind", "source": "/tmp", "target": "/x"}]
    fleet.commit(service("web"))
    fleet.follow()
    fleet.project.await_states("web", "Running")
    fleet.commit(service("web", container={"mounts": mounts}))
    told = eventually(lambda: fleet.told("error"), "a refusal")
    assert "policy forbids" in told[0]
    assert fleet.project.states("web") == ["Running"]


@pytest.mark.parametrize("answer", ["follow", "hold", "refuse"])
def test_a_rewritten_history(fleet: Fleet, answer: str) -> None:
    fleet.commit(service("web"))
    fleet.follow_as(onRewrite=answer)
    fleet.project.await_states("web", "Running")
    fleet.project.declare(service("web", instances=2))
    fleet.repository.git("commit", "--quiet", "--amend", "--all", "--message=rewritten")
    if answer != "follow":
        eventually(lambda: fleet.told("warning", "error"), "it to be told")
        always(lambda: fleet.project.states("web") == ["Running"], "nothing changes", 1)
    if answer == "hold":
        fleet.project.reconciler("approve").ends(0)
    if answer != "refuse":
        fleet.project.await_states("web", "Running", "Running")


def test_a_webhook_is_followed_at_once_and_the_forge_is_told(fleet: Fleet) -> None:
    fleet.project.reconciler.env |= {"HOOK_SECRET": SECRET, "FORGE_TOKEN": "made-up-token"}
    fleet.commit(service("web"))
    port = free_port()
    with stand_in() as forge:
        lab = {"kind": "gitea", "api": forge.url, "repository": "lab/fleet"}
        fleet.config = {
            "listen": {"address": f"127.0.0.1:{port}", "secret": {"env": "HOOK_SECRET"}},
            "forges": {"lab": {**lab, "token": {"env": "FORGE_TOKEN"}}},
        }
        fleet.follow_as(interval="1h", forge="lab")
        fleet.project.await_states("web", "Running")
        commit = fleet.commit(service("web", instances=2))
        assert push(port) == 202
        fleet.project.await_states("web", "Running", "Running")
        assert last_status(forge, commit) == "success"
        fleet.project.write("web.yaml", "kind: [")
        broken = fleet.repository.commit()
        assert push(port, "again") == 202
        assert last_status(forge, broken) == "failure"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            push(port, secret="wrong")


def push(port: int, mark: str = "first", secret: str = SECRET) -> int:
    body = json.dumps({"ref": "refs/heads/main", "mark": mark}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/hooks",
        data=body,
        headers={
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": mark,
            "X-Hub-Signature-256": f"sha256={signature}",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
        return int(answer.status)


def last_status(forge: StandIn, commit: str) -> str:
    """Return the first final status that a commit gets."""
    while True:
        try:
            asked = forge.next()
        except queue.Empty:
            raise AssertionError(f"no final status for {commit}") from None
        assert asked.headers["authorization"].endswith("made-up-token")
        if asked.path.endswith(commit) and asked.said["state"] != "pending":
            return str(asked.said["state"])


def test_a_source_that_fails_holds_up_no_other(fleet: Fleet, tmp_path: Path) -> None:
    fleet.commit(task("work", "true"))
    nowhere = {"name": "nowhere", "url": f"file://{tmp_path}/nowhere", "interval": "1s"}
    sources = [nowhere, {"name": "fleet", "url": fleet.url, "interval": "1s"}]
    config = tmp_path / "config.yaml"
    root = tmp_path / "states"
    config.write_text(yaml.safe_dump({"sources": sources, "stateRoot": str(root)}))
    running = fleet.project.reconciler.start("run", "--config", str(config), stateless=True)
    eventually(fleet.project.engine.ids, "a container of the other source")
    assert "nowhere" in running.terminate().ends(0).err
