"""A plan to be carried out later, exactly as it was looked at, or not at all.

Decides what of a plan is kept, and when reality has moved since: when something that was
possible is not any more, or something is possible that was not foreseen. Reads and writes no
file; holds nothing but names and causes, and so no secret.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from reconciler.controller.narrate import cause_of
from reconciler.controller.preview import Preview
from reconciler.model.action import Action, Verb
from reconciler.model.desired import Desired
from reconciler.planning.permit import Permit, deed_of

_FAMILY: Final = "reconciler.plan/"
FORMAT: Final = f"{_FAMILY}1"
_TOLD: Final = 3


class SavedPlanError(Exception):
    """What was read is not a plan that can be carried out; the message says why."""


class SavedAction(Struct, frozen=True, forbid_unknown_fields=True):
    """One engine call: what, where, on which container or image, whether now, and why."""

    verb: Verb
    node: str
    subject: str
    image: str
    when: Literal["now", "later"]
    cause: Mapping[str, str | int]

    @property
    def said(self) -> str:
        """The call in words."""
        return f"{self.verb} {self.subject} ({self.cause.get('reason', 'for no reason')})"


class SavedPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a plan was made for, and what it holds. `at` is a time as RFC 3339 writes it."""

    format: str
    project: str
    revision: str
    source: str
    at: str
    actions: tuple[SavedAction, ...]
    fingerprint: str = ""


class _Head(Struct, frozen=True):
    format: str = ""


def save(desired: Desired, preview: Preview, source: str, at: str) -> bytes:
    """Return a plan as a file holds it."""
    now = (_saved(action, "now") for action in preview.now)
    later = (_saved(action, "later") for action in preview.later)
    made = SavedPlan(
        format=FORMAT,
        project=desired.project,
        revision=desired.revision,
        source=source,
        at=at,
        actions=(*now, *later),
    )
    named = replace(made, fingerprint=_fingerprint(made))
    return msgspec.json.format(msgspec.json.encode(named)) + b"\n"


def load(content: bytes) -> SavedPlan:
    """Return the plan that a file holds.

    Raises:
        SavedPlanError: when it holds none, or one that is not as it was saved.
    """
    try:
        found = msgspec.json.decode(content, type=_Head).format
        if found.startswith(_FAMILY) and found != FORMAT:
            raise SavedPlanError("it was saved by another version of reconciler; run plan again")
        made = msgspec.json.decode(content, type=SavedPlan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SavedPlanError("it holds no plan that `plan --out` has saved") from error
    if made.format != FORMAT:
        raise SavedPlanError("it holds no plan that `plan --out` has saved")
    if made.fingerprint != _fingerprint(made):
        raise SavedPlanError("it has been changed since it was saved; run plan again")
    return made


def permit_of(saved: SavedPlan) -> Permit:
    """Return what a saved plan agrees to: all that it holds, as it becomes possible."""
    calls = saved.actions
    return Permit(
        deeds=frozenset((a.verb.value, a.subject) for a in calls),
        images=frozenset(a.image for a in calls if a.verb in {Verb.CREATE, Verb.REUSE}),
    )


def moved(saved: SavedPlan, preview: Preview) -> list[str]:
    """Return what differs between a saved plan and what would be done now, a sentence each."""
    current = [_saved(action, "now") for action in preview.now]
    possible = {(a.verb, a.node, a.subject) for a in current}
    foreseen = {(a.verb, a.node, a.subject) for a in saved.actions}
    promised = [a for a in saved.actions if a.when == "now"]
    gone = [a for a in promised if (a.verb, a.node, a.subject) not in possible]
    more = [a for a in current if (a.verb, a.node, a.subject) not in foreseen]
    return [*_told("no longer to be done", gone), *_told("now to be done as well", more)]


def _told(what: str, actions: list[SavedAction]) -> list[str]:
    said = [f"{what}: {action.said}" for action in actions[:_TOLD]]
    if len(actions) > _TOLD:
        said.append(f"{what}: {len(actions) - _TOLD} more")
    return said


def _saved(action: Action, when: Literal["now", "later"]) -> SavedAction:
    verb, subject = deed_of(action)
    cause = {name: _writable(value) for name, value in cause_of(action.cause).items()}
    return SavedAction(Verb(verb), action.node, subject, action.image, when, cause)


def _writable(value: object) -> str | int:
    """Return a value as JSON can hold it: a file's name need not be UTF-8."""
    if isinstance(value, int):
        return value
    return str(value).encode("utf-8", "backslashreplace").decode()


def _fingerprint(made: SavedPlan) -> str:
    told = msgspec.json.encode(replace(made, fingerprint=""))
    return f"sha256:{hashlib.sha256(told).hexdigest()}"
