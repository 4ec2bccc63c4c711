"""What happened, one frozen value a happening: the unit that the ledger keeps for ever.

A history is nothing but its facts applied in order, so memory and disk cannot disagree.
Times are epoch seconds.
"""

from reconciler.model.fact.attempts import (
    AttemptEnded,
    AttemptExpired,
    AttemptFact,
    AttemptForsaken,
    AttemptReserved,
    AttemptsForgotten,
    AttemptStarted,
    ImageResolved,
    InputsResolved,
    Result,
    ResultsDiscarded,
    ResultsGone,
    ResultsSent,
    ResultTakenOver,
    SnapshotAsked,
    SnapshotTaken,
    StartRequested,
    StopRequested,
    TroubleCleared,
    TroubleSeen,
)
from reconciler.model.fact.nodes import (
    NodeDeclared,
    NodeDrained,
    NodeDraining,
    NodeFact,
    NodeForgotten,
    NodeFound,
    NodeLost,
    NodeOrdered,
    Order,
)
from reconciler.model.fact.pools import (
    PolicyApplied,
    PoolFact,
    PoolShrunk,
    SlotClosed,
    SlotClosing,
    SlotOpened,
    SlotReady,
    SlotUsed,
)
from reconciler.model.fact.project import (
    Approved,
    Destroyed,
    Pinned,
    Relearned,
    Resumed,
    RevisionConverged,
    RevisionSeen,
    RevisionWorked,
    Suspended,
)
from reconciler.model.fact.tasks import (
    CombinationNumbered,
    FiringPassed,
    RetryGranted,
    RoomAwaited,
    RunCancelled,
    RunFinished,
    RunOpened,
    RunsClosed,
    RunsForgotten,
    ScheduleSeen,
    SpecSeen,
    TaskProtected,
    TaskRenamed,
    TaskScaled,
)

Fact = (
    SpecSeen
    | RunOpened
    | RunFinished
    | TaskScaled
    | RunCancelled
    | RunsClosed
    | RunsForgotten
    | RetryGranted
    | RoomAwaited
    | CombinationNumbered
    | ScheduleSeen
    | FiringPassed
    | TaskRenamed
    | TaskProtected
    | ImageResolved
    | InputsResolved
    | ResultsGone
    | AttemptsForgotten
    | TroubleSeen
    | TroubleCleared
    | Approved
    | Destroyed
    | Relearned
    | RevisionSeen
    | RevisionWorked
    | RevisionConverged
    | Pinned
    | Suspended
    | Resumed
    | AttemptFact
    | NodeFact
    | PoolFact
)

__all__ = [
    "Approved",
    "AttemptEnded",
    "AttemptExpired",
    "AttemptFact",
    "AttemptForsaken",
    "AttemptReserved",
    "AttemptStarted",
    "AttemptsForgotten",
    "CombinationNumbered",
    "Destroyed",
    "Fact",
    "FiringPassed",
    "ImageResolved",
    "InputsResolved",
    "NodeDeclared",
    "NodeDrained",
    "NodeDraining",
    "NodeFact",
    "NodeForgotten",
    "NodeFound",
    "NodeLost",
    "NodeOrdered",
    "Order",
    "Pinned",
    "PolicyApplied",
    "PoolFact",
    "PoolShrunk",
    "Relearned",
    "Result",
    "ResultTakenOver",
    "ResultsDiscarded",
    "ResultsGone",
    "ResultsSent",
    "Resumed",
    "RetryGranted",
    "RevisionConverged",
    "RevisionSeen",
    "RevisionWorked",
    "RoomAwaited",
    "RunCancelled",
    "RunFinished",
    "RunOpened",
    "RunsClosed",
    "RunsForgotten",
    "ScheduleSeen",
    "SlotClosed",
    "SlotClosing",
    "SlotOpened",
    "SlotReady",
    "SlotUsed",
    "SnapshotAsked",
    "SnapshotTaken",
    "SpecSeen",
    "StartRequested",
    "StopRequested",
    "Suspended",
    "TaskProtected",
    "TaskRenamed",
    "TaskScaled",
    "TroubleCleared",
    "TroubleSeen",
]
