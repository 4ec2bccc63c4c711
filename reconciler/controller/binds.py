"""Where the sources of binds really are on this machine, when a container is about to be made.

Manifests are judged by what is written; links are followed here, by the same rules. What lies on
another machine cannot be looked at: it is left to its engine.
"""

import os
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from reconciler.engines.engine import PermanentError
from reconciler.model.action import CreateRequest
from reconciler.model.desired import LOCAL_ENDPOINT, NodeSpec
from reconciler.model.policy import Policy, inside, normal, within

Check = Callable[[CreateRequest], None]
"""Raises PermanentError for a container that may not be made."""

_SOCKET: Final = "unix://"


def unchecked(request: CreateRequest) -> None:
    """Let everything pass."""


def check_of(node: NodeSpec, policy: Policy) -> Check:
    """Return what is to be asked before a container is made on a node."""
    endpoint = node.endpoint or LOCAL_ENDPOINT
    if not endpoint.startswith(_SOCKET):
        return unchecked
    socket = os.path.realpath(endpoint.removeprefix(_SOCKET))

    def check(request: CreateRequest) -> None:
        for mount in request.spec.mounts:
            if mount.type == "bind" and (why := _why_not(mount.source, socket, policy)):
                raise PermanentError(
                    f"could not create {request.name}: {mount.source} may not be bound: {why}"
                )

    return check


def _why_not(source: str, socket: str, policy: Policy) -> str:
    """Return why a source may not be bound for what it really is, nothing where it may."""
    real = os.path.realpath(source)
    leads = "" if real == normal(source) else f"it is or contains a link, and leads to {real}: "
    if inside(socket, real):
        return f"{leads}the engine's socket is inside"
    really = _real(policy)
    if reason := policy.closes(real) or really.closes(real):
        return f"{leads}{reason}"
    # Roots may be links themselves; what is written has been judged before.
    if leads and not within(really.binds, real):
        return f"{leads}that is in none of the folders that the policy allows"
    return ""


def _real(policy: Policy) -> Policy:
    """Return a policy whose folders are where they really are."""
    roots = tuple(tuple(os.path.realpath(one) for one in roots) for roots in policy.binds)
    return replace(policy, binds=roots, closed=tuple(os.path.realpath(c) for c in policy.closed))
