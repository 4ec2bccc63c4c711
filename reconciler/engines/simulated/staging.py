"""Putting files into a container in memory, and refusing to where Docker would be."""

from reconciler.engines.accounts import GROUP, PASSWD, Identity, Registers
from reconciler.engines.engine import PermanentError, TransientError
from reconciler.engines.simulated.box import Box
from reconciler.engines.simulated.world import World
from reconciler.engines.staging import Covered, Setting, by_place, covered, entries_of, identified
from reconciler.model.action import CreateRequest
from reconciler.model.observed import Phase
from reconciler.model.staging import Staging


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


def _setting(request: CreateRequest) -> Setting:
    mounts = [Covered(m.target, m.type, m.read_only) for m in request.spec.mounts]
    mounts += [Covered(folder, "volume") for folder in request.scratch]
    return Setting(request.name, request.spec.security.read_only_root, tuple(mounts))


def _registers(world: World, box: Box) -> Registers:
    passwd, group = box.staged.get(PASSWD), box.staged.get(GROUP)
    image = world.registers or Registers()
    return Registers(
        (passwd and passwd.content) or image.passwd,
        (group and group.content) or image.group,
    )
