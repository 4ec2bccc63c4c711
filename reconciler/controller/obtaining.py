"""How an image comes to a node: fetched, built or loaded, with what that takes."""

from collections.abc import Iterator

from msgspec import Struct

from reconciler.controller.logins import FindLogin, anybody
from reconciler.controller.materials import Supply, nothing
from reconciler.engines.engine import Engine, Progress
from reconciler.model.action import Action
from reconciler.model.images import Archive, Build


class Means(Struct, frozen=True):
    """What images take: the content that they are made of, and how registries are asked."""

    supply: Supply = nothing
    login: FindLogin = anybody


IN_MEMORY = Means()
"""What an engine in memory needs: nothing."""


def obtain(engine: Engine, action: Action, means: Means, progress: Progress | None) -> None:
    """Have an action's image on its node; raises EngineError where it cannot be had."""

    def content() -> Iterator[bytes]:
        return means.supply(action)

    if isinstance(action.origin, Build):
        engine.build(action.image, action.origin, content, progress)
    elif isinstance(action.origin, Archive):
        engine.load(action.image, action.origin.path, content, progress)
    else:
        engine.pull(action.reference or action.image, progress, means.login(action))
