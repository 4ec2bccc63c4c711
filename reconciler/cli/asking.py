"""Asking for a change: of the process that writes, or carried out by this one where none does.

Decides only who does it. What a request means is judged by the writer, whoever that is.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from reconciler.cli import session
from reconciler.cli.data import bucket_opener
from reconciler.cli.exits import Exit, Failure
from reconciler.cli.place import Place, opener
from reconciler.cli.telling import teller
from reconciler.cli.text import complain
from reconciler.controller.loop import Ending
from reconciler.controller.writing import (
    Options,
    Writer,
    last_valid,
    note,
    nothing_wanted,
)
from reconciler.controller.writing import writer as writer_of
from reconciler.ledger import Answer, Holder, Ledger, LockHeld, NoLedger, holder
from reconciler.model.desired import Desired

if TYPE_CHECKING:
    from reconciler.controller.core import Core

PATIENCE: Final = 30.0
_POLL_SECONDS: Final = 0.1


class Wish(Struct, frozen=True, kw_only=True):
    """What is asked for, when it has come true, and what may be done on the way.

    `afterwards` is called under the lock once `until` holds, before anything is let go of.
    """

    verb: str
    arguments: Mapping[str, object]
    until: Callable[["Core"], bool]
    take_over: bool = False
    timeout: float | None = None
    afterwards: Callable[[Writer], None] = lambda _: None


def ask(place: Place, desired: Desired, wish: Wish) -> tuple[str, Holder | None]:
    """Have a wish granted; return the answer, and which other process gave it, if one did.

    Raises:
        Failure: when it is refused, or nobody answers in time.
    """
    try:
        return _grant(place, desired, wish), None
    except LockHeld as held:
        return pass_on(place, wish, held.holder)


def jot(place: Place, verb: str, arguments: Mapping[str, object]) -> str:
    """Have something put on record: by the process that writes, else here; return the answer.

    Where nobody writes nothing is carried out: that is for the next `apply` or `run`.

    Raises:
        Failure: as `ask`.
    """
    try:
        judged = note(place.folder, place.project, in_force(place), verb, arguments)
    except LockHeld as held:
        wish = Wish(verb=verb, arguments=arguments, until=lambda _: True)
        return pass_on(place, wish, held.holder)[0]
    return _granted(Answer(judged.ok, judged.message))


def in_force(place: Place) -> Desired:
    """Return the revision in force according to the ledger.

    Raises:
        Failure: when there is no ledger.
    """
    try:
        found = last_valid(place.folder, place.project, place.policy)
    except NoLedger as error:
        raise Failure(
            f"there is no ledger in {place.folder}: nothing has been applied from here yet"
        ) from error
    return found or nothing_wanted(place.project)


def _grant(place: Place, desired: Desired, wish: Wish) -> str:
    """Carry a wish out in this process."""
    chosen = Options(
        verb=wish.verb,
        state=place.state,
        policy=place.policy,
        take_over=wish.take_over,
        open_engine=opener(place),
        open_bucket=bucket_opener(place.data),
        cache=place.data.cache,
        identities=place.identities,
        credentials=place.data.credentials,
    )
    with writer_of(place.source, desired, chosen) as opened:
        number = opened.ledger.request(wish.verb, wish.arguments)
        ending = session.drive(
            opened, session.heard(wish.until), teller(quiet=True, verbose=False), wish.timeout
        )
        if ending is Ending.CLAIM:
            raise Failure(opened.loop.claim_refusal, Exit.HELD)
        answer = opened.ledger.answer_of(number)
        if answer is None:
            raise Failure(opened.core.scribe.error or "ended before the request was answered")
        message = _granted(answer)
        if ending is Ending.HALTED:
            left = _awaited(opened)
            raise Failure(f"{message}, but this was ended before all was done{left}; ask again")
        wish.afterwards(opened)
        return message


def _awaited(opened: Writer) -> str:
    """Return what was refused to an instance that is waited for, after a colon."""
    verdicts = (one for found in opened.core.verdicts.values() for one in found)
    refused = next((one for one in verdicts if one.blocked), None)
    return f": {refused.key}: {refused.reason}" if refused else ""


def pass_on(place: Place, wish: Wish, writer: Holder | None) -> tuple[str, Holder | None]:
    """Ask the process that writes, and wait for its answer."""
    number = Ledger.append_request(place.folder, wish.verb, wish.arguments)
    complain(f"{writer or 'the running reconciler'} carries this out")
    deadline = time.monotonic() + (wish.timeout or PATIENCE)
    with Ledger.open(place.folder, write=False, project=place.project) as ledger:
        while time.monotonic() < deadline:
            if answer := ledger.answer_of(number):
                return _granted(answer), writer
            time.sleep(_POLL_SECONDS)
    gone = "; that process has ended since, so ask again" if _nobody(place) else ""
    raise Failure(f"no answer yet to request {number}; it stays asked for{gone}", Exit.HELD)


def wait_until(look: Callable[[], bool], timeout: float | None) -> bool:
    """Look again and again until it is true or the time is over; return whether it is true."""
    deadline = time.monotonic() + timeout if timeout is not None else float("inf")
    while not look():
        if time.monotonic() >= deadline:
            return False
        time.sleep(5 * _POLL_SECONDS)
    return True


def _granted(answer: Answer) -> str:
    if not answer.ok:
        raise Failure(answer.message)
    return answer.message


def _nobody(place: Place) -> bool:
    with suppress(OSError):
        return holder(place.folder) is None
    return False
