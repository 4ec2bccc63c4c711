"""Where a project's state lies, and that no manifest reaches it.

Must not know what is in there.
"""

from pathlib import Path

from reconciler.ledger import default_state_folder
from reconciler.model.policy import Policy


def state_folder(project: str, chosen: Path | None) -> Path:
    """Return the folder that holds a project's state; it need not exist."""
    return chosen if chosen is not None else default_state_folder(project)


def guarded(policy: Policy, chosen: Path | None) -> Policy:
    """Return a policy under which no manifest reaches the reconciler's own state.

    That of all projects where it lies in the platform's place: a project's name is not known
    for certain before its manifests are read.
    """
    folder = chosen if chosen is not None else default_state_folder("")
    return policy.keeping_out_of(str(folder.absolute()))
