"""Containers that somebody listens to from before they are started.

What happens between a start and the first look would be missed otherwise, and of a terminal what it
shows without a line's end. Decides nothing: every call goes on to the engine.
"""

import threading
from collections.abc import Callable
from typing import Any, cast

from reconciler.cli.output import Output
from reconciler.cli.terminal import Hands, show
from reconciler.cli.text import complain
from reconciler.engines.dialogue import Dialogue
from reconciler.engines.engine import Engine, EngineError
from reconciler.model.identity import AttemptKey


class Audience:
    """Who listens: prints what comes, apart by instance where there are several."""

    def __init__(self, names: dict[int, str], hands: Hands | None) -> None:
        """`hands` are for the first instance that is started, None for none."""
        self._outputs = (Output("text", names), Output("text", names, error=True)) if names else ()
        self._hands = hands
        self._heard: dict[str, tuple[Dialogue, threading.Thread]] = {}

    def attend(self, engine: Engine, container: str, start: Callable[[], None]) -> None:
        """Listen to a container, and start it."""
        detail = engine.inspect(container)
        if detail is None or detail.container.id in self._heard:
            start()
            return
        dialogue = engine.attach(detail.container.id)
        try:
            start()
        except EngineError:
            dialogue.close()
            raise
        self._listen(detail.container.id, detail.container.attempt_key, dialogue)

    def hear_out(self, patience: float) -> None:
        """Wait until all is printed that those have said that have ended, this many seconds."""
        for dialogue, thread in list(self._heard.values()):
            thread.join(patience)
            dialogue.close()

    def _listen(self, identifier: str, origin: AttemptKey, dialogue: Dialogue) -> None:
        thread = threading.Thread(target=self._hear, args=(origin, dialogue), daemon=True)
        self._heard[identifier] = dialogue, thread
        if self._hands is not None:
            self._hands.take(dialogue)
        thread.start()

    def _hear(self, origin: AttemptKey, dialogue: Dialogue) -> None:
        try:
            for said in dialogue.output():
                if self._outputs:
                    self._outputs[said.error].feed(origin, said.data)
                else:
                    show(said)
        except EngineError as error:
            complain(f"{origin.key}: {error}; `logs` has the rest")
        except OSError:  # nobody reads any more
            dialogue.close()
        finally:
            if self._hands is not None:
                self._hands.let_go()
            for output in self._outputs:
                output.end(origin)


class _Attended:
    """An engine whose starts are attended."""

    def __init__(self, engine: Engine, audience: Audience) -> None:
        self._engine = engine
        self._audience = audience

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever an engine has
        return getattr(self._engine, name)

    def start(self, container: str, *, fenced: bool = False) -> None:
        """Have it listened to, and start it."""
        begin = lambda: self._engine.start(container, fenced=fenced)  # noqa: E731  # said once
        self._audience.attend(self._engine, container, begin)


def attended(engine: Engine, audience: Audience) -> Engine:
    """Return an engine like this one, to whose containers an audience listens."""
    return cast("Engine", _Attended(engine, audience))
