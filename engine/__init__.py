"""highway-tui's engine: load a workflow, run it, read what happened. Knows nothing of any user interface.

Names resolve lazily, so that validating a file never imports the database layer. Nothing outside this page is public.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .compiler import load_text, load_workflow
    from .core.codec import encode_entry
    from .core.events import BulkheadChanged, JournalEntry, Reason
    from .core.ports import RunReader
    from .core.records import AttemptRecord, Batch, NameRecord, RunRecord, StoredDefinition, TaskRecord
    from .core.status import RunStatus, TaskStatus
    from .core.values import ResultRef
    from .definition.loading import Loaded
    from .definition.plan import Gate, Graph, Node, Plan
    from .definition.values import parse_value
    from .engine import Engine, RunHandle
    from .errors import (
        EngineBug,
        EngineError,
        ErrorInfo,
        ExecutorUnavailable,
        OwnedElsewhere,
        OwnershipLost,
        Problem,
        StoreBusy,
        StoreCorrupt,
        StoreError,
        StoreFull,
        StoreTooNew,
        TemplateError,
        UsageError,
        WorkflowInvalid,
    )
    from .keys import JsonValue, RunId, ScopePath, TaskId, TaskKey, key_of
    from .persistence.manager import default_url, open_reader
    from .runtime.logs import LogFile, LogFollower, LogLine, log_files, log_path
    from .runtime.remote import control
    from .tools.function_context import TaskContext
    from .utils.durations import format_duration
    from .utils.sanitize import sanitize

_HOMES = {
    "AttemptRecord": "core.records",
    "Batch": "core.records",
    "BulkheadChanged": "core.events",
    "Engine": "engine",
    "EngineBug": "errors",
    "EngineError": "errors",
    "ErrorInfo": "errors",
    "ExecutorUnavailable": "errors",
    "Gate": "definition.plan",
    "Graph": "definition.plan",
    "JournalEntry": "core.events",
    "JsonValue": "keys",
    "Loaded": "definition.loading",
    "LogFile": "runtime.logs",
    "LogFollower": "runtime.logs",
    "LogLine": "runtime.logs",
    "NameRecord": "core.records",
    "Node": "definition.plan",
    "OwnedElsewhere": "errors",
    "OwnershipLost": "errors",
    "Plan": "definition.plan",
    "Problem": "errors",
    "Reason": "core.events",
    "ResultRef": "core.values",
    "RunHandle": "engine",
    "RunId": "keys",
    "RunReader": "core.ports",
    "RunRecord": "core.records",
    "RunStatus": "core.status",
    "ScopePath": "keys",
    "StoreBusy": "errors",
    "StoreCorrupt": "errors",
    "StoreError": "errors",
    "StoreFull": "errors",
    "StoreTooNew": "errors",
    "StoredDefinition": "core.records",
    "TaskContext": "tools.function_context",
    "TaskId": "keys",
    "TaskKey": "keys",
    "TaskRecord": "core.records",
    "TaskStatus": "core.status",
    "TemplateError": "errors",
    "UsageError": "errors",
    "WorkflowInvalid": "errors",
    "control": "runtime.remote",
    "default_url": "persistence.manager",
    "encode_entry": "core.codec",
    "format_duration": "utils.durations",
    "key_of": "keys",
    "load_text": "compiler",
    "load_workflow": "compiler",
    "log_files": "runtime.logs",
    "log_path": "runtime.logs",
    "open_reader": "persistence.manager",
    "parse_value": "definition.values",
    "sanitize": "utils.sanitize",
}

__all__ = [
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


def __getattr__(name: str) -> object:
    """Import a public name at its first use."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
