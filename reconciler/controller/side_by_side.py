"""The same question to several engines at once, so that none waits for another.

Decides how long an answer is waited for where others have answered already. Must not know what is
asked.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from reconciler.engines.engine import Engine, EngineError, UnreachableError

T = TypeVar("T")
PATIENCE: Final = 10.0
LITTLE: Final = 2.0


def ask_all(
    engines: Mapping[str, Engine],
    ask: Callable[[Engine], T],
    lost: Collection[str] = (),
    patience: float = PATIENCE,
    little: float = LITTLE,
) -> dict[str, T | EngineError]:
    """Return each engine's answer or refusal, in the order given.

    One that takes longer than `patience`, in seconds, counts as unreachable, and so does one that
    was `lost` before and takes longer than `little`; a single one is given all the time that its
    call takes.
    """
    if len(engines) == 1:
        return {name: _answer(engine, ask) for name, engine in engines.items()}
    answers: dict[str, T | EngineError] = {}
    told = threading.Condition()

    def work(name: str, engine: Engine) -> None:
        answer = _answer(engine, ask)
        with told:
            answers[name] = answer
            told.notify()

    for name, engine in engines.items():
        threading.Thread(target=work, args=(name, engine), name=f"ask-{name}", daemon=True).start()
    hoped_for = engines.keys() - set(lost)
    with told:
        told.wait_for(lambda: len(answers) == len(engines), little)
        told.wait_for(lambda: hoped_for <= answers.keys(), patience - little)
        late = UnreachableError("the engine has not answered in time")
        return {name: answers.get(name, late) for name in engines}


def _answer(engine: Engine, ask: Callable[[Engine], T]) -> T | EngineError:
    try:
        return ask(engine)
    except EngineError as error:
        return error
