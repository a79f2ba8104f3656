"""The tables, for SQLAlchemy Core. Keys lead with the run, so that two runs never touch each other's rows.

`events` is the journal; the others are what it projects to, plus who owns a run. Times are Unix seconds, UTC. JSON is
kept as text. A change here needs a migration and a new baseline: a test compares all three.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata: Final = MetaData()

# The lengths of one key add up to less than 768, what MySQL can index with four bytes a character.
_RUN: Final = String(64)
_SCOPE: Final = String(400)
_TASK: Final = String(128)
_STATUS: Final = String(16)
_DIGEST: Final = String(32)

workflows: Final = Table(
    "workflows",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", _STATUS, nullable=False),
    Column("error", Text),
    Column("path", Text, nullable=False),
    Column("definition_sha256", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("epoch", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Index("workflows_newest", "created_at", "run_id"),
)
"""One row per run: RunRecord."""

definitions: Final = Table(
    "definitions",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("path", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("sources", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("variables", Text, nullable=False),
    Column("keep_going", Boolean, nullable=False),
)
"""Written once. Apart from `workflows`, because SQLite writes a row whole at each update."""

tasks: Final = Table(
    "tasks",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("scope", _SCOPE, primary_key=True),
    Column("task", _TASK, primary_key=True),
    Column("operator", String(32), nullable=False),
    Column("status", _STATUS, nullable=False),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("queued_at", Double),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("until", Double),
    Column("result_digest", _DIGEST),
    Column("result_size", BigInteger),
    Column("error", Text),
    Column("children_done", Integer, nullable=False),
    Column("children_total", Integer),
    Column("ordinal", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per instance: TaskRecord."""

attempts: Final = Table(
    "attempts",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("scope", _SCOPE, primary_key=True),
    Column("task", _TASK, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("status", _STATUS, nullable=False),
    Column("arguments", Text),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),
    Column("error", Text),
    Column("pid", Integer),
    sqlite_with_rowid=False,
)
"""One row per attempt: AttemptRecord."""

variables: Final = Table(
    "variables",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("scope", _SCOPE, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("value", Text),
    Column("ref_digest", _DIGEST),
    Column("ref_size", BigInteger),
    Column("deleted", Boolean, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("at", Double, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per name that expressions use: NameRecord."""

results: Final = Table(
    "results",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("digest", _DIGEST, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("text", Text),
    sqlite_with_rowid=False,
)
"""Values by digest; `text` is NULL where a file beside the run holds it."""

events: Final = Table(
    "events",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("type", String(64), nullable=False),
    Column("scope", _SCOPE),
    Column("task", _TASK),
    Column("payload", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The journal. `scope` and `task` repeat what the payload says, for those who ask in SQL; NULL where it is the run."""

owners: Final = Table(
    "owners",
    metadata,
    Column("run_id", _RUN, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Double, nullable=False),
    Column("boot_id", String(64), nullable=False),
    Column("host", String(255), nullable=False),
    Column("address", String(255), nullable=False),
    Column("heartbeat", Double, nullable=False),
    Column("released_at", Double),
)
"""The newest owner of each run; `released_at` is set where it left on purpose."""

bulkheads: Final = Table(
    "bulkheads",
    metadata,
    Column("workflow", String(255), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("state", _STATUS, nullable=False),
    Column("counters", Text, nullable=False),
    Column("until", Double),
)
"""The breaker of each bulkhead, kept from run to run: the one table whose key is no run."""
