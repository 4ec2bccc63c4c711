"""One action, one engine call. Nothing is decided here; every failure is a value."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from reconciler.controller.happenings import Done, Finished
from reconciler.controller.obtaining import IN_MEMORY, Means, obtain
from reconciler.controller.preparing import Prepare, as_planned
from reconciler.engines.engine import (
    Engine,
    EngineError,
    ImageMissingError,
    Progress,
    TransientError,
)
from reconciler.model.action import CARRYING, Action, Verb
from reconciler.model.cluster import NetworkRequest
from reconciler.model.data import Fetching, Resolved, Results, Stored, Taking, Upload
from reconciler.model.identity import LABEL_SECRETS
from reconciler.model.observed import Phase

Carry = Callable[[Engine, Action], Done]
"""Makes a call that carries data; raises EngineError where it comes to nothing."""

# As much of an instance's output as is worth keeping after its container is gone.
KEPT_LOG_BYTES = 64 * 1024
_NOTHING: Final[Mapping[str, Resolved]] = {}


def as_if(engine: Engine, action: Action, known: Mapping[str, Resolved] = _NOTHING) -> Done:
    """Carry nothing, and have the data be there: engines in memory hold none, nor do buckets.

    `known` is what inputs come to, by their description.
    """
    if action.fetching is not None:
        return Done(resolved=_fetched(engine, action.fetching, known))
    if action.taking is not None:
        return Done(results=_taken(action.taking, action.upload))
    return Done(results=_stored(engine, action, action.upload)) if action.upload else Done()


def _taken(taking: Taking, upload: Upload | None) -> Results | None:
    if upload is None or taking.results is None:
        return None
    return replace(
        taking.results,
        bucket=upload.bucket.name,
        prefix=upload.prefix,
        manifest=upload.manifest,
        sent=0,
    )


def _fetched(engine: Engine, fetching: Fetching, known: Mapping[str, Resolved]) -> Resolved:
    found = known.get(fetching.description) or Resolved(fetching.description)
    if all(one.key != found.key for one in engine.stored(fetching.project)):
        engine.store(fetching.project, Stored(found.key, 0, 0), ())
    return found


def _stored(engine: Engine, action: Action, upload: Upload) -> Results:
    found = list(engine.read_folder(action.container, upload.source) or ())
    total = sum(file.size for file in found)
    return Results(
        bucket=upload.bucket.name,
        prefix=upload.prefix,
        manifest=upload.manifest,
        files=len(found),
        bytes=total,
        sent=total,
    )


def carry_out(
    engine: Engine,
    action: Action,
    prepare: Prepare = as_planned,
    progress: Progress | None = None,
    carry: Carry = as_if,
    means: Means = IN_MEMORY,
) -> Finished:
    """Make the call that an action stands for and return what came of it.

    `prepare` has it first, and may refuse it; `carry` makes the calls that carry data; `means` are
    what images take.
    """
    began = time.monotonic()
    try:
        ready = prepare(action)
        if action.verb is Verb.PULL:
            outcome: Done | EngineError = _pull(engine, ready, progress, means)
        elif action.verb in CARRYING:
            outcome = carry(engine, ready)
        else:
            outcome = _CALLS[action.verb](engine, ready)
    except EngineError as error:
        outcome = error
    return Finished(action, outcome, time.monotonic() - began)


def _pull(engine: Engine, action: Action, progress: Progress | None, means: Means) -> Done:
    wanted = action.reference or action.image
    present = engine.resolve(wanted)
    if action.pull == "always" or (present is None and action.pull != "never"):
        try:
            obtain(engine, action, means, progress)
        except TransientError as error:
            raise _in_vain(error) if present else error from None
        present = engine.resolve(wanted)
    if present is None:
        message = f"image {wanted} is not on node {action.node}, and pull is {action.pull}"
        raise ImageMissingError(message)
    return Done(reference=present)


def _in_vain(error: TransientError) -> TransientError:
    """Return the failure to fetch what is there already, where a local image is not to serve."""
    return TransientError(f"{error}; the node has one, which does not serve, for pull is always")


def _create(engine: Engine, action: Action) -> Done:
    if action.request is None:
        message = f"{action.subject}: a create without a request"
        raise TypeError(message)
    told = dict(action.request.labels).get(LABEL_SECRETS, "")
    return Done(container=engine.create(action.request), secrets=told)


def _start(engine: Engine, action: Action) -> Done:
    if action.staging is not None:
        engine.stage(action.container, action.staging)
    engine.start(action.container, fenced=action.fenced)
    return Done(container=action.container)


def _signal(engine: Engine, action: Action) -> Done:
    engine.signal(action.container, action.signal)
    return Done(container=action.container)


def _collect(engine: Engine, action: Action) -> Done:
    detail = engine.inspect(action.container or action.subject)
    if detail is None or detail.container.phase is not Phase.EXITED:
        return Done(detail=detail)
    return Done(detail=detail, logs=engine.logs(detail.container.id, limit=KEPT_LOG_BYTES))


def _remove(engine: Engine, action: Action) -> Done:
    engine.remove(action.container or action.subject)
    return Done(container=action.container)


def _network(engine: Engine, action: Action) -> Done:
    return Done(network=engine.create_network(_requested(action)))


def _dissolve(engine: Engine, action: Action) -> Done:
    engine.remove_network(_requested(action).name)
    return Done()


def _requested(action: Action) -> NetworkRequest:
    if action.network is None:
        message = f"{action.subject}: a network without a request"
        raise TypeError(message)
    return action.network


_CALLS: dict[Verb, Callable[[Engine, Action], Done]] = {
    Verb.CREATE: _create,
    Verb.START: _start,
    Verb.STOP: _signal,
    Verb.KILL: _signal,
    Verb.COLLECT: _collect,
    Verb.REMOVE: _remove,
    Verb.NETWORK: _network,
    Verb.DISSOLVE: _dissolve,
}
