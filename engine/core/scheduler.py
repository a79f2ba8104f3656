"""Events in, decisions out. The only place that chooses what runs next; all it says goes through `RunState.apply`.

Cost is O(out-degree of what changed): a worklist holds the instances that a fact may concern, and nothing is scanned.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ..definition.plan import JoinSpec
from ..errors import ErrorInfo, TemplateError, UsageError
from ..keys import JsonValue, TaskKey
from . import events as e
from . import wishes
from .calls import Outcome
from .decisions import RUN_KEY, Decision, RequestPermit, StartCall, WithdrawPermit
from .desk import Desk, Step, failed
from .ending import TIMEOUT, failed_before, is_parked, sum_up, time_limit, why_skipped
from .instances import Instance, Scope
from .operator_handlers import HANDLERS, await_handler, task_handler
from .projection import Projector
from .records import Batch, BulkheadRecord
from .resuming import take_over
from .state import RunState
from .status import RunStatus, TaskStatus
from .stopping import cancel_run, cancel_task, stop_after_failure
from .sub_workflow_runner import close_scope, end_inside
from .trigger_rules import Verdict, judge, judge_join

TURN_LIMIT = 512
"""Events after which a turn ends although more could be decided, so that a long loop of memory tools stays visible."""

_SPREADS = (
    e.TaskSucceeded,
    e.TaskFailed,
    e.TaskTimedOut,
    e.TaskSkipped,
    e.TaskUpstreamFailed,
    e.TaskCancelled,
    e.OperatorEntered,
    e.BranchTaken,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn came to: save `batch`, then carry out `decisions`."""

    batch: Batch
    decisions: tuple[Decision, ...]


class Scheduler:
    """Decides one run. Owned by the engine thread. Every input settles completely or up to TURN_LIMIT."""

    def __init__(self, state: RunState, desk: Desk, path: str, next_seq: int = 1) -> None:
        """`path` is that of the definition; `next_seq` the place of the next journal entry."""
        self.state = state
        self.desk = desk
        self._projector = Projector(state, path)
        self._seq = next_seq
        self._entries: list[e.JournalEntry] = []
        self._decisions: list[Decision] = []
        self._permits: list[RequestPermit | WithdrawPermit] = []
        self._bulkheads: dict[str, BulkheadRecord] = {}
        self._worklist: deque[Instance] = deque()
        self._listed: set[int] = set()
        self._closing: deque[Scope] = deque()
        self.may_park = False
        """Whether the owner leaves the run once only people and events from outside can move it."""

    # --- inputs ----------------------------------------------------------------------------------------------------

    def create(self, event: e.RunCreated, epoch: int) -> None:
        """Begin a new run."""
        self._emit_all([event, e.RunStarted(epoch)])
        self._emit_all(time_limit(self.state, self.desk.now))
        self._list_all()

    def resume(self, epoch: int, *, left: bool = False) -> None:
        """Go on with a run that was folded from its journal; `left` as in `take_over`."""
        self._emit_all(take_over(self.state, epoch, left=left))
        self._emit_all(time_limit(self.state, self.desk.now))
        self._list_all()

    def start(self, key: TaskKey) -> None:
        """Begin the next attempt of a queued call: its permits are granted."""
        instance = self.state.find(key)
        if instance is None or instance.status is not TaskStatus.QUEUED or self.state.status is RunStatus.PAUSED:
            self._permits.append(WithdrawPermit(key))
            return
        steps = tuple(task_handler.start(instance, self.desk))
        self._emit_all(steps)
        if not any(isinstance(step, StartCall) for step in steps):
            self._permits.append(WithdrawPermit(key))

    def reject(self, key: TaskKey, error: ErrorInfo) -> None:
        """End the attempt of a queued call whose permits were refused; it may be tried again."""
        instance = self.state.find(key)
        if instance is not None and instance.status is TaskStatus.QUEUED:
            self._emit_all(task_handler.reject(instance, error, self.desk))

    def bulkhead_changed(self, event: e.BulkheadChanged, record: BulkheadRecord) -> None:
        """Journal a change of a breaker, with the row that survives a restart."""
        if not self.state.status.terminal:
            self._emit(event)
            self._bulkheads[record.name] = record

    def spawned(self, event: e.TaskSpawned) -> None:
        """Note the process of a running attempt; late news is dropped."""
        instance = self.state.find(event.key)
        if instance is not None and self._is_current(instance, event.attempt, instance.generation):
            self._emit(event)

    def finish(self, outcome: Outcome) -> bool:
        """Take an outcome; False where it is late (another attempt or generation) and was dropped."""
        instance = self.state.find(outcome.key)
        if instance is None or not self._is_current(instance, outcome.attempt, outcome.generation):
            return False
        self._emit_all(task_handler.finish(instance, outcome, self.desk))
        return True

    def timer_fired(self, key: TaskKey) -> None:
        """A deadline passed: a wait ends, another attempt is due, or the run is out of time."""
        if key == RUN_KEY and self.state.root.unfinished:
            self.cancel(e.Reason(TIMEOUT, f"timed out: the run took longer than {self.state.plan.timeout_s:g} s"))
        instance = self.state.find(key)
        if instance is None:
            return
        if instance.status is TaskStatus.WAITING:
            self._list(instance)
        elif instance.until is None or self.desk.now < instance.until:
            return
        elif instance.status is TaskStatus.RETRY_WAIT:
            attempt = instance.attempt - instance.interruptions + instance.rejections + 1
            text = f"queued: attempt {attempt}/{instance.node.retry.max_attempts}"
            self._emit_all(task_handler.queue(instance, e.Reason("retry", text)))

    def cancel(self, reason: e.Reason) -> None:
        """End the run; a second call, or one after its end, does nothing."""
        if not self.state.status.terminal and self.state.cancel_reason is None:
            was_paused = self.state.status is RunStatus.PAUSED
            self._emit_all(cancel_run(self.state, reason))
            if was_paused:
                self._emit_all(wishes.stand_in_line(self.state))
            self._list_all()

    def cancel_task(self, key: TaskKey, reason: e.Reason) -> None:
        """End one task; an unknown or finished one is left alone."""
        instance = self.state.find(key)
        if instance is not None and not instance.status.terminal:
            self._emit_all(cancel_task(self.state, instance, reason))
            self._list_all()

    def pause(self, reason: e.Reason) -> None:
        """Start nothing new until `unpause`; what runs may end. UsageError where the run cannot pause now."""
        self._emit_all(wishes.pause(self.state, reason))

    def unpause(self) -> None:
        """Go on with a paused run; UsageError where it is not."""
        self._emit_all(wishes.unpause(self.state))
        self._list_all()

    def file_found(self, key: TaskKey) -> None:
        """There is something at the path that a wait was watching."""
        instance = self.state.find(key)
        if instance is not None:
            self._emit_all(await_handler.found(instance, self.desk))

    def signal(self, name: str, payload: JsonValue) -> None:
        """An event came from outside; it is kept for waits that begin later. UsageError where the run has ended."""
        if self.state.status.terminal:
            raise UsageError("E-RUN-ENDED", f"run {self.state.run_id} has ended: {self.state.status.value}")
        self._emit(e.SignalReceived(name, self.desk.values.put(payload)))

    def approve(self, key: TaskKey, values: JsonValue, message: str) -> None:
        """Approve what a task waits for; UsageError where it does not."""
        self._emit_all(wishes.approve(self._named(key), values, message, self.desk))

    def disapprove(self, key: TaskKey, message: str) -> None:
        """Reject what a task waits for approval of; UsageError where it does not."""
        self._emit_all(wishes.reject(self._named(key), message))

    def answer(self, key: TaskKey, decision: wishes.Answer) -> None:
        """Settle a call that needs attention; UsageError where it does not."""
        self._emit_all(wishes.answer(self._named(key), decision))

    def _named(self, key: TaskKey) -> Instance:
        instance = self.state.find(key)
        if instance is None:
            raise UsageError("E-TASK-UNKNOWN", f"run {self.state.run_id} has no task {key.address!r} now")
        return instance

    # --- the turn --------------------------------------------------------------------------------------------------

    def settle(self, limit: int = TURN_LIMIT) -> bool:
        """Decide everything that can be decided now; True where the limit cut it short and more is to do."""
        while True:
            while (self._worklist or self._closing) and len(self._entries) < limit:
                if self._closing:
                    self._close(self._closing.popleft())
                else:
                    instance = self._worklist.popleft()
                    self._listed.discard(id(instance))
                    self._examine(instance)
            if self._worklist or self._closing:
                return True
            if not self._sum_up():
                return False

    def is_parked(self) -> bool:
        """Say whether the owner is to leave the run now, in `waiting`."""
        return self.may_park and is_parked(self.state)

    def is_full(self) -> bool:
        """Say whether this turn has reached TURN_LIMIT."""
        return len(self._entries) >= TURN_LIMIT

    def take_permit_requests(self) -> list[RequestPermit | WithdrawPermit]:
        """Return who wants or gives up permits, in order; granting them is part of the same turn."""
        requests, self._permits = self._permits, []
        return requests

    def take(self) -> Turn | None:
        """Return what happened since the last take; None when nothing did."""
        if not self._entries and not self._decisions:
            return None
        tasks, attempts, names = self._projector.take()
        batch = Batch(
            run_id=self.state.run_id,
            epoch=self.state.epoch,
            entries=tuple(self._entries),
            values=self.desk.values.take_fresh(),
            run=self._projector.run_record(),
            tasks=tasks,
            attempts=attempts,
            names=names,
            bulkheads=tuple(self._bulkheads.values()),
        )
        turn = Turn(batch, tuple(self._decisions))
        self._entries.clear()
        self._decisions.clear()
        self._bulkheads.clear()
        return turn

    # --- deciding --------------------------------------------------------------------------------------------------

    def _examine(self, instance: Instance) -> None:
        owner = instance.scope.owner
        if self.state.status is RunStatus.PAUSED:  # everything is listed again when it goes on
            return
        if instance.status.terminal or (owner is not None and owner.status is not TaskStatus.RUNNING):
            return
        if instance.status is TaskStatus.PENDING:
            self._consider(instance)
        elif instance.node.operator != "task":
            self._handle(instance)

    def _consider(self, instance: Instance) -> None:
        verdict = judge(instance.node.trigger_rule, instance.tally)
        spec = instance.node.spec
        if isinstance(spec, JoinSpec) and judge_join(spec.mode, instance.tally.joined) is None:
            verdict = Verdict.UNDECIDED if verdict is Verdict.RUN else verdict
        if verdict is Verdict.RUN:
            if instance.node.when is True or self._wanted(instance, instance.node.when):
                self._handle(instance)
        elif verdict is Verdict.SKIP:
            self._emit(e.TaskSkipped(instance.key, why_skipped(instance)))
        elif verdict is Verdict.UPSTREAM_FAILED:
            text = f"upstream failed: {failed_before(instance)}"
            self._emit(e.TaskUpstreamFailed(instance.key, e.Reason("upstream", text)))
        elif verdict is Verdict.CANCELLED:
            self._emit(
                e.TaskCancelled(instance.key, e.Reason("upstream", "cancelled: something before it was cancelled"))
            )

    def _wanted(self, instance: Instance, when: str | bool) -> bool:
        """Evaluate `when`; ends the instance and returns False where it says no or cannot be evaluated."""
        try:
            verdict = self.desk.evaluate(instance, when)
        except TemplateError as error:
            self._emit(failed(instance, error))
            return False
        if not verdict.value:
            self._emit(e.TaskSkipped(instance.key, e.Reason("when", f"skipped: {verdict.shown}")))
        return verdict.value

    def _handle(self, instance: Instance) -> None:
        steps = 0
        for step in HANDLERS[instance.node.operator](instance, self.desk):
            self._emit_any(step)
            steps += 1
        if steps and instance.status is TaskStatus.RUNNING and instance.node.operator != "task":
            self._list(instance)

    def _close(self, scope: Scope) -> None:
        owner = scope.owner
        if owner is not None and owner.status is TaskStatus.RUNNING and not scope.closed and not scope.unfinished:
            self._emit(close_scope(scope, owner))
            self._list(owner)

    def _sum_up(self) -> bool:
        """Decide what the run as a whole is now; True where that gives more to decide."""
        self._emit_all(sum_up(self.state))
        return bool(self._worklist or self._closing)

    # --- emitting --------------------------------------------------------------------------------------------------

    def _emit_all(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._emit_any(step)

    def _emit_any(self, step: Step) -> None:
        if isinstance(step, RequestPermit | WithdrawPermit):
            if isinstance(step, WithdrawPermit) or self.state.status is not RunStatus.PAUSED:
                self._permits.append(step)
        elif isinstance(step, Decision):
            self._decisions.append(step)
        else:
            self._emit(step)

    def _emit(self, event: e.Event) -> None:
        """Make one fact true, note it, and list whom it concerns."""
        now = self.desk.now
        self.state.apply(event, now)
        self._entries.append(e.JournalEntry(self._seq, now, event))
        self._seq += 1
        self._projector.observe(event, now)
        if isinstance(event, _SPREADS):
            self._spread(self.state.instance(event.key))
            if isinstance(event, e.TaskFailed | e.TaskTimedOut):
                self._after_failure(self.state.instance(event.key))
        elif isinstance(event, e.SignalReceived):
            for instance in self.state.instances() if self.state.waiting else ():
                if instance.status is TaskStatus.WAITING and instance.awaits == event.name:
                    self._list(instance)
        elif isinstance(event, e.ScopeOpened):
            self._enter_scope(self.state.scopes[event.scope])

    def _spread(self, instance: Instance) -> None:
        scope = instance.scope
        others = scope.instances
        for edge in scope.graph.dependents[instance.node.index]:
            dependent = others[edge.upstream]
            if dependent.status is TaskStatus.PENDING:
                self._list(dependent)
        if not instance.status.terminal:
            self._list(instance)
            if instance.children is not None:
                for kept in instance.children.scopes.values():
                    self._enter_scope(kept)
            return
        self._emit_all(end_inside(instance))
        for parallel in self.state.parallels_of(instance):
            self._list(parallel)
        if scope.unfinished == 0 and scope.owner is not None:
            self._closing.append(scope)

    def _enter_scope(self, scope: Scope) -> None:
        for instance in scope.instances:
            if not instance.status.terminal and not instance.tally.unresolved:
                self._list(instance)
        if scope.unfinished == 0:
            self._closing.append(scope)

    def _after_failure(self, instance: Instance) -> None:
        if (
            instance.counts_as_failed
            and not self.desk.keeps_going
            and not instance.stopped
            and self.state.status is not RunStatus.CANCELLING
            and self.state.hook_of(instance.scope.path) is None
        ):
            self._emit_all(stop_after_failure(self.state, instance))
            for operator in self.state.instances():
                if operator.stopped:
                    self._list(operator)

    def _list(self, instance: Instance) -> None:
        if id(instance) not in self._listed:
            self._listed.add(id(instance))
            self._worklist.append(instance)

    def _list_all(self) -> None:
        for instance in self.state.instances():
            if not instance.status.terminal:
                self._list(instance)
        for scope in list(self.state.scopes.values()):
            if scope.owner is not None and scope.unfinished == 0 and not scope.closed:
                self._closing.append(scope)

    def _is_current(self, instance: Instance, attempt: int, generation: int) -> bool:
        return (
            instance.status is TaskStatus.RUNNING and instance.attempt == attempt and instance.generation == generation
        )
