"""What `engine` offers is this list: a name that comes or goes is a decision, not an accident."""

from __future__ import annotations

import engine

PUBLIC = [
    "AttemptRecord",
    "Batch",
    "BulkheadChanged",
    "Engine",
    "EngineBug",
    "EngineError",
    "ErrorInfo",
    "ExecutorUnavailable",
    "Gate",
    "Graph",
    "JournalEntry",
    "JsonValue",
    "Loaded",
    "LogFile",
    "LogFollower",
    "LogLine",
    "NameRecord",
    "Node",
    "OwnedElsewhere",
    "OwnershipLost",
    "Plan",
    "Problem",
    "Reason",
    "ResultRef",
    "RunHandle",
    "RunId",
    "RunReader",
    "RunRecord",
    "RunStatus",
    "ScopePath",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreTooNew",
    "StoredDefinition",
    "TaskContext",
    "TaskId",
    "TaskKey",
    "TaskRecord",
    "TaskStatus",
    "TemplateError",
    "UsageError",
    "WorkflowInvalid",
    "control",
    "default_url",
    "encode_entry",
    "format_duration",
    "key_of",
    "load_text",
    "load_workflow",
    "log_files",
    "log_path",
    "open_reader",
    "parse_value",
    "sanitize",
]


def test_public_names_are_pinned() -> None:
    """The facade offers exactly the pinned names."""
    assert PUBLIC == list(engine.__all__)


def test_public_names_are_sorted() -> None:
    """`__all__` is sorted, so that two changes meet in the diff."""
    assert sorted(engine.__all__) == list(engine.__all__)


def test_public_names_resolve() -> None:
    """Every promised name is there, and `dir` tells of it."""
    assert all(getattr(engine, name) is not None for name in engine.__all__)
    assert set(engine.__all__) <= set(dir(engine))
