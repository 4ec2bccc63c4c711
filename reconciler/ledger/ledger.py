"""The ledger: one project's memory, in one file of its state folder.

Decides what is durable together, and to which project a ledger belongs. It judges no fact and
carries out no request. One thread at a time; every other process may read, and may ask.
"""

import sqlite3
import time
import uuid
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from reconciler.ledger import connection as connections
from reconciler.ledger import forgetting, journal, reading, requests, revisions, writing
from reconciler.ledger.connection import FILE_NAME, snapshot, transaction
from reconciler.ledger.errors import LedgerForeign, NoLedger, corrupt, translated
from reconciler.ledger.journal import LogEntry
from reconciler.ledger.requests import Answer, Request
from reconciler.model.fact import Fact
from reconciler.model.history import History
from reconciler.model.identity import AttemptKey


class Anchor(Struct, frozen=True):
    """A boot of the machine, by its id, and the epoch time at which its seconds begin."""

    boot: str
    offset: float


class Ledger:
    """What happened in one project.

    Every method raises a LedgerError for what is wrong with the file or its disk. After a
    LedgerUnwritable the same call may be tried again: it did nothing.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, *, kept: int) -> None:
        self._connection = connection
        self._path = path
        self._kept = kept
        self._newest: tuple[str, Mapping[str, bytes]] = ("", {})
        known = reading.meta(connection)
        self.state_id = known.get("state_id", "")
        self.project = known.get("project", "")

    @classmethod
    def open(
        cls, folder: Path, *, write: bool, project: str = "", kept: int = journal.KEPT
    ) -> Self:
        """Open the ledger of a state folder.

        To write is for the holder of the folder's lock: the ledger is made for `project` where
        there is none, migrated and checked. To read creates nothing and disturbs no writer.
        An empty project accepts whatever ledger there is.

        Raises:
            NoLedger: when there is none to read.
            LedgerForeign: when it belongs to another project.
            LedgerTooNew: when a later version of this program wrote it.
            LedgerCorrupt: when it is damaged.
            LedgerUnwritable: when disk or permissions do not let us.
        """
        path = folder.absolute() / FILE_NAME
        if write and not project:
            raise ValueError("a ledger is written for a project")
        opener = connections.open_writer if write else connections.open_reader
        connection = opener(folder)
        try:
            with translated(path):
                if write:
                    _christen(connection, project)
                ledger = cls(connection, path, kept=kept)
            _refuse_other(ledger, project, path)
        except BaseException:
            connection.close()
            raise
        return ledger

    def close(self) -> None:
        """Let go of the file. What was recorded is already durable."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- what happened ---------------------------------------------------------------------

    def record(self, facts: Sequence[Fact], events: Sequence[LogEntry] = ()) -> None:
        """Make facts and log entries durable: all of them, or none when it raises."""
        if not facts and not events:
            return
        with self._writing():
            for fact in facts:
                writing.write(fact, self._connection)
            if events:
                journal.append(self._connection, events, self._kept)

    def load(self) -> History:
        """Return everything on record, as of one moment."""
        with self._reading():
            return reading.load(self._connection)

    def logs(self, attempt: AttemptKey) -> bytes | None:
        """Return the end of what an attempt printed, None when nothing was kept."""
        with self._reading():
            return reading.logs_of(self._connection, attempt)

    def forget(self, tasks: Collection[str]) -> None:
        """Drop every record of these tasks, their log entries and logs included."""
        with self._writing():
            forgetting.forget(self._connection, tasks)

    # --- what was said ---------------------------------------------------------------------

    def events(
        self, after_id: int = 0, limit: int = 1_000, task: str | None = None
    ) -> list[LogEntry]:
        """Return the oldest log entries behind `after_id`, ascending."""
        with self._reading():
            return journal.entries_after(self._connection, after_id, limit, task)

    def last_events(self, limit: int, task: str | None = None) -> list[LogEntry]:
        """Return the newest log entries, ascending."""
        with self._reading():
            return journal.newest_entries(self._connection, limit, task)

    # --- what is asked ---------------------------------------------------------------------

    @staticmethod
    def append_request(folder: Path, verb: str, arguments: Mapping[str, object]) -> int:
        """Ask the process that writes this folder's ledger, from any other; return an id.

        Raises:
            NoLedger: when there is none.
        """
        path = folder.absolute() / FILE_NAME
        with (
            closing(connections.open_appender(folder)) as connection,
            translated(path),
            transaction(connection),
        ):
            return requests.ask(connection, verb, arguments, time.time())

    def request(self, verb: str, arguments: Mapping[str, object]) -> int:
        """Ask for something as the writer itself; return its id."""
        with self._writing():
            return requests.ask(self._connection, verb, arguments, time.time())

    def pending_requests(self) -> list[Request]:
        """Return what was asked and not answered yet, oldest first."""
        with self._reading():
            return requests.pending(self._connection)

    def answer(self, request: int, *, ok: bool, message: str) -> None:
        """Answer a request. The first answer stays."""
        with self._writing():
            requests.answer(self._connection, request, Answer(ok, message), time.time())

    def answer_of(self, request: int) -> Answer | None:
        """Return a request's answer, None while there is none."""
        with self._reading():
            return requests.answer_of(self._connection, request)

    def data_version(self) -> int:
        """Return a number that changes whenever another connection has written."""
        with self._translated():
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    # --- what is in force ------------------------------------------------------------------

    def keep_revision(
        self, revision: str, files: Mapping[str, bytes], at: float, *, in_force: bool = True
    ) -> None:
        """Keep a valid revision, and put it in force unless told otherwise.

        Nothing is written where that is so already.
        """
        with self._reading():
            newest, current = (
                revisions.newest(self._connection),
                revisions.in_force(self._connection),
            )
        if newest == revision and (current == revision or not in_force):
            return
        before = self._files_of(newest)
        with self._writing():
            if newest != revision:
                # What is not chosen must not become what is in force for being the newest.
                if not in_force and current is not None:
                    revisions.put_in_force(self._connection, current)
                revisions.keep(self._connection, revision, files, at, before)
            if in_force:
                revisions.put_in_force(self._connection, revision)
        self._newest = (revision, files)

    def put_in_force(self, revision: str) -> bool:
        """Put one of the kept revisions in force; return whether it is kept."""
        with self._writing():
            return revisions.put_in_force(self._connection, revision)

    def kept_revisions(self) -> list[str]:
        """Return the names of the revisions whose files are kept, the newest first."""
        with self._reading():
            return revisions.names(self._connection)

    def revision_files(self, revision: str) -> dict[str, bytes] | None:
        """Return a kept revision's manifest files, None where it is not kept."""
        with self._reading():
            return revisions.files_of(self._connection, revision)

    def pinned_revision(self) -> str:
        """Return the name of the revision that a person has pinned, empty for none."""
        with self._reading():
            return reading.meta(self._connection).get("pinned_revision", "")

    def revision_in_force(self) -> tuple[str, dict[str, bytes]] | None:
        """Return the name and the manifest files of the revision in force."""
        with self._reading():
            name = revisions.in_force(self._connection)
            files = revisions.files_of(self._connection, name) if name is not None else None
        return (name, files) if name is not None and files is not None else None

    def hosts(self) -> str:
        """Return the nodes that the operator gave last, as they were kept; empty for none."""
        with self._reading():
            return reading.meta(self._connection).get("hosts", "")

    def keep_hosts(self, text: str) -> None:
        """Put on record which nodes the operator gives; empty for none."""
        with self._writing():
            writing.set_meta(self._connection, "hosts", text)

    def _files_of(self, revision: str | None) -> Mapping[str, bytes]:
        """Return a revision's files, from memory where this process has written it itself."""
        if revision is None:
            return {}
        name, files = self._newest
        return files if name == revision else self.revision_files(revision) or {}

    # --- which time it is --------------------------------------------------------------------

    def anchor(self) -> Anchor | None:
        """Return what joins the times on record to a boot of the machine, None for nothing."""
        with self._reading():
            boot, _, offset = reading.meta(self._connection).get("clock", "").partition(" ")
        return Anchor(boot, float(offset)) if offset else None

    def keep_anchor(self, anchor: Anchor) -> None:
        """Put on record what joins times to the present boot."""
        with self._writing():
            writing.set_meta(self._connection, "clock", f"{anchor.boot} {anchor.offset!r}")

    def newest_time(self) -> float:
        """Return the time of the newest entry of the event log, 0.0 where there is none."""
        newest = self.last_events(1)
        return newest[0].at if newest else 0.0

    # --- how -------------------------------------------------------------------------------

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with translated(self._path):
                yield
        except zlib.error as error:
            raise corrupt(self._path, str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._translated(), transaction(self._connection):
            yield

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._translated(), snapshot(self._connection):
            yield


def _christen(connection: sqlite3.Connection, project: str) -> None:
    """Give a new ledger its identity, which it keeps for ever."""
    if reading.meta(connection):
        return
    with transaction(connection):
        writing.set_meta(connection, "state_id", str(uuid.uuid4()))
        writing.set_meta(connection, "project", project)


def _refuse_other(ledger: Ledger, project: str, path: Path) -> None:
    if not ledger.project:  # its writer has made it and not named it yet, or died over that
        raise NoLedger(f"nothing is recorded in {path.parent}: the ledger is just being made")
    if project and ledger.project != project:
        raise LedgerForeign(
            f"the ledger {path} belongs to the project {ledger.project!r}, not to {project!r}: "
            "choose another state folder, or the project's former name"
        )
