"""A large object on its way to a service, in parts that nobody sees before it is whole.

Decides that content is asked for by the thread that brings it: the library would do so inside of
its own machinery, where content that comes from another bucket cannot be read. Must not know what
is sent.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from obstore import PutResult

_WAITING: Final = 4
_GLANCE: Final = 0.2
# An upload that is given up is taken back at the service; nobody waits for that for long.
_GIVING_UP: Final = 30.0

Sends = Callable[[Iterator[bytes]], "PutResult"]


class _GivenUpError(Exception):
    """The content has failed: what is at the service is taken back."""


class Upload:
    """Sends what it is given, in a thread of its own. Left by an error, it leaves nothing."""

    def __init__(self, send: Sends) -> None:
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._given_up = False
        self._done: PutResult | None = None
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(send,), daemon=True)
        self._thread.start()

    def give(self, piece: bytes) -> None:
        """Hand over a piece; waits while enough of them are on their way.

        Raises:
            Exception: what the library says went wrong.
        """
        self._put(piece)

    def finish(self) -> "PutResult":
        """Return what the service says of the object, once it is whole.

        Raises:
            Exception: what the library says went wrong.
        """
        self._put(None)
        self._thread.join()
        if self._done is None:
            raise self._fault or RuntimeError("an upload ended without an answer")
        return self._done

    def _put(self, piece: bytes | None) -> None:
        while self._thread.is_alive():
            try:
                self._pieces.put(piece, timeout=_GLANCE)
            except queue.Full:
                continue
            return
        if self._fault:
            raise self._fault

    def _run(self, send: Sends) -> None:
        try:
            self._done = send(self._taken())
        except Exception as error:  # noqa: BLE001  # told to whoever waits for it
            self._fault = error

    def _taken(self) -> Iterator[bytes]:
        while (piece := self._pieces.get()) is not None:
            yield piece
            if self._given_up:
                raise _GivenUpError
        if self._given_up:
            raise _GivenUpError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or not self._thread.is_alive():
            return
        self._given_up = True
        try:
            self._pieces.put(None, timeout=_GIVING_UP)
        except queue.Full:
            return
        self._thread.join(_GIVING_UP)
