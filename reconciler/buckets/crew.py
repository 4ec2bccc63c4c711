"""Several hands that do the same to many things, and give up together.

Decides who does what next, and that one who is refused for good ends it for all: what is denied
or full for one is so for the others. Must not know what is done.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

from reconciler.buckets.bucket import BucketError, DeniedError, FullError

T = TypeVar("T")
HANDS: Final = 8
_GLANCE: Final = 0.2


class Done(Generic[T]):
    """Something that is over: as it should be, or with an error."""

    def __init__(self, thing: T, error: Exception | None = None) -> None:
        self.thing = thing
        self.error = error


def together(
    things: Iterable[T], work: Callable[[T], None], hands: int = HANDS
) -> Iterator[Done[T]]:
    """Do something to each thing, several at a time; yield each once it is over.

    The hands are threads that end with the process. What is refused for good is the last to be
    yielded. An error that is none of a bucket's or of the system's is a bug, and raised.
    """
    todo: queue.SimpleQueue[T] = queue.SimpleQueue()
    over: queue.SimpleQueue[Done[T]] = queue.SimpleQueue()
    left = 0
    for thing in things:
        todo.put(thing)
        left += 1
    for _ in range(min(hands, left)):
        threading.Thread(target=_labour, args=(todo, over, work), daemon=True).start()
    while left:
        try:
            done = over.get(timeout=_GLANCE)  # so that Ctrl-C is heard
        except queue.Empty:
            continue
        if done.error and not isinstance(done.error, BucketError | OSError):
            raise done.error
        yield done
        left -= 1
        if isinstance(done.error, DeniedError | FullError):
            return


def _labour(
    todo: "queue.SimpleQueue[T]", over: "queue.SimpleQueue[Done[T]]", work: Callable[[T], None]
) -> None:
    while True:
        try:
            thing = todo.get_nowait()
        except queue.Empty:
            return
        try:
            work(thing)
        except Exception as error:  # noqa: BLE001  # told to whoever waits for it
            over.put(Done(thing, error))
        else:
            over.put(Done(thing))
