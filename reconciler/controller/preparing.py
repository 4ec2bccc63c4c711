"""What is done with an action on this machine before its call is made.

What only this machine can tell is looked at here, and what only the engine may see is put in. Must
not know what calls are made of it.
"""

from collections.abc import Callable

from msgspec.structs import replace

from reconciler.controller.binds import check_of
from reconciler.controller.disclosing import Disclosing
from reconciler.controller.keys import Keys
from reconciler.model.action import Action
from reconciler.model.desired import NodeSpec
from reconciler.model.policy import Policy

Prepare = Callable[[Action], Action]
"""Returns an action as it is carried out; raises EngineError for one that may not be."""


def as_planned(action: Action) -> Action:
    """Return an action as it is: an engine in memory lets nobody in, and needs no keys."""
    return action


def preparing(node: NodeSpec, policy: Policy, keys: Keys, disclosing: Disclosing) -> Prepare:
    """Return what is done with actions of a node."""
    check = check_of(node, policy)

    def prepare(action: Action) -> Action:
        if action.request is not None:
            check(action.request)
        return disclosing.disclose(_with_keys(action, keys))

    return prepare


def _with_keys(action: Action, keys: Keys) -> Action:
    """Return an action with the keys that it asks for, which nobody but the engine sees."""
    staging = action.staging
    if staging is None or staging.admission is None:
        return action
    files = (*staging.files, *keys.files(staging.admission))
    return replace(action, staging=replace(staging, files=files, admission=None))
