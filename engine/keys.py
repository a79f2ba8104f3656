"""Names of runs, scopes and task instances. Plain values: comparable, hashable, printable; nothing here decides."""

from __future__ import annotations

from typing import NamedTuple, NewType, TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""User data: what YAML and JSON can say, and nothing else."""

RunId = NewType("RunId", str)
"""Id of one run, unique in a store; lower-case letters, digits and dashes, at most 64 characters."""

TaskId = NewType("TaskId", str)
"""Id of a task inside its own graph; `[A-Za-z0-9_][A-Za-z0-9_-]{0,127}`."""

ScopePath = NewType("ScopePath", str)
"""Address of a scope: `""` for the run itself, else `loop[0]`, `par/branch`, `wf`, `outer[1]/inner[0]` and so on."""

ROOT = ScopePath("")


class TaskKey(NamedTuple):
    """One task instance of a run."""

    scope: ScopePath
    task: TaskId

    @property
    def address(self) -> str:
        """What people type and read: `task`, `loop[0]/task`, `par/branch/task`."""
        return f"{self.scope}/{self.task}" if self.scope else self.task


def key_of(address: str) -> TaskKey:
    """Turn an address back into its key. Ids hold no slash, so the last one divides."""
    scope, _, task = address.rpartition("/")
    return TaskKey(ScopePath(scope), TaskId(task))


def iteration_scope(owner: TaskKey, index: int) -> ScopePath:
    """Address the scope of a loop's iteration; `index` counts from 0."""
    return ScopePath(f"{owner.address}[{index}]")


def branch_scope(owner: TaskKey, branch: str) -> ScopePath:
    """Address the scope of an inline branch of a parallel."""
    return ScopePath(f"{owner.address}/{branch}")


def nested_scope(owner: TaskKey) -> ScopePath:
    """Address the scope of a nested workflow: the calling task's own address."""
    return ScopePath(owner.address)
