"""Who may change a project's containers on an engine: the claim, a labelled volume.

Its creation is a test-and-set that the engine itself performs. A claim of another state folder
or source is foreign and refuses; one of this very folder whose ledger is another one means
that the ledger was lost.
"""

import os
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from msgspec import Struct

from reconciler.engines.engine import Engine
from reconciler.model.identity import LABEL_CLAIM, LABEL_PREFIX, LABEL_PROJECT

_STATE_ID = LABEL_PREFIX + "state-id"
_STATE_PATH = LABEL_PREFIX + "state-path"
_HOST = LABEL_PREFIX + "host"
_SOURCE = LABEL_PREFIX + "source"


class Standing(Enum):
    """What a claim that is found means for us."""

    OURS = auto()
    LEDGER_LOST = auto()
    FOREIGN = auto()


class Claimant(Struct, frozen=True):
    """Who claims: the ledger's id, its folder, and the source that is applied."""

    project: str
    state_id: str
    state_folder: Path
    source: str

    def labels(self) -> dict[str, str]:
        """Return the claim's labels."""
        return {
            LABEL_PROJECT: self.project,
            LABEL_CLAIM: "true",
            _STATE_ID: self.state_id,
            _STATE_PATH: str(self.state_folder),
            _HOST: os.uname().nodename,
            _SOURCE: self.source,
        }

    def judge(self, found: dict[str, str]) -> Standing:
        """Return what the labels of a claim mean for this claimant."""
        ours = self.labels()
        if all(found.get(label) == ours[label] for label in (_STATE_ID, _SOURCE, LABEL_CLAIM)):
            return Standing.OURS
        same_place = all(found.get(label) == ours[label] for label in (_STATE_PATH, _HOST, _SOURCE))
        if same_place and found.get(_STATE_ID) != self.state_id:
            return Standing.LEDGER_LOST
        return Standing.FOREIGN

    def refusal(self, node: str, found: dict[str, str]) -> str:
        """Say whose a foreign claim is and what can be done."""
        whose = found.get(_SOURCE, "somebody else")
        state = found.get(_STATE_PATH, "an unknown state folder")
        host = found.get(_HOST, "an unknown host")
        return (
            f"project {self.project} on node {node} is claimed by {whose} "
            f"(state folder {state} on {host}); stop that one, choose another project name "
            "in reconciler.yaml, or take the project over with --take-over"
        )


def judge_and_take(
    engine: Engine, claimant: Claimant, tell_lost: Callable[[], None], *, take_over: bool
) -> tuple[Standing, dict[str, str]]:
    """Put up our claim, replacing another's only when told to; return what stands there.

    `tell_lost` returns when it is on record that the ledger was lost: only then is the claim
    that proves it replaced.
    """
    found = _standing_claim(engine, claimant)
    standing = claimant.judge(found)
    if standing is Standing.LEDGER_LOST:
        tell_lost()
    if standing is Standing.OURS or (standing is Standing.FOREIGN and not take_over):
        return standing, found
    engine.release(claimant.project)
    found = engine.claim(claimant.project, claimant.labels())
    return claimant.judge(found), found


def still_ours(engine: Engine, claimant: Claimant) -> bool:
    """Whether the claim on an engine is (still) this claimant's.

    One that has vanished, by `docker volume prune` for example, is put up again.
    """
    return claimant.judge(_standing_claim(engine, claimant)) is Standing.OURS


def _standing_claim(engine: Engine, claimant: Claimant) -> dict[str, str]:
    # Looking first: to ask for what is there already is an event to whoever watches the engine.
    found = engine.claimed_by(claimant.project)
    return found or engine.claim(claimant.project, claimant.labels())
