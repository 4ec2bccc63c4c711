"""Where a siege is laid: one engine, or four nodes that fail one by one meanwhile.

On the way to one of the engines is a proxy, by which it is seen when a reconciler looks at it.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.attending import DEADLINE, Attendant, Condition
from tests.chaos.hazards import Hazards
from tests.e2e.project import Json, Project
from tests.support.docker import Outside
from tests.support.engines import SOCKET
from tests.support.nodes import Nodes, four_nodes
from tests.support.private_engine import POSSIBLE, PrivateEngine
from tests.support.proxy import Proxy

# Which of four nodes is asked through the proxy.
WATCHED: Final = "n4"
# Shorter than some cuts of a link, so that what was there begins elsewhere.
_TIMEOUT: Final = "3s"


@dataclass
class Ground:
    """Engines by name with whoever attends to them; `nodes` is nothing where there is only one."""

    proxy: Proxy
    engines: dict[str, str]
    attendants: dict[str, Attendant]
    nodes: Nodes | None = None
    hazards: Hazards | None = None
    views: dict[str, Outside] = field(default_factory=dict)

    def prepare(self, project: Project) -> None:
        """Let a project be carried out here."""
        self.views = {name: Outside(project.name, url) for name, url in self.engines.items()}
        project.reconciler.env["DOCKER_HOST"] = self.proxy.url
        if self.nodes is None:
            return
        project.reconciler.env["RECONCILER_SSH_CONFIG"] = str(self.nodes.config)
        for name in self.engines:
            manifest = self.nodes.manifest(name, nodeTimeout=_TIMEOUT)
            if name == WATCHED:
                manifest["spec"]["endpoint"] = self.proxy.url
            project.declare(manifest)

    # --- what has befallen it ------------------------------------------------------------------

    @property
    def restarts(self) -> int:
        """How often anything was not well."""
        found = sum(len(attendant.found) for attendant in self.attendants.values())
        return found + (len(self.hazards.done) if self.hazards else 0)

    def count(self, what: Condition) -> int:
        """Return how often an engine was found so."""
        found = [trouble for a in self.attendants.values() for trouble in a.found]
        return sum(trouble.what == what for trouble in found)

    def troubled(self, begin: float, end: float) -> bool:
        """Whether the engine behind the proxy was ill, or away, in any part of a span."""
        watched = WATCHED if self.nodes else next(iter(self.engines))
        found = [*self.attendants[watched].found]
        found += [t for name, t in self.hazards.done if name == watched] if self.hazards else []
        return any(trouble.since <= end and begin <= trouble.until for trouble in found)

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Let nothing befall the engines for the length of a block, and nobody restart one."""
        with ExitStack() as held:
            held.enter_context(self.peace)
            for attendant in self.attendants.values():
                held.enter_context(attendant.calm)
            yield

    @property
    def peace(self) -> AbstractContextManager[object]:
        """What is held while nothing is to befall nodes; an engine that is ill is restarted."""
        return self.hazards.peace if self.hazards else nullcontext()

    # --- what is there -------------------------------------------------------------------------

    def ids(self, task: str = "") -> dict[str, str]:
        """Return name → id of all containers."""
        return {name: made for view in self.views.values() for name, made in view.ids(task).items()}

    def running(self, task: str) -> list[dict[str, str]]:
        """Return the variables of each container that runs."""
        views = self.views.values()
        return [view.env(name) for view in views for name in view.running(task)]

    def volumes(self) -> list[str]:
        """Return the names of all volumes, claims among them."""
        return [name for view in self.views.values() for name in view.volumes()]

    def containers(self) -> list[tuple[str, Json]]:
        """Return each engine's entries of the list call."""
        return [(node, entry) for node, view in self.views.items() for entry in view.containers()]

    def close(self) -> None:
        """Let nothing befall it any more, and look away."""
        if self.hazards:
            self.hazards.stop()
        for view in self.views.values():
            view.close()


@contextmanager
def one_engine(home: Path, deadline: int = DEADLINE) -> Iterator[Ground]:
    """Have an engine of one's own; whoever may not run one takes this machine's.

    One that takes longer than `deadline` seconds for an easy answer, twice, is ill, and restarted,
    but for this machine's.
    """
    own = PrivateEngine() if POSSIBLE else None
    url = own.url if own else SOCKET
    proxy = Proxy(home / "engine.sock", url)
    attendant = Attendant(proxy.url, _restarting(own, proxy, home), deadline)
    if own:
        own.start()
    proxy.start()
    attendant.start()
    try:
        yield Ground(proxy, {"local": url}, {"local": attendant})
    finally:
        attendant.stop()
        proxy.stop()
        if own:
            own.close()


@contextmanager
def four_engines(home: Path, seed: int) -> Iterator[Ground]:
    """Have four nodes, to which things happen once the ground's hazards are started."""
    with four_nodes(home / "nodes") as nodes, ExitStack() as held:
        proxy = Proxy(home / "engine.sock", nodes.engines[WATCHED].url)
        proxy.start()
        held.callback(proxy.stop)
        attendants = {
            name: Attendant(engine.url, _restarting(engine, proxy, home))
            for name, engine in nodes.engines.items()
        }
        hazards = Hazards(nodes, random.Random(seed), lambda node: attendants[node].calm)
        for attendant in attendants.values():
            attendant.start()
            held.callback(attendant.stop)
        urls = {name: engine.url for name, engine in nodes.engines.items()}
        yield Ground(proxy, urls, attendants, nodes, hazards)


def _restarting(own: PrivateEngine | None, proxy: Proxy, home: Path) -> Callable[[Condition], None]:
    """Return how an engine is mended. What a wedged one was doing is kept in `home`."""

    def restart(found: Condition) -> None:
        assert own is not None, f"the engine at {SOCKET} is {found}: restart it"
        if found == "wedged":
            number = len([*home.glob("wedge-*.txt")]) + 1
            (home / f"wedge-{number}.txt").write_text(own.stacks())
        own.restart("kill")
        proxy.unwedge()

    return restart
