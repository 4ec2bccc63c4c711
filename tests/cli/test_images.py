"""`images`: what it shows of where images are, in words and for machines."""

import json
from pathlib import Path

from reconciler.cli import images_output
from reconciler.controller.imaging import Locking, Standing, held, standings
from reconciler.engines.simulated import SimulatedEngine
from reconciler.model.desired import DesiredTask
from tests.cli.helpers import HELLO, call, check, write
from tests.support.desired import make_desired, make_task
from tests.support.many import Many

OLD, NEW = (f"sha256:{digit * 64}" for digit in "ab")


def shown() -> list[Standing]:
    """Return where three images are of which one is locked, on a node that has it and others."""
    lab = Many("a", "b", "c")
    lab.worlds["a"].images = {"far:1": f"far:1@{OLD}", f"far:1@{OLD}": f"far:1@{OLD}"}
    lab.worlds["b"].images = {"reconciler/demo:b-1": "sha256:1"}
    lab.worlds["c"].unreachable = True
    images = ("far:1", f"near@{NEW}", "reconciler/demo:b-1")
    tasks = [make_task(f"t{n}", spec={"image": image}) for n, image in enumerate(images)]
    desired = make_desired(*tasks, nodes=lab.worlds, locks={"far:1": OLD})
    return list(standings(desired, {n: SimulatedEngine(w) for n, w in lab.worlds.items()}))


def test_where_images_are_for_machines() -> None:
    said = images_output.standings_json("demo", shown())
    check("images", said)
    found = {(one["image"], one["node"]): one for one in json.loads(json.dumps(said))["images"]}
    assert len(found) == 9
    here, absent, unknown = (found["far:1", node] for node in "abc")
    assert (here["present"], here["digest"], here["locked"]) == (True, OLD, OLD)
    assert (absent["present"], absent["digest"], absent["size"]) == (False, OLD, None)
    assert unknown["present"] is None
    assert unknown["problem"]
    assert found["reconciler/demo:b-1", "b"]["digest"] == "sha256:1"


def test_where_images_are_for_people() -> None:
    lines = [line.split() for line in images_output.standing_lines(shown())]
    assert lines[1] == ["far:1", "a", "present", "0", OLD[:19], "locked"]
    assert {line[-1] for line in lines[1:]} == {"locked", "digest", "content"}


def test_a_lock_is_held_against_what_registries_have_now() -> None:
    asked = []

    def ask(image: str, task: DesiredTask) -> str:
        asked.append((image, task.name))
        return NEW

    tasks = [make_task(f"t{n}", spec={"image": f"far:{n}"}) for n in range(3)]
    desired = make_desired(*tasks, locks={"far:0": OLD, "far:1": NEW, "gone:1": OLD})
    found = held(desired, ask)
    assert asked == [("far:0", "t0"), ("far:1", "t1")]
    assert found == Locking({"far:0": NEW, "far:1": NEW}, ("far:2",), ("far:0",), ("gone:1",))
    assert [*images_output.locking_lines(found)] == [
        "+ far:2 is not locked", f"~ far:0 {NEW}", "- gone:1 is locked, and not used",
    ]  # fmt: skip


def test_registries_are_asked_for_a_check_alone(tmp_path: Path) -> None:
    done = call("images", "lock", write(tmp_path / "lab", hello=HELLO), "--registry")
    assert done.exit_code == 64
    assert "--registry belongs to --check" in done.output
