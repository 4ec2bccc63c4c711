"""A whole reconciler on several simulated machines, each of which can go away and come back."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from reconciler.controller.core import Core
from reconciler.controller.inline import Inline
from reconciler.engines.simulated import SimulatedEngine, World
from reconciler.model.action import Action, Verdict
from reconciler.model.desired import Desired, DesiredTask, NodeSpec
from reconciler.model.fact import Fact
from reconciler.model.observed import Phase
from reconciler.model.policy import Maximum
from reconciler.model.pool import DesiredPool
from tests.support.desired import make_desired
from tests.support.lab import MemoryRecord


class Many:
    """One project on machines with these names; `nodes` is what its revision asks for."""

    def __init__(self, *names: str, **spec: Any) -> None:  # noqa: ANN401  # a node's own fields
        self.now = 1_000_000.0
        self.worlds = {name: World(name, lambda: self.now) for name in names}
        for world in self.worlds.values():
            world.images = {"busybox:stable": "sha256:b0"}
        self.nodes = {name: NodeSpec(name, f"unix:///{name}", **spec) for name in names}
        self.record = MemoryRecord()
        self.revision = 0
        self.tasks: tuple[DesiredTask, ...] = ()
        self.quota = Maximum()
        self.pools: tuple[tuple[DesiredPool, DesiredTask], ...] = ()
        self.desired = self.next()
        self.driver = self._driver()

    @property
    def core(self) -> Core:
        return self.driver.core

    def apply(self, *tasks: DesiredTask) -> list[Action]:
        """Ask for these tasks from now on, and do what that takes."""
        self.tasks = tasks
        return self.commit()

    def change(self, name: str, **fields: Any) -> list[Action]:  # noqa: ANN401  # as above
        """Declare a node anew."""
        self.nodes[name] = replace(self.nodes[name], **fields)
        return self.commit()

    def rename(self, old: str, name: str) -> list[Action]:
        """Declare a node under another name: the same engine."""
        spec = self.nodes.pop(old)
        self.nodes[name] = replace(spec, name=name)
        self.worlds[name] = self.worlds.pop(old)
        self.worlds[name].node = name
        self.driver.engines = {n: SimulatedEngine(world) for n, world in self.worlds.items()}
        return self.commit()

    def forget(self, name: str) -> list[Action]:
        """Do not declare a node any more."""
        self.nodes = {n: spec for n, spec in self.nodes.items() if n != name}
        return self.commit()

    def commit(self) -> list[Action]:
        self.desired = self.next()
        self.core.set_desired(self.desired)
        return self.settle()

    def settle(self) -> list[Action]:
        self.driver.look()
        return self.driver.settle()

    def note(self, *facts: Fact) -> list[Action]:
        """Put facts on record, as requests do."""
        self.core.note(facts)
        return self.settle()

    def wait(self, seconds: float) -> list[Action]:
        self.now += seconds
        return self.settle()

    def open(self, *pools: tuple[DesiredPool, DesiredTask]) -> list[Action]:
        """Ask for these pools from now on."""
        self.pools = pools
        return self.commit()

    def slots(self, pool: str = "pool") -> dict[int, str]:
        """Return how it stands with the slots of a pool, by number: state and node."""
        view = self.core.assessment.pools.get(pool)
        return {s.number: f"{s.state} {s.node}" for s in view.slots} if view else {}

    def crash(self, *, look: bool = True) -> None:
        """Lose everything that is not on disk or in the engines; and look at the nodes, or not."""
        self.driver = self._driver(look=look)

    def lose(self, name: str) -> list[Action]:
        """Let a machine not answer any more; what runs there runs on."""
        self.worlds[name].unreachable = True
        return self.settle()

    def heal(self, name: str) -> list[Action]:
        self.worlds[name].unreachable = False
        return self.settle()

    def finish(self, name: str, container: str, code: int = 0) -> None:
        """Let a program end, seen or not."""
        self.worlds[name].finish(container, code)

    def live(self) -> Mapping[str, list[str]]:
        """Return by machine the names of the containers that really run."""
        found = {
            name: sorted(b.name for b in world.boxes.values() if b.phase is Phase.RUNNING)
            for name, world in self.worlds.items()
        }
        return {name: live for name, live in found.items() if live}

    def count(self) -> Counter[str]:
        return Counter({name: len(live) for name, live in self.live().items()})

    def verdict(self, task: str = "work", instance: int = 0) -> Verdict:
        return next(v for v in self.core.verdicts[task] if v.key.instance == instance)

    def told(self, kind: str) -> list[str]:
        """Return what the event log says of this kind."""
        return [entry.message for entry in self.record.entries if entry.kind == kind]

    def next(self) -> Desired:
        """Return another revision of what is asked for."""
        self.revision += 1
        tasks = (*self.tasks, *(task for _, task in self.pools))
        made = make_desired(*tasks, revision=f"f-{self.revision}")
        pools = {pool.name: pool for pool, _ in self.pools}
        return replace(made, nodes=dict(self.nodes), quota=self.quota, pools=pools)

    def _driver(self, *, look: bool = True) -> Inline:
        core = Core(self.desired, self.record, lambda: self.now)
        engines = {name: SimulatedEngine(world) for name, world in self.worlds.items()}
        driver = Inline(core, engines if look else {})
        driver.engines = engines
        return driver
