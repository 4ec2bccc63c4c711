"""A container in memory, and how it shows itself."""

from msgspec import Struct, field

from reconciler.engines.ownership import attempt_of, spelled_name
from reconciler.engines.staging import Entry
from reconciler.model.action import CreateRequest
from reconciler.model.claim import claim_in
from reconciler.model.confinement import confinement_of
from reconciler.model.data import Stored
from reconciler.model.identity import (
    LABEL_JOB,
    LABEL_REVISION,
    LABEL_SECRETS,
    LABEL_SHAPE,
    LABEL_VALUES,
    LABEL_WORK,
)
from reconciler.model.observed import (
    Container,
    ContainerDetail,
    Healthiness,
    Phase,
    Published,
    Usage,
)


class Hoard(Struct, frozen=True):
    """Data that are kept. The same ones stored once more have another `number`."""

    number: int
    stored: Stored
    files: dict[str, bytes]


class Box(Struct):
    """One container, ours or not. `request` is None where nobody here asked for it.

    `staged` is what was put into it before its start, by path. `mounted` are the numbers of the
    data that it has mounted, by target; `provided` are the targets where its data were before it
    was started.
    """

    id: str
    name: str
    labels: dict[str, str]
    image: str
    request: CreateRequest | None = None
    phase: Phase = Phase.CREATED
    health: Healthiness = ""
    exit_code: int | None = None
    started_at: float = 0.0
    finished_at: float = 0.0
    oom: bool = False
    error: str = ""
    ports: tuple[Published, ...] = ()
    output: bytearray = field(default_factory=bytearray)
    staged: dict[str, Entry] = field(default_factory=dict)
    mounted: dict[str, int] = field(default_factory=dict)
    provided: set[str] = field(default_factory=set)
    input: bytearray = field(default_factory=bytearray)
    usage: Usage = Usage(0.001, 1024 * 1024)

    @property
    def ours(self) -> bool:
        """Whether it carries all our labels under the name that they spell."""
        return spelled_name(self.labels) == self.name

    def shown(self, node: str) -> Container:
        """Return what a list shows of one of ours."""
        attempt = attempt_of(self.name)
        assert attempt is not None  # noqa: S101  # a box of ours has such a name
        return Container(
            id=self.id,
            name=self.name,
            node=node,
            attempt_key=attempt,
            work=self.labels[LABEL_WORK],
            shape=self.labels[LABEL_SHAPE],
            phase=self.phase,
            health=self.health if self.phase is Phase.RUNNING else "",
            exit_code=self.exit_code if self.phase is Phase.EXITED else None,
            image_id=self.image,
            job=self.labels.get(LABEL_JOB, ""),
            revision=self.labels.get(LABEL_REVISION, ""),
            values=self.labels.get(LABEL_VALUES, ""),
            secrets=self.labels.get(LABEL_SECRETS, ""),
            claim=claim_in(self.labels),
            ports=self.ports if self.phase is Phase.RUNNING else (),
        )

    def detailed(self, node: str) -> ContainerDetail:
        """Return what an inspection shows of one of ours."""
        return ContainerDetail(
            self.shown(node),
            started_at=self.started_at,
            finished_at=self.finished_at,
            oom=self.oom,
            error=self.error,
            confinement=confinement_of(self.request.spec) if self.request else None,
        )
