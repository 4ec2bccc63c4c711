import queue
from collections.abc import Callable, Iterator

import pytest

from reconciler.forges import Forge, Kind, Statuses
from reconciler.secrets import Secret
from tests.support.forge import StandIn, stand_in

TOKEN = "t0ken-that-nobody-may-see"
SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"

Opener = Callable[..., Statuses]


@pytest.fixture
def forge() -> Iterator[StandIn]:
    with stand_in() as opened:
        yield opened


@pytest.fixture
def told() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def opened(
    forge: StandIn, told: queue.Queue[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opener]:
    """Open statuses of a forge of some kind, which stands at the stand-in."""
    monkeypatch.setenv("FORGE_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "*")
    made: list[Statuses] = []

    def make(kind: Kind = Kind.GITEA, source: str = "", **settings: str) -> Statuses:
        configured = Forge(kind=kind, token=Secret(env="FORGE_TOKEN"), **settings)
        source = source or f"{forge.url}/lab/fleet.git"
        made.append(Statuses(configured, source, "lab", told.put, pause=0.01))
        return made[-1]

    yield make
    for statuses in made:
        statuses.close(0.5)
