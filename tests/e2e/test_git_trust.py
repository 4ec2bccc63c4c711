"""What commits may do: signed by whom, renaming and moving what runs, tearing much of it down."""

from collections.abc import Iterator

import pytest
from msgspec import Struct

from tests.e2e.fleet import Fleet
from tests.e2e.project import Json, service
from tests.support.process import Running, always, eventually
from tests.support.signing import Signer, signers

pytestmark = pytest.mark.docker


def in_force(running: Running, commit: str) -> None:
    """Wait until all is as a commit asks for it."""
    running.says(f"everything is as revision {commit} asks for it")


# --- signatures ------------------------------------------------------------------------------


@pytest.fixture(params=["openpgp", "ssh"])
def people(request: pytest.FixtureRequest) -> Iterator[list[Signer]]:
    with signers(request.param, "alice", "mallory") as made:
        yield made


def signed(fleet: Fleet, signer: Signer, manifest: Json) -> None:
    fleet.project.declare(manifest)
    fleet.repository.git("add", "--all")
    fleet.repository.git(*signer.words, "commit", "--quiet", "--gpg-sign", "--message=signed")


def refused(fleet: Fleet, running: Running, why: str) -> None:
    """Wait until that is told, and then look for a while whether all stays as it is."""
    before = fleet.project.engine.ids()
    running.says(why)
    assert why in fleet.told("warning")[-1]
    always(lambda: fleet.project.engine.ids() == before, "what runs stays", during=0.5)


def test_only_what_a_signer_has_signed_is_applied(fleet: Fleet, people: list[Signer]) -> None:
    alice, mallory = people
    signed(fleet, alice, service("web"))
    running = fleet.follow_as(signers={alice.kind: str(alice.public)})
    eventually(fleet.project.engine.running, "it to run")
    before = fleet.project.engine.ids()
    fleet.commit(service("web", instances=2))
    refused(fleet, running, "it is not signed")
    signed(fleet, mallory, service("web", instances=3))
    refused(fleet, running, "the key that signed it is none of the signers'")
    assert fleet.project.engine.ids() == before
    signed(fleet, alice, service("web", instances=4))
    eventually(lambda: len(fleet.project.engine.running()) == 4, "what alice has signed")
    assert before.items() <= fleet.project.engine.ids().items()


# --- names and places -------------------------------------------------------------------------


def test_moving_manifests_and_renaming_tasks_touches_nothing_that_runs(fleet: Fleet) -> None:
    fleet.commit(service("web", instances=2), service("api"))
    running = fleet.follow()
    eventually(lambda: len(fleet.project.engine.running()) == 3, "all to run")
    with fleet.project.engine.watched() as record:
        fleet.project.forget("web")
        fleet.project.write("deep/er/site.yaml", service("web", instances=2))
        in_force(running, fleet.repository.commit())
        both = (fleet.project.source / path for path in ("api.yaml", "deep/er/site.yaml"))
        together = "---\n".join(path.read_text() for path in both)
        fleet.project.forget("api", "deep/er/site")
        fleet.project.write("all.yaml", together)
        in_force(running, fleet.repository.commit())
        renamed = service("site", instances=2)
        renamed["metadata"]["annotations"] = {"reconciler/renamed-from": "web"}
        fleet.project.forget("all")
        in_force(running, fleet.commit(renamed, service("api")))
        fleet.project.await_states("site", "Running", "Running")
        assert fleet.project.status("web")["state"] is None
        assert record.told == []
        renamed["spec"]["instances"] = 3
        fleet.commit(renamed)
        third = fleet.project.engine.name("site", 2)
        fleet.project.engine.await_running(third)
        assert set(record.of("create", "kill", "die", "destroy")) == {third}


# --- the hold ---------------------------------------------------------------------------------


class Held(Struct):
    """A commit that takes six of seven away and waits: who keeps it so, and what runs."""

    running: Running
    ids: dict[str, str]


@pytest.fixture
def held(fleet: Fleet) -> Held:
    fleet.commit(service("many", instances=6), service("few"))
    running = fleet.follow()
    eventually(lambda: len(fleet.project.engine.running()) == 7, "all to run")
    before = fleet.project.engine.ids()
    fleet.project.forget("many")
    fleet.repository.commit()
    message = "held: 6 of 7 running instances would be torn down (many); `approve` allows it"
    running.says(message)
    look = fleet.project.reconciler
    assert message in look("status").ends(0).out
    assert [h["count"] for h in fleet.project.reconciler_json("status")["holds"]] == [6]
    assert message in look("why", "many").ends(0).out
    assert message in [entry["message"] for entry in fleet.project.events()]
    assert fleet.project.engine.ids() == before
    return Held(running, before)


def test_a_commit_that_takes_most_away_waits_for_approve(fleet: Fleet, held: Held) -> None:
    fleet.project.reconciler("approve").ends(0)
    few = fleet.project.engine.name("few")
    eventually(lambda: fleet.project.engine.ids() == {few: held.ids[few]}, "the many to be gone")
    assert fleet.project.reconciler_json("status")["holds"] == []


def test_a_later_commit_ends_the_wait(fleet: Fleet, held: Held) -> None:
    in_force(held.running, fleet.commit(service("many", instances=6)))
    assert fleet.project.reconciler_json("status")["holds"] == []
    assert fleet.project.engine.ids() == held.ids
