"""What is put into an instance's container before it is started.

Pure and the same whenever it is asked for, so that a start that comes again puts in the same.
"""

from reconciler.model.desired import DesiredTask
from reconciler.model.staging import Staging


def staging_of(task: DesiredTask) -> Staging | None:
    """Return what an instance's container gets, None for nothing."""
    account = task.spec.account
    return Staging(account=account) if account.entries else None
