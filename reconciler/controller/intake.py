"""What the source and people ask for, put into force in the core.

Decides when the source is read and in which order requests are met. What a revision means is
decided by `revisions`, what a request means by `requests`. Runs in the loop's thread.
"""

import time
from collections.abc import Callable

from reconciler.controller import requests
from reconciler.controller.core import Core
from reconciler.controller.posts import Posts
from reconciler.controller.requests.desk import Desk
from reconciler.controller.revisions import Change, Revisions
from reconciler.ledger import Ledger, LedgerError, Request
from reconciler.model.hosts import Hosts

Heard = Callable[[Change, float], None]


class Intake:
    """One core's source and its desk. Where it does not `follow`, the source is not read again."""

    def __init__(  # what it stands between, each part named
        self,
        core: Core,
        ledger: Ledger,
        posts: Posts,
        revisions: Revisions | None,
        *,
        follow: bool,
        heard: Heard,
    ) -> None:
        """Ask nothing yet; `heard` is told of each reading and of the seconds that it took."""
        self._core = core
        self._desk = Desk(ledger)
        self._posts = posts
        self._revisions = revisions
        self._follow = follow
        self._heard = heard
        self._reread_at: float | None = None

    def look(self) -> None:
        """Meet what has been asked for, and read the source where it is time."""
        try:
            for request in self._desk.fresh():
                self._grant(request)
        except LedgerError:
            self._desk.look_again()
        if self._reread_at is not None and time.monotonic() >= self._reread_at:
            self.read_source()

    def answer(self) -> None:
        """Answer requests of which what follows is on record."""
        self._desk.answer()

    def read_source(self) -> None:
        """Read the source, and put in force what it shows if that may be."""
        if self._revisions is None or not self._follow:
            return
        self._reread_at = None
        began = time.monotonic()
        change = self._revisions.read(self._core.desired, self._core.history.pinned_revision)
        self._heard(change, time.monotonic() - began)
        self._take(change)

    def take_hosts(self, hosts: Hosts) -> None:
        """Have these hosts for nodes from now on, if the revision in force fits on them."""
        if self._revisions is not None and self._follow:
            self._take(self._revisions.listed(hosts, self._core.desired))

    def _take(self, change: Change) -> None:
        self._core.note(change.facts)
        for kind, level, message in change.said:
            self._core.say(kind, message, level=level)
        if change.desired is not None:
            self._core.set_desired(change.desired)
        if change.again_in is not None:
            self._reread_at = time.monotonic() + change.again_in

    def _grant(self, request: Request) -> None:
        desired, history = self._core.desired, self._core.history
        kept, now = self._desk.kept(request), self._core.now()
        judged = requests.judge(request.verb, request.arguments, desired, history, now, kept)
        self._core.note(judged.facts)
        message = judged.message
        if request.verb == "approve" and judged.ok:
            message += self._let_pass()
        self._desk.judged(request, ok=judged.ok, message=message)
        if judged.look:
            self._look_at_everything()
        if judged.reread:
            self.read_source()

    def _let_pass(self) -> str:
        """Let pass what the source itself holds back; return what the answer says of it."""
        passed = self._revisions.allow() if self._revisions is not None else ""
        if not passed:
            return ""
        when = "now" if self._follow else "by the next `apply` or `run`"
        return f"; {passed}, which waited for this, is read {when}"

    def _look_at_everything(self) -> None:
        """Ask source and nodes anew, try again what was refused, and plan everything."""
        if self._revisions is not None:
            self._revisions.nudge()
        for post in self._posts:
            post.watch.look()
        self._core.try_again()
        self._core.dirty_all()
