"""A run of its own from beginning to end: through the loop, to an exit code, to nothing left.

Decides when it is over, what a signal does, and which exit code stands for all instances.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from reconciler.cli import session
from reconciler.cli.data import bucket_opener
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.onerun.attended import Audience, attended
from reconciler.cli.place import Place, opener
from reconciler.cli.telling import Teller
from reconciler.cli.text import complain
from reconciler.controller.loop import Ending
from reconciler.controller.manning import OpenEngine
from reconciler.controller.writing import Options, Writer, complete, gone, writer
from reconciler.engines.engine import EngineError
from reconciler.ledger import Ledger
from reconciler.model.action import InstanceState
from reconciler.model.desired import Desired
from reconciler.model.fact import Result
from reconciler.model.identity import AttemptKey
from reconciler.model.run import Attempt
from reconciler.sources.source import Snapshot

if TYPE_CHECKING:
    from reconciler.controller.core import Core

# What `docker run` returns where it could not make, or not start, a container.
_NOT_BEGUN: Final = 125
_SIGNALLED: Final = 128
_LAST: Final = 2  # of the signals that are met in good order
_PATIENCE: Final = 5.0  # seconds for what is still on its way when all have ended
_ENDED: Final = {InstanceState.SUCCEEDED, InstanceState.FAILED, InstanceState.CANCELLED}


class Manner(Struct, frozen=True):
    """How it is run: whose word is what it comes to (None: all instances'), and what is kept."""

    task: str
    decisive: int | None
    keep: bool


def live(
    place: Place,
    found: tuple[Snapshot, Desired],
    manner: Manner,
    audience: Audience,
    teller: Teller,
) -> int:
    """Run the one task, take everything down again, and return its exit code.

    Raises:
        Failure: it could not be begun, or something is left.
    """
    snapshot, desired = found
    chosen = Options(
        verb="up",
        afresh=True,
        state=place.state,
        policy=place.policy,
        open_engine=_opener(place, audience),
        open_bucket=bucket_opener(place.data),
        cache=place.data.cache,
        hosts=place.hosts,
        identities=place.identities,
        credentials=place.data.credentials,
    )
    with writer(place.source, desired, chosen) as opened:
        opened.loop.on_turn = teller.turn
        session.listen(opened, teller)
        session.put_in_force(opened, snapshot)
        opened.give_hosts(place.hosts)
        life = _Life(opened, manner, audience, opener(place))
        with _signals(life):
            ending = opened.loop.run(session.heard(life.over))
        teller.close()
        if ending is Ending.CLAIM:
            raise Failure(opened.loop.claim_refusal, Exit.HELD)
        if not manner.keep:
            _clean_up(opened, place)
    return life.signalled or life.code


class _Life:
    """How far it is, asked by the loop after each turn."""

    def __init__(
        self, opened: Writer, manner: Manner, audience: Audience, engine_of: OpenEngine
    ) -> None:
        self.signals = 0
        self.signalled = 0
        self.code = int(Exit.FAILED)
        self._opened = opened
        self._manner = manner
        self._audience = audience
        self._engine_of = engine_of
        self._met = 0
        self._ending = False

    def over(self, core: "Core") -> bool:
        """Whether nothing is left to do; ask for what is to be done next."""
        if self._ending:
            return gone(core) or _silent(core)
        self.signals += self._audience.gone and not self.signals
        if self.signals > self._met:
            self._met = self.signals
            self._heed(core)
        if not (complete(core) or _stuck(core)):
            return False
        self._conclude(core)
        if self._manner.keep:
            return True
        self._ending = True
        Ledger.append_request(self._opened.folder, "destroy", {})
        return False

    def _heed(self, core: "Core") -> None:
        """Have it stopped, with its grace; at another signal at once."""
        if self.signals == 1:
            Ledger.append_request(self._opened.folder, "stop", {"task": self._manner.task})
            return
        for node in core.board.nodes.values():
            for one in [one for one in node.containers.values() if one.live]:
                with suppress(EngineError):  # its grace ends it as well
                    self._engine_of(core.desired.nodes[node.name]).signal(one.id, "KILL")

    def _conclude(self, core: "Core") -> None:
        self._audience.hear_out(_PATIENCE)
        for verdict in core.all_verdicts():
            record = core.history.attempt(AttemptKey(verdict.key, verdict.run, verdict.attempt))
            begun = record is not None and record.exit_code is not None
            if not begun and verdict.state is not InstanceState.CANCELLED:
                complain(f"{verdict.key}: {verdict.reason}")
        self.code = code_of(core, self._manner)


def code_of(core: "Core", manner: Manner) -> int:
    """Return the exit code of the instance that decides, else the highest of all."""
    known, task = core.history.tasks.get(manner.task), core.desired.tasks[manner.task]
    numbers = [*task.instances] if manner.decisive is None else [manner.decisive]
    run = max(known.runs.values(), key=lambda run: run.number) if known and known.runs else None
    attempts = [run.attempts_of(number)[-1:] if run else () for number in numbers]
    return max((_code(attempt[0]) if attempt else _NOT_BEGUN for attempt in attempts), default=0)


def _code(attempt: Attempt) -> int:
    if attempt.result is Result.SUCCEEDED:
        return 0
    if attempt.exit_code is None:
        return _NOT_BEGUN
    return attempt.exit_code or int(Exit.FAILED)


def _stuck(core: "Core") -> bool:
    """Whether some instance cannot go on, and none is at work: another time is another `up`."""
    verdicts = core.all_verdicts()
    busy = any(verdict.container and verdict.state not in _ENDED for verdict in verdicts)
    return core.at_rest() and any(verdict.blocked for verdict in verdicts) and not busy


def _silent(core: "Core") -> bool:
    """Whether all that may be left is on nodes that do not answer."""
    nodes = core.board.nodes.values()
    heard = all(node.asked for node in nodes) and not all(node.known for node in nodes)
    return heard and core.at_rest() and not any(node.known and node.containers for node in nodes)


def _opener(place: Place, audience: Audience) -> OpenEngine:
    engine_of = opener(place)
    return lambda spec: attended(engine_of(spec), audience)


@contextmanager
def _signals(life: _Life) -> Iterator[None]:
    """Let the first signals be met in good order; the third one ends this at once."""

    def hear(number: int, frame: FrameType | None) -> None:
        del frame
        life.signals += 1
        life.signalled = _SIGNALLED + number
        if life.signals > _LAST:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _clean_up(opened: Writer, place: Place) -> None:
    """Remove the volumes that it owned, and give the claim back.

    Raises:
        Failure: a node does not answer on which something was made.
    """
    engine_of, core = opener(place), opened.core
    runs = [run for task in core.history.tasks.values() for run in task.runs.values()]
    used = {a.node for run in runs for attempts in run.attempts.values() for a in attempts}
    for name, node in core.board.nodes.items():
        if not node.known:
            if name in used:
                raise Failure(f"node {name} does not answer, so it is not clean: {node.reason}")
            continue
        engine = engine_of(core.desired.nodes[name])
        for volume in engine.volumes(opened.project):
            engine.remove_volume(volume)
        engine.release(opened.project)
