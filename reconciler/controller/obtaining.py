"""How an image comes to a node: fetched, built or loaded, with what that takes."""

from collections.abc import Iterator

from msgspec import Struct, field

from reconciler.controller.logins import FindLogin, anybody
from reconciler.controller.materials import Supply, nothing
from reconciler.controller.transfers import Transfers
from reconciler.engines.engine import Engine, Progress
from reconciler.model.action import Action
from reconciler.model.images import Archive, Build


class Means(Struct, frozen=True):
    """What images take: the content that they are made of, and how registries are asked.

    `transfers` are told how far it is.
    """

    supply: Supply = nothing
    login: FindLogin = anybody
    transfers: Transfers = field(default_factory=Transfers)


IN_MEMORY = Means()
"""What an engine in memory needs: nothing."""


def obtain(engine: Engine, action: Action, means: Means, progress: Progress | None) -> None:
    """Have an action's image on its node; raises EngineError where it cannot be had."""
    with means.transfers.of(action.subject, 0) as moved:

        def content() -> Iterator[bytes]:
            for piece in means.supply(action):
                moved(len(piece))
                yield piece

        if isinstance(action.origin, Build):
            engine.build(action.image, action.origin, content, progress)
        elif isinstance(action.origin, Archive):
            engine.load(action.image, action.origin.path, content, progress)
        else:
            wanted = action.reference or action.image
            engine.pull(wanted, progress, means.login(action), moved)
