"""Several threads that work side by side for one who waits for all of them.

They end with their process, whatever they are at. Must not know what is worked at.
"""

import queue
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Crew:
    """So many threads, which come as they are needed. Used by one thread."""

    def __init__(self, name: str, most: int) -> None:
        """Have at most so many at work, and as many pieces of work waiting."""
        self._name = name
        self._most = most
        self._queue: queue.Queue[Work | None] = queue.Queue(most)
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []

    def do(self, work: Work) -> None:
        """Have something done, as soon as there is somebody to do it.

        Raises:
            Exception: what has been handed in before has failed with it.
        """
        self._fail()
        if len(self._threads) < self._most:
            name = f"{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._queue.put(work)

    def finish(self) -> None:
        """Wait until all that was handed in is done.

        Raises:
            Exception: some of it has failed with it.
        """
        self._queue.join()
        self._fail()

    def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self._failures.append(RuntimeError("closed"))
        self._queue.join()
        for _ in self._threads:
            self._queue.put(None)

    def _fail(self) -> None:
        if self._failures:
            raise self._failures[0]

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                if not self._failures:
                    work()
            except Exception as error:  # noqa: BLE001  # told to whoever waits
                self._failures.append(error)
            finally:
                self._queue.task_done()
