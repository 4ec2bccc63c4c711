"""Where an engine maps users, what can be given to a container that it maps nobody in."""

import pytest

from reconciler.engines.accounts import Identity, Registers
from reconciler.engines.engine import PermanentError
from reconciler.engines.staging import Covered, Setting, by_place, entries_of
from reconciler.model.staging import SCRATCH, Account, StagedFile, Staging

ADA = Identity(1234, 2345)
KEY = StagedFile(path=f"{SCRATCH}/key", content=b"secret", mode=0o600)
NOTE = StagedFile(path=f"{SCRATCH}/note", content=b"known", mode=0o644)
HOME = Staging(account=Account(entries=True))


def setting(*, apart: bool) -> Setting:
    return Setting("p.task.1.0.1", False, (Covered(SCRATCH, "volume"),), apart)


@pytest.mark.parametrize(("apart", "mode"), [(False, 0o700), (True, 0o1777)])
def test_a_home_is_open_where_it_cannot_be_the_users(*, apart: bool, mode: int) -> None:
    found = entries_of(HOME, setting(apart=apart), ADA, Registers(), has_home=False)
    assert [(one.path, one.mode) for one in found if one.content is None] == [("/home/user", mode)]


def test_a_file_for_the_user_alone_is_refused_where_nobody_could_read_it() -> None:
    where = setting(apart=True)
    made = entries_of(Staging(files=(NOTE, KEY)), where, ADA, Registers(), has_home=True)
    assert by_place(made[:1], where)
    with pytest.raises(PermanentError, match="use userns: default") as caught:
        by_place(made, where)
    assert caught.value.exit_code == 126


def test_elsewhere_it_is_the_users() -> None:
    where = setting(apart=False)
    made = entries_of(Staging(files=(KEY,)), where, ADA, Registers(), has_home=True)
    ((place, (key,)),) = by_place(made, where).items()
    assert (place, key.uid, key.gid, key.mode) == ("/", 1234, 2345, 0o600)
