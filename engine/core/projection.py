"""Journal to rows: collects during a turn what changed and builds the records from the state at its end."""

from __future__ import annotations

from dataclasses import replace

from ..keys import ScopePath, TaskKey
from . import events as e
from .instances import UNRENDERED, Instance, Scope
from .records import AttemptRecord, NameRecord, RunRecord, TaskRecord
from .state import RunState
from .status import TaskStatus

_ATTEMPT_ENDS = {
    e.TaskSucceeded: TaskStatus.SUCCEEDED,
    e.TaskFailed: TaskStatus.FAILED,
    e.TaskTimedOut: TaskStatus.TIMED_OUT,
    e.TaskCancelled: TaskStatus.CANCELLED,
    e.TaskRetryScheduled: TaskStatus.FAILED,
    e.TaskInterrupted: TaskStatus.INTERRUPTED,
}
_WITH_ERROR = frozenset({e.TaskFailed, e.TaskTimedOut, e.TaskRetryScheduled})


class Projector:
    """Rows touched in this turn. Owned by the scheduler; `observe` is called after each applied event."""

    def __init__(self, state: RunState, path: str) -> None:
        """`path` is that of the definition, for the run's row."""
        self._state = state
        self._path = path
        self._touched: dict[int, Instance] = {}
        self._attempts: dict[tuple[TaskKey, int, int], AttemptRecord] = {}
        self._names: dict[tuple[ScopePath, str, str], NameRecord] = {}
        self._running: dict[TaskKey, AttemptRecord] = {}

    def observe(self, event: e.Event, at: float) -> None:
        """Note what `event` changed."""
        if isinstance(event, e.RunCreated):
            self._scope(self._state.root)
            self._workflow_names(self._state.root, at)
        elif isinstance(event, e.ScopeOpened):
            scope = self._state.scopes[event.scope]
            self._scope(scope)
            if event.params is not None:
                self._workflow_names(scope, at)
            self._touch(scope.owner)
        elif isinstance(event, e.ScopeClosed):
            self._touch(self._state.find(event.owner))
        elif not isinstance(event, e.RunEvent | e.ScopeStopped):
            self._task(event, at)

    def run_record(self) -> RunRecord:
        """Build the run's row."""
        state = self._state
        root = state.root
        return RunRecord(
            id=state.run_id,
            name=state.name,
            status=state.status,
            error=state.error,
            path=self._path,
            definition_sha256=state.definition_sha256,
            created_at=state.created_at,
            started_at=state.started_at,
            finished_at=state.finished_at,
            epoch=state.epoch,
            done=len(root.instances) - root.unfinished,
            total=len(root.instances),
        )

    def take(self) -> tuple[tuple[TaskRecord, ...], tuple[AttemptRecord, ...], tuple[NameRecord, ...]]:
        """Return this turn's rows and start the next turn."""
        rows = (
            tuple(task_record(instance) for instance in self._touched.values()),
            tuple(self._attempts.values()),
            tuple(self._names.values()),
        )
        self._touched.clear()
        self._attempts.clear()
        self._names.clear()
        return rows

    def _touch(self, instance: Instance | None) -> None:
        if instance is not None:
            self._touched[id(instance)] = instance

    def _scope(self, scope: Scope) -> None:
        for instance in scope.instances:
            self._touch(instance)

    def _workflow_names(self, scope: Scope, at: float) -> None:
        workflow = scope.workflow
        for kind, table in (("variable", workflow.variables), ("param", workflow.params)):
            for name, value in table.items():
                self._names[scope.path, kind, name] = NameRecord(
                    scope=scope.path, kind=kind, name=name, value=value, at=at
                )

    def _task(self, event: e.TaskEvent, at: float) -> None:
        instance = self._state.instance(event.key)
        self._touch(instance)
        if isinstance(event, e.TaskStarted):
            self._attempt_started(event, instance, at)
        elif isinstance(event, e.TaskSpawned):
            self._attempt_changed(event.key, pid=event.pid)
        elif type(event) in _ATTEMPT_ENDS:
            self._attempt_ended(event, instance, at)
        if instance.status.terminal:
            for parallel in self._state.parallels_of(instance):
                self._touch(parallel)
        if isinstance(event, e.TaskSucceeded):
            self._named(event, instance, at)

    def _named(self, event: e.TaskSucceeded, instance: Instance, at: float) -> None:
        scope, address = instance.scope, instance.key.address
        refs = [(export.name, export.ref) for export in event.exports]
        if instance.node.result_key:
            refs.append((instance.node.result_key, event.result))
        for name, ref in refs:
            self._names[scope.path, "result", name] = NameRecord(
                scope=scope.path, kind="result", name=name, ref=ref, set_by=address, at=at
            )
        home = scope.workflow.home
        for change in event.memory:
            self._names[home, "memory", change.name] = NameRecord(
                scope=home,
                kind="memory",
                name=change.name,
                value=change.value,
                deleted=change.deleted,
                set_by=address,
                at=at,
            )

    def _attempt_started(self, event: e.TaskStarted, instance: Instance, at: float) -> None:
        record = AttemptRecord(
            key=event.key,
            generation=instance.generation,
            attempt=event.attempt,
            epoch=self._state.epoch,
            status=TaskStatus.RUNNING,
            arguments=event.arguments,
            started_at=at,
        )
        self._keep(record)

    def _attempt_changed(self, key: TaskKey, *, pid: int) -> None:
        record = self._running.get(key)
        if record is not None:
            self._keep(replace(record, pid=pid))

    def _attempt_ended(self, event: e.TaskEvent, instance: Instance, at: float) -> None:
        record = self._running.pop(event.key, None)
        if record is None:
            if not isinstance(event, e.TaskInterrupted):
                return  # it never started
            record = self._left_over(event, instance, at)
        error = instance.error if type(event) in _WITH_ERROR else None
        ended = replace(record, status=_ATTEMPT_ENDS[type(event)], finished_at=at, error=error)
        self._attempts[record.key, record.generation, record.attempt] = ended

    def _left_over(self, event: e.TaskInterrupted, instance: Instance, at: float) -> AttemptRecord:
        """Rebuild the row of an attempt that an earlier owner started."""
        arguments = instance.arguments
        return AttemptRecord(
            key=event.key,
            generation=instance.generation,
            attempt=event.attempt,
            epoch=self._state.epoch,
            status=TaskStatus.RUNNING,
            arguments=None if arguments is UNRENDERED else arguments,  # type: ignore[arg-type]  # JSON once rendered
            started_at=instance.started_at or at,
        )

    def _keep(self, record: AttemptRecord) -> None:
        self._running[record.key] = record
        self._attempts[record.key, record.generation, record.attempt] = record


def task_record(instance: Instance) -> TaskRecord:
    """Build the row of one instance."""
    return TaskRecord(
        key=instance.key,
        operator=instance.node.operator,
        status=instance.status,
        reason=instance.reason,
        attempts=instance.attempt,
        generation=instance.generation,
        queued_at=instance.queued_at,
        started_at=instance.started_at,
        finished_at=instance.finished_at,
        until=instance.until,
        result=instance.result,
        error=instance.error,
        children_done=instance.children_done,
        children_total=instance.children_total,
        ordinal=instance.ordinal,
    )
