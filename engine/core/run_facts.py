"""What is known about the run itself: the half of its state that no task instance holds. Changed by `apply` alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from ..definition.plan import Plan
from ..errors import EngineBug, ErrorInfo
from ..keys import ROOT, RunId, ScopePath
from . import events as e
from .instances import Instance, Scope, Workflow, open_scope
from .status import RunStatus, TaskStatus
from .transitions import next_run_status
from .values import ResultRef


class RunFacts:
    """Base of RunState: status, times, names, the scopes that are in memory; the rules of events of the run."""

    def __init__(self, run_id: RunId, plan: Plan) -> None:
        """Start empty: status `created`, no instances until `RunCreated` is applied."""
        self.run_id = run_id
        self.plan = plan
        self.status = RunStatus.CREATED
        self.error: ErrorInfo | None = None
        self.keep_going = False
        self.definition_sha256 = ""
        self.name = plan.name
        self.created_at = 0.0
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.epoch = 0
        self.cancel_reason: e.Reason | None = None
        self.signals: dict[str, ResultRef | None] = {}
        """Events of the workflow's language that happened: name to newest payload."""
        self.hook_rounds: dict[str, int] = {}
        """How often each hook of the run was opened; a resumed run that ends again opens it again."""
        self.scopes: dict[ScopePath, Scope] = {}
        self.ordinals = 0
        self._at = 0.0
        """Time of the event being applied."""

    def hook_of(self, path: ScopePath) -> str | None:
        """Name the hook of the run that a scope belongs to; None for the run's own work."""
        name = path.partition("/")[0]
        return name if name in self.plan.hooks else None

    @property
    def root(self) -> Scope:
        """The run's own scope."""
        return self.scopes[ROOT]

    def instances(self) -> Iterator[Instance]:
        """Yield every instance in memory."""
        for scope in self.scopes.values():
            yield from scope.instances

    def _run_created(self, event: e.RunCreated) -> None:
        """The run exists: its root scope opens."""
        if self.scopes:
            raise EngineBug("E-BUG-EVENT", "a run is created once")
        self.name = event.name
        self.definition_sha256 = event.definition_sha256
        self.keep_going = event.keep_going
        self.created_at = self._at
        workflow = Workflow(self.plan, ROOT, event.params, {**self.plan.variables, **event.variables})
        self._add_scope(Scope(ROOT, self.plan.root, None, workflow=workflow))

    def _run_started(self, event: e.RunStarted) -> None:
        """An owner begins or goes on; what an earlier end had stopped is free again."""
        status = next_run_status(self.status, event)
        if self.status.terminal or self.cancel_reason is not None:
            for instance in self.instances():
                instance.stopped = False
            self.scopes = {path: scope for path, scope in self.scopes.items() if self.hook_of(path) is None}
        self.status = status
        self.epoch = event.epoch
        self.error = None
        self.finished_at = None
        self.cancel_reason = None
        if self.started_at is None:
            self.started_at = self._at

    def _run_cancel_requested(self, event: e.RunCancelRequested) -> None:
        """The end was asked for: what runs is marked."""
        self.status = next_run_status(self.status, event)
        self.cancel_reason = event.reason
        for instance in self.instances():
            final = self.hook_of(instance.scope.path) == "finally"
            instance.stopped = instance.status is TaskStatus.RUNNING and not final

    def _run_moved(
        self, event: e.RunWaiting | e.RunContinued | e.RunPaused | e.RunInterrupted | e.BulkheadChanged
    ) -> None:
        """Nothing but the status changes."""
        self.status = next_run_status(self.status, event)

    def _signal_received(self, event: e.SignalReceived) -> None:
        self.status = next_run_status(self.status, event)
        self.signals[event.name] = event.payload

    def _run_finished(self, event: e.RunFinished) -> None:
        """The run is terminal."""
        self.status = next_run_status(self.status, event)
        self.error = event.error
        self.finished_at = self._at

    def _open_hook(self, event: e.ScopeOpened) -> None:
        """Open the tasks of a hook; each opening is a generation of its own."""
        if event.scope in self.scopes or event.scope not in self.plan.hooks or self.root.unfinished:
            raise EngineBug("E-BUG-SCOPE", f"hook {event.scope} cannot open now")
        graph, root = self.plan.hooks[event.scope], self.root
        self._add_scope(Scope(event.scope, graph, None, event.index, workflow=root.workflow, outer=root))
        self.hook_rounds[event.scope] = event.index + 1
        for instance in self.scopes[event.scope].instances:
            instance.generation = event.index + 1

    def _add_scope(self, scope: Scope) -> None:
        self.scopes[scope.path] = scope
        open_scope(scope, self.ordinals)
        self.ordinals += len(scope.instances)

    RUN_RULES: ClassVar[Mapping[type[e.Event], Callable[[RunFacts, Any], None]]] = {
        e.RunCreated: _run_created,
        e.RunStarted: _run_started,
        e.RunCancelRequested: _run_cancel_requested,
        e.RunWaiting: _run_moved,
        e.RunContinued: _run_moved,
        e.RunPaused: _run_moved,
        e.RunInterrupted: _run_moved,
        e.BulkheadChanged: _run_moved,
        e.SignalReceived: _signal_received,
        e.RunFinished: _run_finished,
    }
    """One rule per kind of event of the run."""
