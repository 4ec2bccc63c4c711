"""The ledger's tables, and the steps from each version of them to the next.

Decides the shape on disk. A released step is never edited: what changes is a further step at the
end of `MIGRATIONS`, and the version is the number of steps. Tables are named after the facts that
fill them; times are epoch seconds, 0.0 for never.
"""

from typing import Final

APPLICATION_ID: Final = 0x5245434E  # "RECN"
WHOLE_RUN: Final = -1  # cancels.instance, where the run and not one instance was cancelled

_FIRST: Final = (
    """CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE specs (
        hash TEXT PRIMARY KEY,
        text TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        instances INTEGER
    ) STRICT""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        task INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE,
        number INTEGER NOT NULL,
        work TEXT NOT NULL DEFAULT '',
        rerun INTEGER NOT NULL DEFAULT 0,
        reason TEXT NOT NULL DEFAULT '',
        revision TEXT NOT NULL DEFAULT '',
        opened_at REAL NOT NULL DEFAULT 0.0,
        closed_at REAL,
        UNIQUE (task, number)
    ) STRICT""",
    """CREATE TABLE cancels (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        instance INTEGER NOT NULL,
        reason TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (run, instance)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE images (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        node TEXT NOT NULL,
        reference TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (run, node)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE attempts (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        instance INTEGER NOT NULL,
        number INTEGER NOT NULL,
        node TEXT NOT NULL DEFAULT '',
        shape TEXT NOT NULL DEFAULT '',
        revision TEXT NOT NULL DEFAULT '',
        reserved_at REAL NOT NULL DEFAULT 0.0,
        start_requested_at REAL NOT NULL DEFAULT 0.0,
        stop_requested_at REAL NOT NULL DEFAULT 0.0,
        stop_reason TEXT NOT NULL DEFAULT '',
        stop_result TEXT NOT NULL DEFAULT 'cancelled',
        result TEXT,
        exit_code INTEGER,
        oom INTEGER NOT NULL DEFAULT 0,
        started_at REAL NOT NULL DEFAULT 0.0,
        finished_at REAL NOT NULL DEFAULT 0.0,
        ended_at REAL NOT NULL DEFAULT 0.0,
        reason TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (run, instance, number)
    ) STRICT, WITHOUT ROWID""",
    # Apart from attempts, so that loading the history does not wade through them.
    """CREATE TABLE logs (
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        instance INTEGER NOT NULL,
        number INTEGER NOT NULL,
        tail BLOB NOT NULL,
        UNIQUE (run, instance, number)
    ) STRICT""",
    """CREATE TABLE troubles (
        subject TEXT PRIMARY KEY,
        message TEXT NOT NULL,
        count INTEGER NOT NULL,
        retry_at REAL NOT NULL,
        since REAL NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        level TEXT NOT NULL,
        message TEXT NOT NULL,
        task TEXT NOT NULL,
        instance INTEGER,
        run INTEGER,
        attempt INTEGER,
        node TEXT NOT NULL,
        cause TEXT
    ) STRICT""",
    "CREATE INDEX events_by_task ON events (task, id)",
    """CREATE TABLE requests (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        verb TEXT NOT NULL,
        arguments TEXT NOT NULL,
        answered_at REAL,
        ok INTEGER,
        message TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE INDEX requests_pending ON requests (id) WHERE answered_at IS NULL",
    """CREATE TABLE revisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        revision TEXT NOT NULL,
        at REAL NOT NULL
    ) STRICT""",
    # A path is bytes: file names need not be text.
    """CREATE TABLE revision_files (
        revision INTEGER NOT NULL REFERENCES revisions ON DELETE CASCADE,
        path BLOB NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (revision, path)
    ) STRICT""",
)

_REVISIONS: Final = (
    # A file's content from one revision on, until another one in which it is gone or different.
    """CREATE TABLE contents (
        path BLOB NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER,
        content BLOB NOT NULL,
        PRIMARY KEY (path, since)
    ) STRICT""",
    """INSERT INTO contents SELECT path, revision,
        (SELECT min(id) FROM revisions WHERE id > revision), content FROM revision_files""",
    "CREATE INDEX contents_now ON contents (path) WHERE until IS NULL",
    "CREATE INDEX contents_past ON contents (until) WHERE until IS NOT NULL",
    "DROP TABLE revision_files",
    """CREATE TABLE seen (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        revision TEXT NOT NULL,
        at REAL NOT NULL,
        valid INTEGER NOT NULL,
        problem TEXT NOT NULL,
        author TEXT NOT NULL,
        subject TEXT NOT NULL,
        created INTEGER NOT NULL DEFAULT 0,
        replaced INTEGER NOT NULL DEFAULT 0,
        torn_down INTEGER NOT NULL DEFAULT 0,
        converged_at REAL NOT NULL DEFAULT 0.0
    ) STRICT""",
    "CREATE INDEX seen_by_name ON seen (revision, id)",
    """CREATE TABLE suspensions (
        target TEXT PRIMARY KEY,
        at REAL NOT NULL,
        until REAL NOT NULL,
        reason TEXT NOT NULL,
        stop INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "ALTER TABLE tasks ADD protected INTEGER NOT NULL DEFAULT 0",
    # What a task was called when the attempt's container was made, if it is another name.
    "ALTER TABLE attempts ADD named TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE moved (
        name TEXT NOT NULL,
        run INTEGER NOT NULL,
        task TEXT NOT NULL,
        PRIMARY KEY (name, run)
    ) STRICT, WITHOUT ROWID""",
)

_BATCH: Final = (
    "ALTER TABLE runs ADD nominal REAL NOT NULL DEFAULT 0.0",
    "ALTER TABLE runs ADD matrix TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD finished_at REAL NOT NULL DEFAULT 0.0",
    "ALTER TABLE cancels ADD result TEXT NOT NULL DEFAULT 'cancelled'",
    "ALTER TABLE cancels ADD asked TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE cancels ADD passing INTEGER NOT NULL DEFAULT 0",
    # A further try of an instance; of WHOLE_RUN it says when the run as a whole went on last.
    """CREATE TABLE grants (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        instance INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (run, instance)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE combinations (
        task INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE,
        text TEXT NOT NULL,
        instance INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (task, text)
    ) STRICT, WITHOUT ROWID""",
    "ALTER TABLE tasks ADD schedule TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tasks ADD schedule_since REAL NOT NULL DEFAULT 0.0",
    "ALTER TABLE tasks ADD schedule_rerun INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE tasks ADD fired REAL NOT NULL DEFAULT 0.0",
    "ALTER TABLE attempts ADD count INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE attempts ADD cpu_seconds REAL NOT NULL DEFAULT 0.0",
    "ALTER TABLE attempts ADD peak_memory INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE attempts ADD expired INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE attempts ADD era TEXT NOT NULL DEFAULT ''",
    # What counts of attempts that are forgotten, and spans of firings whose runs are.
    """CREATE TABLE forgotten (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        instance INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        in_a_row INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (run, instance)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE fired (
        id INTEGER PRIMARY KEY,
        task INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE,
        first REAL NOT NULL,
        last REAL NOT NULL
    ) STRICT""",
    "CREATE INDEX fired_by_task ON fired (task)",
    """CREATE TABLE waits (
        task INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE,
        instance INTEGER NOT NULL,
        run INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (task, instance, run)
    ) STRICT, WITHOUT ROWID""",
)

_NODES: Final = (
    """CREATE TABLE nodes (
        name TEXT PRIMARY KEY,
        lost_at REAL NOT NULL,
        reason TEXT NOT NULL,
        ordered TEXT NOT NULL,
        draining_at REAL NOT NULL,
        drained_at REAL NOT NULL,
        spec TEXT NOT NULL,
        grace REAL
    ) STRICT, WITHOUT ROWID""",
    "ALTER TABLE attempts ADD forsaken_at REAL NOT NULL DEFAULT 0.0",
)

_POOLS: Final = (
    """CREATE TABLE pools (
        name TEXT PRIMARY KEY,
        next INTEGER NOT NULL,
        policy TEXT NOT NULL,
        shrunk_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE slots (
        pool TEXT NOT NULL REFERENCES pools ON DELETE CASCADE,
        number INTEGER NOT NULL,
        node TEXT NOT NULL,
        form TEXT NOT NULL,
        room TEXT NOT NULL,
        opened_at REAL NOT NULL,
        ready_at REAL NOT NULL,
        busy INTEGER NOT NULL,
        used INTEGER NOT NULL,
        since REAL NOT NULL,
        closing TEXT NOT NULL,
        PRIMARY KEY (pool, number)
    ) STRICT, WITHOUT ROWID""",
)

_INPUTS: Final = (
    """CREATE TABLE inputs (
        run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        node TEXT NOT NULL,
        description TEXT NOT NULL,
        key TEXT NOT NULL,
        size INTEGER NOT NULL,
        files INTEGER NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (run, node, description)
    ) STRICT, WITHOUT ROWID""",
)

# What is stored of an attempt's files, as JSON: few ask, and all of it at once.
_RESULTS: Final = (
    "ALTER TABLE attempts ADD outputs TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE attempts ADD results TEXT",
    "ALTER TABLE attempts ADD snapshot TEXT",
)

# What attempts have in common with others, and whose results they have taken over, as JSON.
_REUSE: Final = (
    "ALTER TABLE attempts ADD equal TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE attempts ADD origin TEXT",
    "ALTER TABLE runs ADD afresh INTEGER NOT NULL DEFAULT 0",
)

# What a run's image means, also once no node has it any more.
_DIGESTS: Final = (
    "ALTER TABLE runs ADD digest TEXT NOT NULL DEFAULT ''",
    """UPDATE runs SET digest = images.digest FROM (
        SELECT run, MIN(substr(reference, instr(reference, '@') + 1)) AS digest
        FROM images WHERE instr(reference, '@') > 0 GROUP BY run
    ) AS images WHERE images.run = runs.id""",
)

_DISCARDING: Final = ("ALTER TABLE attempts ADD discarded_at REAL NOT NULL DEFAULT 0.0",)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    _FIRST, _REVISIONS, _BATCH, _NODES, _POOLS, _INPUTS, _RESULTS, _REUSE, _DIGESTS,
    _DISCARDING,
)  # fmt: skip
"""MIGRATIONS[n] leads from version n to version n + 1."""
