"""What a node is manned with: who watches it, who looks on, and who makes its calls.

Knows what each of them needs to be told, secrets and logins included. Must not know what any of
them is asked for.
"""

from collections.abc import Callable, Mapping, Sequence

from reconciler.controller.carrying import Carriage
from reconciler.controller.claim import Claimant
from reconciler.controller.core import Core
from reconciler.controller.disclosing import Disclosing
from reconciler.controller.happenings import Happening
from reconciler.controller.keys import Keys
from reconciler.controller.logins import logging_in
from reconciler.controller.lookout import Lookout
from reconciler.controller.materials import supplying
from reconciler.controller.node_watch import NodeWatch, Rhythm
from reconciler.controller.obtaining import Means
from reconciler.controller.posts import Post
from reconciler.controller.preparing import preparing
from reconciler.controller.seed import Seed
from reconciler.controller.workers import Workers
from reconciler.engines.engine import Engine
from reconciler.model.desired import NodeSpec
from reconciler.model.operator import Credential
from reconciler.model.policy import Policy

OpenEngine = Callable[[NodeSpec], Engine]


class Manning:
    """Mans the nodes of one loop; `disclosing` is how it reads secrets."""

    def __init__(  # noqa: PLR0913  # the shell's parts, each named
        self,
        core: Core,
        put: Callable[[Happening], None],
        claimant: Claimant,
        open_engine: OpenEngine,
        rhythm: Rhythm,
        *,
        source: object,
        policy: Policy,
        take_over: bool,
        identities: tuple[str, ...],
        carriage: Carriage,
        credentials: Mapping[str, Credential],
    ) -> None:
        """Nothing is opened before a node is to be manned. `put` takes what they have to say.

        `source` is where manifests come from, if it is of a kind that hands out contents.
        """
        self._core = core
        self._put = put
        self._claimant = claimant
        self._open_engine = open_engine
        self._rhythm = rhythm
        self._policy = policy
        self._take_over = take_over
        self._carriage = carriage
        seed = Seed(claimant.state_folder)
        self._keys, self.disclosing = Keys(seed), Disclosing(seed, identities)
        logins = logging_in(credentials, self.disclosing)
        self._means = Means(supplying(source), logins, carriage.transfers)

    def man(self, spec: NodeSpec) -> Post:
        """Open a node's engine, and return those who are at work on it."""
        engine = self._open_engine(spec)
        watch = NodeWatch(
            engine,
            self._claimant,
            self._put,
            lambda: self._core.board.step,
            self._rhythm,
            take_over=self._take_over,
        )
        lookout = Lookout(engine, self._expressions_of)
        prepare = preparing(spec, self._policy, self._keys, self.disclosing)
        workers = Workers(engine, self._put, prepare, self._carriage.carry, self._means)
        return Post(spec, watch, workers, lookout)

    def _expressions_of(self, task: str) -> Sequence[str]:
        """Return what finds progress in a task's output. Asked for in any thread."""
        found = self._core.desired.tasks.get(task)
        return found.progress if found else ()
