"""What a writer that follows a source begins with."""

from pathlib import Path

from reconciler.cli.keeping import _begin_with
from reconciler.cli.place import Place
from reconciler.controller.revisions import give_hosts, keep, load
from reconciler.ledger import Ledger
from reconciler.manifests import Memory
from reconciler.model.desired import NodeSpec
from reconciler.model.hosts import Hosts
from reconciler.sources import FolderSource
from tests.cli.helpers import HELLO, write


def test_a_source_may_have_another_name_than_its_folder(tmp_path: Path) -> None:
    source = FolderSource(write(tmp_path / "lab", hello=HELLO))
    snapshot, desired = _begin_with(Place(source, tmp_path, "fleet", tmp_path / "state"), Memory())
    assert snapshot is not None
    assert (desired.project, [*desired.tasks]) == ("fleet", ["hello"])


def test_what_was_read_first_is_not_read_anew_when_it_is_followed(tmp_path: Path) -> None:
    source, memory = FolderSource(write(tmp_path / "lab", hello=HELLO)), Memory()
    place = Place(source, tmp_path, "fleet", tmp_path / "state")
    _, first = _begin_with(place, memory)
    again = load(source.read(), place.project, place.policy, memory).desired
    assert again is not None
    assert again.tasks["hello"] is first.tasks["hello"]


def test_what_was_valid_last_runs_on_the_hosts_of_now(tmp_path: Path) -> None:
    source = FolderSource(write(tmp_path / "lab", hello=HELLO))
    yesterday, today = (Hosts((NodeSpec(name, f"ssh://{name}"),)) for name in ("n1", "n2"))
    (tmp_path / "state").mkdir()
    with Ledger.open(tmp_path / "state", write=True, project="fleet") as ledger:
        keep(ledger, source.read(), 1.0)
        give_hosts(ledger, yesterday)
    write(tmp_path / "lab", hello="kind: [")
    for hosts, names in ((today, ["n2"]), (None, ["local"])):
        place = Place(source, tmp_path, "fleet", tmp_path / "state", hosts=hosts)
        snapshot, desired = _begin_with(place, Memory())
        assert (snapshot, [*desired.tasks], [*desired.nodes]) == (None, ["hello"], names)
