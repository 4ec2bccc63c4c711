"""Putting files into a container in memory, and refusing to where Docker would be."""

from reconciler.engines.accounts import GROUP, PASSWD, Identity, Registers
from reconciler.engines.engine import DataMissingError, PermanentError, TransientError
from reconciler.engines.simulated.box import Box
from reconciler.engines.simulated.create import kept
from reconciler.engines.simulated.world import World
from reconciler.engines.staging import (
    Covered,
    Entry,
    Setting,
    by_place,
    check_target,
    covered,
    entries_of,
    identified,
)
from reconciler.model.action import CreateRequest
from reconciler.model.data import Provision
from reconciler.model.observed import Phase
from reconciler.model.staging import Staging

_READABLE = 0o644


def stage(world: World, container: str, staging: Staging) -> None:
    """Put all of it into a created container, or none of it."""
    box = world.find(container)
    if box is None:
        raise TransientError(f"could not start {container}: the container is gone")
    if box.phase is not Phase.CREATED or box.request is None:
        return
    setting, registers = _setting(box.request), _registers(world, box)
    spec, account = box.request.spec, staging.account
    groups = spec.groups if account else ()
    try:
        identity = identified(setting, spec.user, groups, registers)
    except PermanentError:
        if world.registers is not None:
            raise
        identity = Identity(0, 0)
    home = account.folder if account else ""
    has_home = home in box.staged or covered(home, setting)
    entries = entries_of(staging, setting, identity, registers, has_home=has_home)
    for inside in by_place(entries, setting).values():
        box.staged |= {entry.path: entry for entry in inside}
    for provision in staging.provisions:
        _provide(world, box, setting, identity, provision)
        box.provided.add(provision.target)


def _provide(
    world: World, box: Box, setting: Setting, identity: Identity, provision: Provision
) -> None:
    hoard, target = kept(world, provision), provision.target
    if provision.read_only:
        if box.mounted.get(target) != hoard.number:
            raise DataMissingError(f"other data are mounted at {target}", provision.key)
        return
    check_target(target, setting)
    for path, content in hoard.files.items():
        entry = Entry(f"{target}/{path}", _READABLE, identity.uid, identity.gid, content)
        box.staged[entry.path] = entry


def _setting(request: CreateRequest) -> Setting:
    mounts = [Covered(m.target, m.type, m.read_only) for m in request.spec.mounts]
    mounts += [Covered(folder, "volume") for folder in request.scratch]
    shared = [provision for provision in request.provisions if provision.read_only]
    mounts += [Covered(one.target, "volume", read_only=True) for one in shared]
    return Setting(request.name, request.spec.security.read_only_root, tuple(mounts))


def _registers(world: World, box: Box) -> Registers:
    passwd, group = box.staged.get(PASSWD), box.staged.get(GROUP)
    image = world.registers or Registers()
    return Registers(
        (passwd and passwd.content) or image.passwd,
        (group and group.content) or image.group,
    )
