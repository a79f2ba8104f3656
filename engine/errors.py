"""The one error tree, and the frozen values that carry an error across module borders.

EngineError                       everything the engine raises on purpose
├── DocumentError                 the author's: a file that cannot be read as YAML at all, or breaks a limit
├── WorkflowInvalid               the author's: a readable file with errors; carries all problems
├── TemplateError                 the author's: a hole or expression that cannot be evaluated
├── UsageError                    the caller's: an unknown or ambiguous run, an undeclared parameter
├── TaskFailure                   the task's: the call ended badly; carries an ErrorInfo
├── ExecutorUnavailable           the machine's: the runtime a task asks for is not there
├── StoreError                    the storage's: cannot be opened, read or written
│   ├── StoreBusy                 locked for longer than we wait
│   ├── StoreFull                 no room left
│   ├── StoreCorrupt              not a database, or a damaged one
│   └── StoreTooNew               written by a newer version
├── OwnedElsewhere                another live process owns the run; carries its pid
├── OwnershipLost                 this process no longer owns the run; it writes nothing more
└── EngineBug                     ours: an impossible state; includes IllegalTransition
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding in a file, with its place. Lines and columns count characters from 1."""

    code: str
    """Stable, such as `E-CYCLE` or `W-SPLICE`."""
    severity: Severity
    message: str
    """One sentence, without the place."""
    file: str
    """As the caller named the file; `<text>` when there is none."""
    line: int = 1
    column: int = 1
    end_column: int = 1
    """First column after the marked text, on the same line; equals `column` when nothing can be marked."""
    fix: str | None = None
    """What to write instead, where that is known."""

    @property
    def place(self) -> str:
        """`file:line:column`, as editors understand it."""
        return f"{self.file}:{self.line}:{self.column}"

    def __str__(self) -> str:
        """One line for a terminal."""
        hint = f"; {self.fix}" if self.fix else ""
        return f"{self.place}: {self.severity} {self.code}: {self.message}{hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """Why a task or run failed, as it is stored and shown. Never holds a secret."""

    code: str
    """Stable, such as `E-EXIT`, `E-TIMEOUT`, `E-UNDEFINED`, `E-FUNCTION`."""
    message: str
    exit_code: int | None = None
    """The child's exit code; None where there was no child or a signal ended it."""
    retryable: bool = True
    """False where another attempt with the same arguments must end the same way."""


class EngineError(Exception):
    """Base of the tree: a stable code and one sentence."""

    def __init__(self, code: str, message: str) -> None:
        """Keep `code` apart from the sentence so that callers never parse text."""
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        """Return the sentence with its code."""
        return f"{self.message} [{self.code}]"


class _ProblemsError(EngineError):
    """An error made of problems found in files."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """`problems` holds at least one error, in file order."""
        first = next((problem for problem in problems if problem.severity == "error"), problems[0])
        super().__init__(first.code, str(first))
        self.problems = problems


class DocumentError(_ProblemsError):
    """The text is no document we accept: syntax, tags, limits, encodings."""


class WorkflowInvalid(_ProblemsError):
    """The document is no valid workflow."""


class TemplateError(EngineError):
    """A template or an expression has no value here."""


class UsageError(EngineError):
    """The caller named something that does not exist, is ambiguous or not allowed."""


class TaskFailure(EngineError):
    """A call ended badly."""

    def __init__(self, info: ErrorInfo) -> None:
        """`info` is what is stored."""
        super().__init__(info.code, info.message)
        self.info = info


class ExecutorUnavailable(EngineError):
    """The runtime that a task asks for cannot be used on this machine."""


class StoreError(EngineError):
    """The store cannot be opened, read or written."""


class StoreBusy(StoreError):
    """Another process held the store for longer than we wait."""


class StoreFull(StoreError):
    """No space is left for the store."""


class StoreCorrupt(StoreError):
    """The file is no database of ours, or a damaged one."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this program."""


class OwnedElsewhere(EngineError):
    """Another live process owns the run."""

    def __init__(self, run_id: str, pid: int | None) -> None:
        """`pid` is None where the owner cannot be named."""
        owner = f"process {pid}" if pid else "another process"
        super().__init__("E-OWNED", f"run {run_id} is owned by {owner}")
        self.pid = pid


class OwnershipLost(EngineError):
    """The epoch in the store is no longer ours."""


class EngineBug(EngineError):
    """An impossible state. Always ours to mend."""


class IllegalTransition(EngineBug):
    """An event that the status table does not allow. Nothing was changed."""
