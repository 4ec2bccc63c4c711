"""Making a container in memory, and refusing to in the order in which Docker refuses."""

from reconciler.engines.engine import (
    ConflictError,
    DataMissingError,
    ImageMissingError,
    PermanentError,
    TransientError,
)
from reconciler.engines.ownership import volume_labels
from reconciler.engines.simulated.box import Box, Hoard
from reconciler.engines.simulated.world import World
from reconciler.model.action import CreateRequest
from reconciler.model.data import Provision
from reconciler.model.identity import LABEL_SHAPE, LABEL_WORK, volume_name
from reconciler.model.spec import Mount


def create(world: World, request: CreateRequest) -> str:
    """Make a container and its volumes, or adopt the one that is there; return its id."""
    for mount in request.spec.mounts:
        if mount.type == "volume" and mount.source:
            _provide_volume(world, request, mount)
        elif mount.type == "bind" and mount.source in world.missing_paths:
            raise PermanentError(
                f"could not create {request.name}: {mount.source}, which is to be mounted,"
                " does not exist on the node"
            )
    if request.image not in {*world.images, *world.images.values()}:
        raise ImageMissingError(
            f"could not create {request.name}: the image {request.image} is not on the node"
        )
    _check_network(world, request)
    for provision in request.provisions:
        if provision.read_only:
            kept(world, provision)
    there = world.boxes.get(request.name)
    return _adopt(there, request) if there else _make(world, request)


def kept(world: World, provision: Provision) -> Hoard:
    """Return data that an instance is to have."""
    found = world.data.get((provision.project, provision.key))
    if found is None:
        message = f"the data {provision.key} are not on the node any more"
        raise DataMissingError(message, provision.key)
    return found


def _provide_volume(world: World, request: CreateRequest, mount: Mount) -> None:
    if mount.external:
        if mount.source not in world.volumes:
            raise PermanentError(
                f"could not create {request.name}: there is no volume {mount.source} on the node,"
                " and an external one is not made by us"
            )
        return
    name, labels = (
        volume_name(request.project, mount.source),
        volume_labels(request.project, mount.source),
    )
    found = world.volumes.setdefault(name, labels)
    if any(found.get(key) != value for key, value in labels.items()):
        raise ConflictError(f"the volume {name} is there already and is not this project's")


def _check_network(world: World, request: CreateRequest) -> None:
    """Refuse where there is no such network; a shared one may be shown by its maker alone."""
    membership = request.membership
    if membership is None or membership.network.name in world.networks or world.info.fabric.id:
        return
    raise TransientError(
        f"could not create {request.name}: there is no network {membership.network.name}"
    )


def _adopt(there: Box, request: CreateRequest) -> str:
    failed = f"could not create {request.name}: its name is held by container {there.id[:12]}"
    if not there.ours:
        raise ConflictError(f"{failed}, which is not ours")
    wanted = dict(request.labels)
    if any(there.labels[key] != wanted.get(key) for key in (LABEL_WORK, LABEL_SHAPE)):
        raise ConflictError(f"{failed}, which was made from another manifest")
    return there.id


def _make(world: World, request: CreateRequest) -> str:
    box = Box(world.next_id(), request.name, dict(request.labels), request.image, request)
    shared = [provision for provision in request.provisions if provision.read_only]
    box.mounted = {one.target: kept(world, one).number for one in shared}
    world.boxes[request.name] = box
    world.tell(box, "create")
    return box.id
