"""What a plan is made from: everything that can be looked at without a lock or a change.

Decides which record the preview begins with, so that it tells what `apply` would really do:
one that undoes an earlier destroy, and that knows of a lost ledger.
"""

import time
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from reconciler.cli.place import Place, opener
from reconciler.controller.almanac import Wall, scheduled
from reconciler.controller.claim import Claimant, Standing
from reconciler.controller.disclosing import Disclosing
from reconciler.controller.preview import Preview, preview
from reconciler.controller.reading import images_present, learn, observe, past_of
from reconciler.controller.seed import Seed
from reconciler.engines.engine import Engine, EngineError
from reconciler.ledger import Ledger, NoLedger
from reconciler.model.desired import Desired
from reconciler.model.fact import Destroyed, Relearned
from reconciler.model.observed import Observed
from reconciler.planning.nodes import lost_nodes, with_leaving
from reconciler.planning.numbering import as_kept


class Foresight(Struct, frozen=True):
    """A preview, and what its reader should know of how it was made.

    `desired` is the revision in which every instance has the id that it keeps; `refusals` say why
    an apply would be refused altogether.
    """

    desired: Desired
    preview: Preview
    observed: Observed
    recorded: bool
    refusals: tuple[str, ...]

    @property
    def unknown(self) -> list[str]:
        """What cannot be looked at, a sentence for each node."""
        return [f"node {v.name}: {v.reason}" for v in self.observed.nodes.values() if not v.known]

    @property
    def blind(self) -> bool:
        """Whether no node at all could be looked at."""
        return not any(view.known for view in self.observed.nodes.values())


def foresee(place: Place, desired: Desired, *, afresh: bool = False) -> Foresight:
    """Look at everything once and run the planner ahead. `afresh`: no results are taken over."""
    engine_of, past = opener(place), past_of(place.folder, place.project)
    history, now = past.history, past.now
    desired = with_leaving(desired, history)
    engines = {name: engine_of(spec) for name, spec in desired.nodes.items()}
    observed = observe(place.project, engines, lost_nodes(history))
    observed = replace(observed, secrets=_accounts(place, desired))
    known = {name: engine for name, engine in engines.items() if observed.nodes[name].known}
    refusals, lost = _claims(place, known)
    if lost:
        history.apply(Relearned(confirmed=False, at=now))
    learn(history, observed, now)
    if history.destroyed_revision:
        history.apply(Destroyed("", now))
    desired = as_kept(desired, history)
    calendar = Wall(time.time).look(scheduled(desired), desired.pools.values())
    images = images_present(desired, known)
    made = preview(desired, observed, history, now, images, calendar, afresh=afresh)
    return Foresight(desired, made, observed, past.recorded, tuple(refusals))


def _accounts(place: Place, desired: Desired) -> Mapping[str, str]:
    """Return what secrets of services are now, as far as they can be read here; nothing is made."""
    seed = Seed(place.folder)
    try:
        return Disclosing(seed, place.identities).accounts(desired) if seed.made else {}
    except EngineError:
        return {}


def _claims(place: Place, engines: Mapping[str, Engine]) -> tuple[list[str], bool]:
    """Return why the project is not ours to change, and whether our ledger was lost."""
    claimant = Claimant(place.project, _state_id(place), place.folder.absolute(), place.source.name)
    refusals, lost = [], False
    for name, engine in engines.items():
        try:
            found = engine.claimed_by(place.project)
        except EngineError as error:
            refusals.append(f"node {name}: {error}")
            continue
        standing = claimant.judge(found) if found is not None else Standing.OURS
        lost |= standing is Standing.LEDGER_LOST
        if found is not None and standing is Standing.FOREIGN:
            refusals.append(claimant.refusal(name, found))
    return refusals, lost


def _state_id(place: Place) -> str:
    try:
        with Ledger.open(place.folder, write=False, project=place.project) as ledger:
            return ledger.state_id
    except NoLedger:
        return ""
