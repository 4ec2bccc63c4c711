"""A wedged engine is noticed, told apart from one that is gone, restarted and counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.attending import condition
from tests.chaos.siege import besieging
from tests.support.private_engine import POSSIBLE
from tests.support.proxy import Proxy

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path / "engine.sock")
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def test_what_answers_pings_and_nothing_else_is_wedged(engine: Proxy) -> None:
    assert condition(engine.url) == "well"
    engine.wedge()
    assert condition(engine.url, deadline=1) == "wedged"
    engine.unwedge()
    assert condition(engine.url) == "well"
    engine.stop()
    assert condition(engine.url) == "gone"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not POSSIBLE, reason="it needs root and dockerd")
def test_a_siege_goes_on_and_tells_of_a_wedged_engine(tmp_path: Path) -> None:
    with besieging(tmp_path, 6, seed=1, deadline=4) as siege:
        rounds = siege.lay()
        next(rounds)
        siege.ground.proxy.wedge()
        assert list(rounds)
        wedges = siege.ground.count("wedged")
        assert wedges, "it was noticed"
        assert (tmp_path / "wedge-1.txt").read_text().count("goroutine")
        assert not siege.judge.faults, siege.evidence()
        assert f"engines: {wedges} wedges, 0 deaths of their own" in siege.summary()
