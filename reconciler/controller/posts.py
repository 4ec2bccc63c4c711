"""Who works on each node: the watch that lists it, the workers that make calls, the lookout.

Decides nothing: a post is manned while its node is declared as it was.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from reconciler.controller.happenings import Done, Finished, Listed
from reconciler.controller.lookout import Lookout
from reconciler.controller.node_watch import NodeWatch
from reconciler.controller.workers import Workers
from reconciler.model.action import Action, Verb
from reconciler.model.desired import NodeSpec
from reconciler.model.headway import Glimpse
from reconciler.model.identity import AttemptKey


class Post(Struct, frozen=True):
    """One node's threads."""

    spec: NodeSpec
    watch: NodeWatch
    workers: Workers
    lookout: Lookout

    def submit(self, action: Action) -> None:
        """Have an action carried out, with its events read."""
        self.watch.follow()
        self.workers.submit(action)

    def listed(self, seen: Listed, owner: Callable[[AttemptKey], AttemptKey]) -> None:
        """Let the lookout know what a list shows; `owner` knows what tasks are called now."""
        there = {container.id for container in seen.containers}
        live = {c.id: owner(c.attempt_key).key.task for c in seen.containers if c.live}
        self.lookout.listed(there, live)

    def finished(self, done: Finished) -> Finished:
        """Let the lookout know of a result; return it with what the container was seen to use."""
        action, outcome = done.action, done.outcome
        if not isinstance(outcome, Done):
            return done
        if action.verb is Verb.START:
            self.lookout.started(action.container, action.task)
        elif action.verb is Verb.COLLECT and not (outcome.detail and outcome.detail.container.live):
            used = self.lookout.ended(action.container)
            return replace(done, outcome=replace(outcome, usage=used))
        return done

    def close(self) -> set[str]:
        """Begin nothing more, and let the engine go; return the subjects that were not begun."""
        self.watch.close()
        dropped = self.workers.close()
        self.lookout.close()
        self.watch.engine.close()
        return dropped


class Posts:
    """The posts by node."""

    def __init__(self, man: Callable[[NodeSpec], Post]) -> None:
        """Man posts by `man`, which starts nothing."""
        self._man = man
        self._posts: dict[str, Post] = {}

    def __iter__(self) -> Iterator[Post]:
        """Return all posts."""
        return iter(self._posts.values())

    def get(self, node: str) -> Post | None:
        """Return a node's post, None where it has none."""
        return self._posts.get(node)

    def meet(self, wanted: Mapping[str, NodeSpec]) -> set[str]:
        """Watch these nodes, and no others; one that is reached as before stays manned.

        Return the subjects of what was handed in for others and has not begun: it is dropped.
        """
        dropped = set[str]()
        for name, post in list(self._posts.items()):
            if name not in wanted or not wanted[name].same_way(post.spec):
                dropped |= self._posts.pop(name).close()
        for name, spec in wanted.items():
            if name not in self._posts:
                self._posts[name] = self._man(spec)
                self._posts[name].watch.start()
        return dropped

    def seen(self) -> dict[str, Glimpse]:
        """Return what was last seen of the containers that run, by id."""
        return {c: glimpse for post in self for c, glimpse in post.lookout.seen().items()}

    def close(self) -> None:
        """Close all of them."""
        self.meet({})
