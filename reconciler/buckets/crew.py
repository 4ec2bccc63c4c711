"""Several hands that do the same to many things, and give up together.

Decides who does what next, and when it is in vain to go on: no room for one is none for the
others, and where the first of them are all denied, so are the rest. Must not know what is done.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final, Generic, TypeVar

from reconciler.buckets.bucket import BucketError, DeniedError, FullError

T = TypeVar("T")
HANDS: Final = 8
_GLANCE: Final = 0.2
# Uploads that are given up are taken back at the service.
_FAREWELL: Final = 10.0


class Done(Generic[T]):
    """Something that is over: as it should be, or with an error."""

    def __init__(self, thing: T, error: Exception | None = None) -> None:
        self.thing = thing
        self.error = error


def together(
    things: Iterable[T],
    work: Callable[[T], None],
    give_up: Callable[[], None],
    hands: int = HANDS,
) -> Iterator[Done[T]]:
    """Do something to each thing, several at a time; yield each once it is over.

    The hands are threads that end with the process. Where it is in vain to go on, not all things
    are yielded, and `give_up` ends what the others are at, as it does when nobody asks any more.
    An error that is none of a bucket's or of the system's is a bug, and raised.
    """
    todo: queue.SimpleQueue[T] = queue.SimpleQueue()
    over: queue.SimpleQueue[Done[T]] = queue.SimpleQueue()
    left = 0
    for thing in things:
        todo.put(thing)
        left += 1
    total, denied = left, 0
    crew = [
        threading.Thread(target=_labour, args=(todo, over, work), daemon=True)
        for _ in range(min(hands, left))
    ]
    try:
        for hand in crew:
            hand.start()
        while left:
            done = _next(over)
            left -= 1
            denied = denied + 1 if isinstance(done.error, DeniedError) else -total
            yield done
            if isinstance(done.error, FullError) or denied >= hands:
                return
    finally:
        if left:
            _send_home(crew, todo, give_up)


def _next(over: "queue.SimpleQueue[Done[T]]") -> Done[T]:
    while True:
        try:
            done = over.get(timeout=_GLANCE)  # so that Ctrl-C is heard
        except queue.Empty:
            continue
        if done.error and not isinstance(done.error, BucketError | OSError):
            raise done.error
        return done


def _send_home(
    crew: Iterable[threading.Thread],
    todo: "queue.SimpleQueue[T]",
    give_up: Callable[[], None],
) -> None:
    give_up()
    while not todo.empty():
        with suppress(queue.Empty):
            todo.get_nowait()
    deadline = time.monotonic() + _FAREWELL
    for hand in crew:
        hand.join(max(0.0, deadline - time.monotonic()))


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
