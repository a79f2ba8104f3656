"""A new SQLite database, as frozen text: quicker than Alembic, which is not even imported for it.

The text is what `tables.py` compiles to and what the migrations end at; a test compares all three.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "0001"
"""The Alembic revision that equals STATEMENTS. Revisions are four digits and only grow."""

APPLICATION_ID: Final = 0x48574159
"""`HWAY`: SQLite's mark of whose file this is."""

STATEMENTS: Final = (
    """\
CREATE TABLE workflows (
    run_id VARCHAR(64) NOT NULL,
    name TEXT NOT NULL,
    status VARCHAR(16) NOT NULL,
    error TEXT,
    path TEXT NOT NULL,
    definition_sha256 VARCHAR(64) NOT NULL,
    created_at DOUBLE NOT NULL,
    started_at DOUBLE,
    finished_at DOUBLE,
    epoch INTEGER NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (run_id)
)
""",
    """\
CREATE INDEX workflows_newest ON workflows (created_at, run_id)
""",
    """\
CREATE TABLE definitions (
    run_id VARCHAR(64) NOT NULL,
    path TEXT NOT NULL,
    text BLOB NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    sources TEXT NOT NULL,
    params TEXT NOT NULL,
    variables TEXT NOT NULL,
    keep_going BOOLEAN NOT NULL,
    PRIMARY KEY (run_id)
)
""",
    """\
CREATE TABLE tasks (
    run_id VARCHAR(64) NOT NULL,
    scope VARCHAR(400) NOT NULL,
    task VARCHAR(128) NOT NULL,
    operator VARCHAR(32) NOT NULL,
    status VARCHAR(16) NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    queued_at DOUBLE,
    started_at DOUBLE,
    finished_at DOUBLE,
    until DOUBLE,
    result_digest VARCHAR(32),
    result_size BIGINT,
    error TEXT,
    children_done INTEGER NOT NULL,
    children_total INTEGER,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (run_id, scope, task)
)
 WITHOUT ROWID
""",
    """\
CREATE TABLE attempts (
    run_id VARCHAR(64) NOT NULL,
    scope VARCHAR(400) NOT NULL,
    task VARCHAR(128) NOT NULL,
    generation INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    status VARCHAR(16) NOT NULL,
    arguments TEXT,
    started_at DOUBLE NOT NULL,
    finished_at DOUBLE,
    error TEXT,
    pid INTEGER,
    PRIMARY KEY (run_id, scope, task, generation, attempt)
)
 WITHOUT ROWID
""",
    """\
CREATE TABLE variables (
    run_id VARCHAR(64) NOT NULL,
    scope VARCHAR(400) NOT NULL,
    kind VARCHAR(16) NOT NULL,
    name VARCHAR(255) NOT NULL,
    value TEXT,
    ref_digest VARCHAR(32),
    ref_size BIGINT,
    deleted BOOLEAN NOT NULL,
    set_by TEXT NOT NULL,
    at DOUBLE NOT NULL,
    PRIMARY KEY (run_id, scope, kind, name)
)
 WITHOUT ROWID
""",
    """\
CREATE TABLE results (
    run_id VARCHAR(64) NOT NULL,
    digest VARCHAR(32) NOT NULL,
    size BIGINT NOT NULL,
    text TEXT,
    PRIMARY KEY (run_id, digest)
)
 WITHOUT ROWID
""",
    """\
CREATE TABLE events (
    run_id VARCHAR(64) NOT NULL,
    seq INTEGER NOT NULL,
    at DOUBLE NOT NULL,
    type VARCHAR(64) NOT NULL,
    scope VARCHAR(400),
    task VARCHAR(128),
    payload TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
)
 WITHOUT ROWID
""",
    """\
CREATE TABLE owners (
    run_id VARCHAR(64) NOT NULL,
    epoch INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    process_started DOUBLE NOT NULL,
    boot_id VARCHAR(64) NOT NULL,
    host VARCHAR(255) NOT NULL,
    address VARCHAR(255) NOT NULL,
    heartbeat DOUBLE NOT NULL,
    released_at DOUBLE,
    PRIMARY KEY (run_id)
)
""",
    """\
CREATE TABLE bulkheads (
    workflow VARCHAR(255) NOT NULL,
    name VARCHAR(128) NOT NULL,
    state VARCHAR(16) NOT NULL,
    counters TEXT NOT NULL,
    until DOUBLE,
    PRIMARY KEY (workflow, name)
)
""",
    """\
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
""",
)
