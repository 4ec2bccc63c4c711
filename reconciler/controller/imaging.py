"""What people ask of images apart from running them: where they are, what their tags stand for.

Decides what of a lock stays, and which images nobody needs any more. Engines are asked one call at
a time.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from reconciler.controller.obtaining import Means, obtain
from reconciler.engines.engine import Engine, EngineError, Present
from reconciler.model.action import Action, Cause, Verb
from reconciler.model.confidence import sealed_for
from reconciler.model.desired import Desired, DesiredTask
from reconciler.model.images import digest_in

Engines = Mapping[str, Engine]
Ask = Callable[[str, DesiredTask], str]
"""Returns the digest that an image's registry has for its tag, for a task; raises EngineError."""


class Standing(Struct, frozen=True):
    """An image that a source uses, on one node: None where it is not there, or nobody can say."""

    image: str
    node: str
    present: Present | None
    locked: str
    problem: str = ""


class Locking(Struct, frozen=True):
    """What a lock file is to hold, and what of it is new, has moved, or goes."""

    locks: Mapping[str, str]
    new: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything differs."""
        return bool(self.new or self.moved or self.gone)


def tags(desired: Desired) -> dict[str, DesiredTask]:
    """Return the images that are named by a tag alone, each with a task that uses it."""
    return {
        task.spec.image: task
        for task in desired.tasks.values()
        if task.spec.origin is None and task.spec.image and not digest_in(task.spec.image)
    }


def standings(desired: Desired, engines: Engines) -> Iterator[Standing]:
    """Yield where each image is that is asked for, by image and node."""
    images = sorted({task.spec.image for task in desired.tasks.values() if task.spec.image})
    for image in images:
        locked = desired.locks.get(image, "")
        for node, engine in sorted(engines.items()):
            try:
                found = engine.look(f"{image}@{locked}" if locked else image)
            except EngineError as error:
                yield Standing(image, node, None, locked, str(error))
            else:
                yield Standing(image, node, found, locked)


def differing(desired: Desired, locks: Mapping[str, str] | None = None) -> Locking:
    """Return what a lock file lacks, and what it holds for nothing; no registry is asked."""
    known, wanted = desired.locks if locks is None else locks, tags(desired)
    return Locking(
        {image: digest for image, digest in known.items() if image in wanted},
        new=tuple(sorted(wanted.keys() - known.keys())),
        gone=tuple(sorted(known.keys() - wanted.keys())),
    )


def held(desired: Desired, ask: Ask) -> Locking:
    """Return how a lock file differs from what its tags stand for now, whose digests it has then.

    For `ask` see `resolved`; what is not locked is not asked for.
    """
    found, wanted = differing(desired), tags(desired)
    now = {image: ask(image, wanted[image]) for image in sorted(found.locks)}
    moved = tuple(image for image, digest in now.items() if digest != found.locks[image])
    return Locking(now, found.new, moved, found.gone)


def resolved(desired: Desired, ask: Ask, anew: Collection[str] = ()) -> Locking:
    """Return the lock of a source: what it has stays, but for those that are asked for `anew`.

    `ask` returns the digest that an image's registry has for its tag, and may raise EngineError.
    """
    found, wanted = differing(desired), tags(desired)
    locks, moved = dict(found.locks), []
    for image in (*found.new, *sorted(set(anew) & locks.keys())):
        digest = ask(image, wanted[image])
        if image in locks and locks[image] != digest:
            moved.append(image)
        locks[image] = digest
    return Locking(locks, found.new, tuple(moved), found.gone)


def pull_of(desired: Desired, task: DesiredTask, node: str) -> Action:
    """Return the action that has a task's image on a node."""
    login, spec = task.spec.login, task.spec
    origins = (one for one in ((login.username_from, login.password) if login else ()) if one)
    return Action(
        verb=Verb.PULL,
        node=node,
        subject=f"image:{node}:{spec.image}",
        task=task.name,
        run=0,
        cause=Cause("by request", revision=desired.revision),
        image=spec.image,
        origin=spec.origin,
        login=login,
        sealed=sealed_for(origins, desired.sealed.items()),
    )


def make(desired: Desired, task: DesiredTask, engine: Engine, means: Means) -> bool:
    """Have a task's image made on an engine; return whether it was not there before.

    Raises:
        EngineError: when it cannot be made.
    """
    if engine.resolve(task.spec.image) is not None:
        return False
    obtain(engine, pull_of(desired, task, engine.node), means, None)
    return True


def unneeded(desired: Desired, engine: Engine) -> list[Present]:
    """Return the images that were made of the source and that it does not ask for now."""
    wanted = {task.spec.image for task in desired.tasks.values()}
    return [image for image in engine.made(desired.project) if image.name not in wanted]


def first_answer(engines: Iterable[Engine], ask: Callable[[Engine], str]) -> str:
    """Return what the first engine says that knows; raises what the last one says otherwise."""
    last: EngineError | None = None
    for engine in engines:
        try:
            return ask(engine)
        except EngineError as error:
            last = error
    if last is None:
        message = "a source has at least one node"
        raise ValueError(message)
    raise last
