"""What is bound is judged by where it really is, on this machine."""

from pathlib import Path

import pytest

from reconciler.controller.binds import check_of
from reconciler.controller.disclosing import Disclosing
from reconciler.controller.execution import carry_out
from reconciler.controller.keys import Keys
from reconciler.controller.preparing import preparing
from reconciler.controller.seed import Seed
from reconciler.engines.engine import PermanentError
from reconciler.model.action import Action, Cause, CreateRequest, Verb
from reconciler.model.desired import NodeSpec
from reconciler.model.policy import FOLDER, Policy, listed
from reconciler.model.spec import Mount
from tests.support.engines import make_request, simulated_engine


def request(source: object) -> CreateRequest:
    return make_request("p", "t", mounts=(Mount(type="bind", source=str(source), target="/in"),))


def refused(source: object, policy: Policy = FOLDER, endpoint: str = "") -> str:
    """Return why a source is not bound; empty where it is."""
    try:
        check_of(NodeSpec("local", endpoint), policy)(request(source))
    except PermanentError as error:
        return str(error)
    return ""


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    (tmp_path / "allowed" / "inner").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    return tmp_path


def test_what_is_no_link_is_as_it_was_judged(roots: Path) -> None:
    policy = Policy(binds=listed([str(roots / "allowed")]))
    assert refused(roots / "allowed" / "inner", policy) == ""


def test_a_link_out_of_the_roots_is_refused(roots: Path) -> None:
    (roots / "allowed" / "link").symlink_to(roots / "other")
    policy = Policy(binds=listed([str(roots / "allowed")]))
    said = refused(roots / "allowed" / "link", policy)
    assert said == (
        f"could not create p.t.1.0.1: {roots}/allowed/link may not be bound: it is or contains a"
        f" link, and leads to {roots}/other: that is in none of the folders that the policy allows"
    )


def test_a_link_on_the_way_is_one_too(roots: Path) -> None:
    (roots / "allowed" / "link").symlink_to(roots)
    policy = Policy(binds=listed([str(roots / "allowed")]))
    assert f"leads to {roots}/other" in refused(roots / "allowed" / "link" / "other", policy)


def test_a_link_within_the_roots_leads_on(roots: Path) -> None:
    (roots / "allowed" / "link").symlink_to("inner")
    policy = Policy(binds=listed([str(roots / "allowed")]))
    assert refused(roots / "allowed" / "link", policy) == ""


def test_a_root_may_be_a_link_itself(roots: Path) -> None:
    (roots / "data").symlink_to(roots / "allowed")
    policy = Policy(binds=listed([str(roots / "data")]))
    assert refused(roots / "data" / "inner", policy) == ""


@pytest.mark.parametrize("forbidden", ["/etc", "/proc/sys", "/sys", "/", "/etc/passwd"])
def test_a_link_to_what_nobody_may_have_is_refused(roots: Path, forbidden: str) -> None:
    (roots / "allowed" / "link").symlink_to(forbidden)
    assert f"leads to {forbidden}: " in refused(roots / "allowed" / "link")


def test_a_link_to_the_state_is_refused(roots: Path) -> None:
    (roots / "allowed" / "link").symlink_to(roots / "other")
    policy = FOLDER.keeping_out_of(str(roots / "other"))
    assert f"{roots}/other is off limits" in refused(roots / "allowed" / "link", policy)


def test_the_state_may_lie_behind_a_link_itself(roots: Path) -> None:
    (roots / "state").symlink_to(roots / "other")
    policy = FOLDER.keeping_out_of(str(roots / "state"))
    assert "is off limits" in refused(roots / "other", policy)


def test_the_socket_of_this_very_engine_is_none_to_bind(roots: Path) -> None:
    socket = roots / "other" / "engine.sock"
    socket.touch()
    endpoint = f"unix://{socket}"
    (roots / "allowed" / "link").symlink_to(socket)
    for source in (socket, roots / "other", roots / "allowed" / "link"):
        assert "the engine's socket is inside" in refused(source, endpoint=endpoint)
    assert refused(roots / "allowed", endpoint=endpoint) == ""


@pytest.mark.parametrize("endpoint", ["tcp://big-1:2376", "ssh://big-1", "context://lab"])
def test_links_of_other_machines_are_left_to_them(roots: Path, endpoint: str) -> None:
    (roots / "allowed" / "link").symlink_to("/etc")
    assert refused(roots / "allowed" / "link", endpoint=endpoint) == ""


def test_what_is_refused_is_not_asked_of_the_engine(roots: Path) -> None:
    (roots / "allowed" / "link").symlink_to("/etc")
    wanted, engine = request(roots / "allowed" / "link"), simulated_engine()
    action = Action(
        verb=Verb.CREATE,
        node="local",
        subject=wanted.name,
        task="t",
        run=1,
        cause=Cause("new task"),
        attempt=wanted.attempt,
        request=wanted,
    )
    seed = Seed()
    done = carry_out(
        engine, action, preparing(NodeSpec("local", ""), FOLDER, Keys(seed), Disclosing(seed))
    )
    assert isinstance(done.outcome, PermanentError)
    assert engine.world.journal.calls == []
