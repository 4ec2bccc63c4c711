"""The shell around the core: the inbox, the threads that fill it, and the wait in between.

One thread runs `Loop.run` and touches the core; nobody else does. The inbox is emptied before
each turn, so a burst of events costs one pass.
"""

import queue
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum, auto
from functools import singledispatchmethod

from reconciler.controller import happenings as said
from reconciler.controller.carrying import Carriage
from reconciler.controller.claim import Claimant
from reconciler.controller.clock import SteadyClock
from reconciler.controller.confidants import Confidants
from reconciler.controller.core import Core
from reconciler.controller.glimpses import Publisher
from reconciler.controller.happenings import Happening
from reconciler.controller.intake import Intake
from reconciler.controller.logins import NO_CREDENTIALS
from reconciler.controller.manning import Manning, OpenEngine
from reconciler.controller.node_watch import Rhythm
from reconciler.controller.posts import Posts
from reconciler.controller.revisions import Change, Revisions
from reconciler.controller.witness import Witness
from reconciler.ledger import Ledger
from reconciler.model.action import Action, Verb
from reconciler.model.desired import NodeSpec
from reconciler.model.fact import Relearned
from reconciler.model.operator import Credential
from reconciler.model.policy import FOLDER
from reconciler.planning.nodes import lost_nodes

# How soon a request of another process is noticed, in seconds.
_REQUEST_SECONDS = 0.25
# How long a first plan waits for nodes that have not answered yet, in seconds: what it places
# stays where it is. Those that were lost before are not waited for.
_FIRST_LOOK_SECONDS = 5.0
# While all workers are busy, how long results are gathered at least before they are planned with.
_GATHER_SECONDS = 0.01
# How long calls under way may take to report when the loop ends, in seconds.
_FAREWELL_SECONDS = 5.0


class Ending(Enum):
    """Why the loop has ended."""

    DONE = auto()
    HALTED = auto()
    CLAIM = auto()


class Loop:
    """Runs a core against real engines until it is done or told to halt."""

    def __init__(  # noqa: PLR0913  # the shell's parts, each named
        self,
        core: Core,
        ledger: Ledger,
        clock: SteadyClock,
        claimant: Claimant,
        open_engine: OpenEngine,
        rhythm: Rhythm,
        *,
        revisions: Revisions | None = None,
        take_over: bool = False,
        identities: tuple[str, ...] = (),
        carriage: Carriage | None = None,
        credentials: Mapping[str, Credential] = NO_CREDENTIALS,
    ) -> None:
        """Put the parts together; nothing starts before `run`."""
        self.core = core
        self.claim_refusal = ""
        self.on_turn: Callable[[Core], None] = lambda _: None
        self.witness = Witness()
        self._clock = clock
        self._carriage = carriage or Carriage(None)
        self._inbox: queue.SimpleQueue[Happening] = queue.SimpleQueue()
        manning = Manning(
            core,
            self.put,
            claimant,
            open_engine,
            rhythm,
            source=revisions.source if revisions is not None else None,
            policy=revisions.policy if revisions is not None else FOLDER,
            take_over=take_over,
            identities=identities,
            carriage=self._carriage,
            credentials=credentials,
        )
        self._posts = Posts(manning.man)
        self._manned: Mapping[str, NodeSpec] = {}
        self._intake = Intake(
            core,
            ledger,
            self._posts,
            revisions,
            follow=rhythm.follow,
            heard=self._has_read,
        )
        self._publisher = Publisher(claimant.state_folder)
        self._confidants = Confidants(manning.disclosing, lambda: core.desired, self.put)
        self._ending: Ending | None = None
        self._began = time.monotonic()
        self._took = 0.0

    def put(self, happening: Happening) -> None:
        """Tell the loop something, from any thread or signal handler."""
        self._inbox.put(happening)

    def run(self, done: Callable[[Core], bool]) -> Ending:
        """Turn until `done` says so, a Halt comes, or the claim is lost."""
        try:
            self._man_all()
            self._intake.look()
            self._confidants.begin()
            while (ending := self._ending) is None:
                began = time.monotonic()
                self._see()
                self._turn()
                self._took = time.monotonic() - began
                self.witness.turned(self.core, self._took)
                if self._looked() and done(self.core):
                    self._ending = Ending.DONE
                else:
                    self._follow()
                    self._wait()
            self._farewell()
            return ending
        finally:
            self._close()

    # --- one round -------------------------------------------------------------------------

    def _turn(self) -> None:
        if not self._looked():
            return
        actions = self.core.turn()
        self._man_all()
        for action in actions:
            self._submit(action)
        if not self.core.scribe.error:
            self._intake.answer()
        self.on_turn(self.core)

    def _submit(self, action: Action) -> None:
        post = self._posts.get(action.node)
        if post is not None:
            post.submit(action)

    def _follow(self) -> None:
        """Read the event streams, now that there is something to wait for."""
        if self._looked():
            for post in self._posts:
                post.watch.follow()

    def _see(self) -> None:
        """Pass on what is seen of running containers, and of transfers."""
        if self._publisher.due():
            seen = self._carriage.with_transfers(self._posts.seen())
            if seen != self.core.glimpses:
                self.core.glimpses = seen
                self._publisher.publish(seen)

    def _wait(self) -> None:
        wake = self.core.wake_at()
        pause = _REQUEST_SECONDS
        if wake is not None:
            pause = min(pause, max(0.0, wake - self._clock.now()))
        try:
            self._take(self._inbox.get(timeout=pause))
            self._gather()
            while True:
                self._take(self._inbox.get_nowait())
        except queue.Empty:
            pass
        self._intake.look()

    def _gather(self) -> None:
        """Hear on for as long as a turn takes, while all workers have enough to do."""
        until = time.monotonic() + max(_GATHER_SECONDS, self._took)
        while self._saturated() and (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                self._take(self._inbox.get(timeout=min(left, _GATHER_SECONDS)))

    def _saturated(self) -> bool:
        """Whether all workers have enough to do, so that a later plan costs nobody anything."""
        posts = list(self._posts)
        return bool(posts) and all(post.workers.saturated() for post in posts)

    def _has_read(self, change: Change, seconds: float) -> None:
        self.witness.read(change, seconds)

    def _looked(self) -> bool:
        if time.monotonic() - self._began > _FIRST_LOOK_SECONDS:
            return True
        return self.core.board.all_asked(but=lost_nodes(self.core.history))

    # --- what is heard ---------------------------------------------------------------------

    def _take(self, happening: Happening) -> None:
        self._hear(happening)
        self.witness.heard(happening)

    @singledispatchmethod
    def _hear(self, happening: object) -> None:
        message = f"not a happening: {happening!r}"
        raise TypeError(message)

    @_hear.register
    def _(self, happening: said.Finished) -> None:
        node = happening.action.node
        post = self._posts.get(node)
        if happening.action.verb is Verb.COLLECT and isinstance(happening.outcome, said.Done):
            self._carriage.forget(happening.action.subject)
        unreachable = self.core.finished(post.finished(happening) if post else happening)
        if unreachable and post is not None:
            self.core.doubt(node, str(happening.outcome))
            post.watch.doubt()

    @_hear.register
    def _(self, happening: said.Listed) -> None:
        self.core.listed(happening)
        post = self._posts.get(happening.node)
        if post is not None:
            post.listed(happening, self.core.history.owner)

    @_hear.register
    def _(self, happening: said.Hinted) -> None:
        post = self._posts.get(happening.node)
        if self.core.hinted(happening) and post is not None:
            post.watch.look()

    @_hear.register
    def _(self, happening: said.NodeLost) -> None:
        self.core.lost(happening)
        post = self._posts.get(happening.node)
        if post is not None:
            self.core.drop(post.workers.empty())

    @_hear.register
    def _(self, happening: said.LedgerLost) -> None:
        if not self.core.history.lost:
            self.core.note([Relearned(confirmed=False, at=self._clock.now())])
            self.core.flush()
        happening.recorded.set()

    @_hear.register
    def _(self, happening: said.ClaimLost) -> None:
        self.core.say("claim", happening.message, level="error", node=happening.node)
        self.claim_refusal = happening.message
        self._ending = Ending.CLAIM

    @_hear.register
    def _(self, happening: said.SecretsRead) -> None:
        self.core.secrets_read(happening)

    @_hear.register
    def _(self, happening: said.SourceChanged) -> None:
        del happening
        self._intake.read_source()

    @_hear.register
    def _(self, happening: said.SourceTold) -> None:
        self.core.say("source", happening.message, level=happening.level)

    @_hear.register
    def _(self, happening: said.HostsListed) -> None:
        self._intake.take_hosts(happening.hosts)

    @_hear.register
    def _(self, happening: said.Halt) -> None:
        self.core.say("halt", happening.reason)
        self._ending = Ending.HALTED

    # --- nodes -----------------------------------------------------------------------------

    def _man_all(self) -> None:
        """Have the nodes watched that there are now."""
        if self.core.desired.nodes is not self._manned:
            self._manned = self.core.desired.nodes
            self.core.drop(self._posts.meet(self._manned))

    def _farewell(self) -> None:
        """Begin nothing more, and record what calls under way still bring."""
        for post in self._posts:
            post.workers.close()
        self.core.underway.keep_only({s for post in self._posts for s in post.workers.begun()})
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while self.core.underway and (left := deadline - time.monotonic()) > 0:
            try:
                happening = self._inbox.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(happening, said.Finished):
                self.core.finished(happening)
        self.core.flush()

    def _close(self) -> None:
        self._confidants.close()
        self._posts.close()
        self._publisher.close()
