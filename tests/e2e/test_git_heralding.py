"""What becomes of a repository's commits, as its forge and people are told."""

from collections.abc import Iterator

import pytest

from tests.e2e.fleet import Fleet
from tests.e2e.project import task
from tests.support.forge import StandIn, stand_in
from tests.support.process import eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def chat(fleet: Fleet) -> Iterator[StandIn]:
    """Somebody who is told of failures and recoveries."""
    with stand_in() as opened:
        address = f"{opened.url.replace('http://', 'json://')}/hook"
        fleet.project.reconciler.env |= {"CHAT_URL": address, "NO_PROXY": "*"}
        fleet.config["notify"] = [{"url": {"env": "CHAT_URL"}}]
        yield opened


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
