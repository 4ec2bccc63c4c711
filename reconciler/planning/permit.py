"""What may be done where a person has agreed to certain actions, and to no others.

Decides what becomes of a plan that asks for more: whatever concerns such an instance is left
out, its facts as well, for a fact on record would have its action carried out by the next
writer. Pure; who has agreed to what is not known here.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from reconciler.model.action import Action, Plan, Verb, Verdict
from reconciler.model.fact import Fact
from reconciler.model.identity import InstanceKey
from reconciler.planning.images import being_made_present
from reconciler.planning.inputs import being_fetched

Deed = tuple[str, str]
"""What is done, and to what: a verb and a subject."""

# The one call that outcomes decide on: what outlives its stop is killed.
_SAME_AS: Final = {Verb.KILL: Verb.STOP}


class Permit(Struct, frozen=True):
    """Deeds that are agreed to. Of an image it is the use: whatever comes of it.

    Who may run may as well take results over.
    Nodes are no part of it, for the load may move between nodes while a plan is carried out.
    """

    deeds: frozenset[Deed]
    images: frozenset[str]

    def allows(self, action: Action) -> bool:
        """Whether an action is agreed to."""
        if action.verb is Verb.PULL:
            return action.image in self.images
        verb, subject = deed_of(action)
        spared = action.verb is Verb.REUSE and (Verb.CREATE.value, subject) in self.deeds
        return spared or (verb, subject) in self.deeds


def deed_of(action: Action) -> Deed:
    """Return what an action does, whatever the occasion."""
    subject = action.network.name if action.network else action.subject
    subject = action.fetching.description if action.fetching else subject
    return _SAME_AS.get(action.verb, action.verb).value, subject


def keep_to(made: Plan, permit: Permit) -> Plan:
    """Return a plan without what is not agreed to; its verdicts say what is left alone."""
    refused = [action for action in made.actions if not permit.allows(action)]
    if not refused:
        return made
    why = {a.key: f"{a.verb}: {a.cause.reason}" for a in reversed(refused) if a.key}
    pulls = {being_made_present(a.image, a.node): a for a in refused if a.verb is Verb.PULL}
    pulls |= {being_fetched(a.fetching.description, a.node): a for a in refused if a.fetching}
    return replace(
        made,
        facts=tuple(f for f in made.facts if _subject(f) not in why),
        actions=tuple(a for a in made.actions if a not in refused and a.key not in why),
        verdicts=tuple(_left(made.verdicts, why, pulls)),
    )


def _subject(fact: Fact) -> InstanceKey | None:
    """Return the instance that a fact tells of."""
    attempt = getattr(fact, "attempt", None)
    key: InstanceKey | None = attempt.key if attempt is not None else None
    return key


def _left(
    verdicts: tuple[Verdict, ...], why: dict[InstanceKey, str], pulls: dict[str, Action]
) -> Iterator[Verdict]:
    for verdict in verdicts:
        wanted = why.get(verdict.key) or (verdict.reason if verdict.reason in pulls else "")
        if not wanted:
            yield verdict
            continue
        reason = f"left alone, for the saved plan does not hold it: {wanted}"
        yield replace(verdict, reason=reason, settled=True, blocked=False, left_alone=True)
