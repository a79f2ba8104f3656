"""The engine: wires the ports together and owns the thread. Any thread may call it; every call returns at once.

What a call starts comes back as batches to the subscribers; `RunHandle.wait` is for those who have nothing else to do.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

from .core.bulkhead import Bulkhead, Snapshot
from .core.desk import Desk
from .core.events import Reason, RunCreated
from .core.ports import RunReader, Store, Subscriber
from .core.records import RunRecord, StoredDefinition
from .core.scheduler import Scheduler
from .core.secret_text import SecretMarks
from .core.state import RunState
from .core.status import RunStatus
from .core.value_cache import ValueCache
from .definition.loading import Loaded
from .definition.params import check_params, check_variables
from .definition.plan import Plan
from .errors import EngineError, StoreError, UsageError
from .keys import JsonValue, RunId, TaskKey
from .persistence.manager import open_reader, open_store
from .processes.child_watcher import install_child_watcher
from .processes.watchdog import WATCHDOG
from .runtime.bulkheads import Bulkheads, Holder
from .runtime.bus import Bus
from .runtime.clock import SystemClock
from .runtime.control import address_of
from .runtime.executors import EXECUTORS, recover
from .runtime.executors.prints import prints_into_logs
from .runtime.failpoints import Failpoints
from .runtime.ids import checked_run_id, new_run_id
from .runtime.logs import FileLogBook
from .runtime.orchestrator import LiveRun, Services
from .runtime.parked import LEFT_ON_PURPOSE, recall
from .runtime.vault import SecretVault, hide_params, open_vault, reopen_vault
from .runtime.watchman import Watchman
from .runtime.wishes import Wishes
from .tools.registry import Registry

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_THREADS = 256
"""Most worker threads of an engine; they are started as they are needed."""


class RunHandle(Wishes):
    """A run that this engine executes."""

    def __init__(self, run_id: RunId, plan: Plan, engine: Engine) -> None:
        """Made by the engine alone."""
        self.run_id = run_id
        self.plan = plan
        self._engine = engine
        self._ended: Future[RunRecord] = Future()

    @property
    def done(self) -> bool:
        """True once the run is terminal, or the engine had to give it up."""
        return self._ended.done()

    def cancel(self, why: str = "cancelled by the user") -> None:
        """Ask for the end of the run; nothing happens when it has ended."""
        self._engine.cancel(self.run_id, why)

    def cancel_task(self, key: TaskKey, why: str = "cancelled by the user") -> None:
        """Ask for the end of one task and of what is inside it."""
        self._engine.cancel_task(self.run_id, key, why)

    def _wish(self, act: Callable[[Scheduler], object]) -> None:
        self._engine.wish(self.run_id, act)

    def wait(self, timeout_s: float | None = None) -> RunRecord | None:
        """Return the last row of the run, or None when `timeout_s` passed first.

        Raises what ended the run early: StoreError, OwnershipLost, EngineBug. It is `interrupted` then.
        """
        try:
            return self._ended.result(timeout_s)
        except FutureTimeoutError:
            return None
        except CancelledError:
            raise EngineError("E-CLOSED", f"the engine was closed; run {self.run_id} is interrupted") from None

    def settle(self, ended: asyncio.Task[RunRecord]) -> None:
        """Take the end of the driving task over. Called by the engine alone."""
        if ended.cancelled():
            self._ended.cancel()
        elif (error := ended.exception()) is not None:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(ended.result())


class Engine:
    """One engine: a thread with its loop, one writing connection, the executors. A context manager."""

    def __init__(self, url: str) -> None:
        """Open the store named by `url` and start the thread. StoreError when it cannot be opened."""
        self.url = url
        self._bus = Bus()
        self._live: dict[RunId, LiveRun] = {}
        self._drivers: set[asyncio.Task[RunRecord]] = set()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._main, name="highway-engine", daemon=True)
        self._thread.start()
        try:
            self._ready.result()
            self.reader: RunReader = open_reader(url)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Get every saved batch from now on, on the engine's thread; the returned function ends it."""
        return self._bus.subscribe(subscriber)

    def start(
        self,
        loaded: Loaded,
        *,
        params: Mapping[str, JsonValue] | None = None,
        variables: Mapping[str, JsonValue] | None = None,
        run_id: str | None = None,
        keep_going: bool = False,
    ) -> RunHandle:
        """Start a run; it is stored when this returns.

        WorkflowInvalid for a file with errors, UsageError for inputs that do not fit, a run id that is taken, secrets
        that cannot be had (`E-SECRET`) and dotenv files that cannot be read (`E-DOTENV`).
        """
        plan = loaded.require()
        stored, hidden = hide_params(plan, check_params(plan.params, params or {}))
        definition = StoredDefinition(
            path=loaded.absolute_path,
            text=loaded.source,
            sha256=loaded.sha256,
            sources=dict(plan.sources),
            params=stored,
            variables=check_variables(plan.variables, variables or {}),
            keep_going=keep_going,
        )
        chosen = checked_run_id(run_id) if run_id is not None else new_run_id()
        return self._call(self._start(plan, definition, chosen, hidden))

    def resume(self, run_id: RunId, *, secret_params: Mapping[str, JsonValue] | None = None) -> RunHandle:
        """Go on with a stored run under its stored definition; failed work starts anew, finished work stays.

        `secret_params` are given again, for they were not stored. OwnedElsewhere while another process runs it,
        UsageError for an unknown or a succeeded run, and as in `start` for what is secret.
        """
        return self._call(self._resume(run_id, secret_params or {}))

    def cancel(self, run_id: RunId, why: str) -> None:
        """Ask for the end of a run of this engine."""
        self._with_live(run_id, lambda live: live.cancel(Reason("cancel", why)))

    def cancel_task(self, run_id: RunId, key: TaskKey, why: str) -> None:
        """Ask for the end of one task of a run of this engine."""
        self._with_live(run_id, lambda live: live.cancel_task(key, Reason("cancel", why)))

    def wish(self, run_id: RunId, act: Callable[[Scheduler], object]) -> None:
        """Let a wish happen in the next turn of a run of this engine."""
        self._with_live(run_id, lambda live: live.wish(act))

    def bulkheads(self) -> dict[tuple[str, str], Snapshot[Holder]]:
        """Freeze the bulkheads of this engine, by workflow and name; those of the runtimes under the workflow `""`."""

        async def look() -> dict[tuple[str, str], Snapshot[Holder]]:
            return self._services.bulkheads.snapshots()

        return self._call(look())

    def set_limit(self, workflow: str, name: str, limit: int) -> None:
        """Let `limit` calls of a named bulkhead run at once from now on; UsageError for an unknown one."""
        self._operate(workflow, name, lambda item, _: item.set_limit(limit), f"limit of {name} set to {limit}")

    def force_open(self, workflow: str, name: str, duration_s: float | None = None) -> None:
        """Open a circuit breaker by hand, for `duration_s` or the time of its policy."""
        self._operate(
            workflow, name, lambda item, now: item.force_open(now, duration_s), f"circuit {name} opened by hand"
        )

    def reset_breaker(self, workflow: str, name: str) -> None:
        """Close a circuit breaker by hand and forget what it counted."""
        self._operate(workflow, name, lambda item, now: item.reset(now), f"circuit {name} closed by hand")

    def close(self, timeout_s: float = 15.0) -> None:
        """Stop every call, give up the runs that are live (they can be resumed), end the thread."""
        reader = self.__dict__.pop("reader", None)
        if reader is not None:
            reader.close()  # before the writer: whoever closes last moves the log into the database
        if self._thread.is_alive():
            self._soon(self._stop.set)
            self._thread.join(timeout_s)

    # --- on the engine's thread ------------------------------------------------------------------------------------

    def _main(self) -> None:
        install_child_watcher()
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # noqa: BLE001 - the top of a thread: the constructor raises it, or the log has it
            if self._ready.done():
                _log.exception("the engine thread ended")
            else:
                self._ready.set_exception(error)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        async with AsyncExitStack() as stack:
            store = open_store(self.url)
            stack.callback(store.close)
            stack.enter_context(WATCHDOG.serving())
            registry = Registry()
            executors = {name: factory(registry, _THREADS) for name, factory in EXECUTORS.items()}
            for executor in executors.values():
                stack.push_async_callback(executor.close)
            stack.enter_context(prints_into_logs())
            self._store: Store = store
            self._registry = registry
            clock, bulkheads = SystemClock(), Bulkheads(store.breaker)
            watchman = Watchman(bulkheads, clock)
            stack.callback(watchman.close)
            self._services = Services(
                store=store,
                bus=self._bus,
                clock=clock,
                executors=executors,
                bulkheads=bulkheads,
                watch=watchman.watch,
                failpoints=Failpoints.from_environment(os.environ),
            )
            stack.push_async_callback(self._give_up)
            self._ready.set_result(None)
            await self._stop.wait()

    async def _start(
        self, plan: Plan, definition: StoredDefinition, run_id: RunId, hidden: Mapping[str, str]
    ) -> RunHandle:
        vault = await open_vault(plan, hidden, os.environ)
        now = self._services.clock.now()
        record = RunRecord(
            id=run_id,
            name=plan.name,
            status=RunStatus.CREATED,
            path=definition.path,
            definition_sha256=definition.sha256,
            created_at=now,
            total=len(plan.root.nodes),
        )
        hit = self._services.failpoints.hit
        await self._store.create_run(record, definition)
        hit("run.created")
        epoch = await self._store.claim(run_id, address_of(self._store.run_folder(run_id)))
        hit("run.claimed")
        scheduler = self._scheduler(RunState(run_id, plan), definition.path, vault)
        created = RunCreated(
            plan.name, definition.sha256, definition.params, definition.variables, definition.keep_going
        )
        handle = RunHandle(run_id, plan, self)
        return await self._drive(handle, scheduler, vault, lambda: scheduler.create(created, epoch))

    async def _resume(self, run_id: RunId, secret_params: Mapping[str, JsonValue]) -> RunHandle:
        found = self._store.run(run_id).status
        if found is RunStatus.SUCCEEDED:
            raise UsageError("E-RUN-SUCCEEDED", f"run {run_id} has succeeded; there is nothing to resume")
        epoch = await self._store.claim(run_id, address_of(self._store.run_folder(run_id)))
        try:
            self._services.failpoints.hit("resume.claimed")
            definition, state, next_seq = recall(self._store, run_id)
            plan = state.plan
            vault = await reopen_vault(plan, definition.params, secret_params, os.environ)
            await recover(self._services.executors, run_id, plan)
            self._services.failpoints.hit("resume.folded")
        except BaseException:
            await self._store.release(run_id)
            raise
        scheduler = self._scheduler(state, definition.path, vault, next_seq)
        handle = RunHandle(run_id, plan, self)
        if next_seq > 1:
            left = found in LEFT_ON_PURPOSE
            return await self._drive(handle, scheduler, vault, lambda: scheduler.resume(epoch, left=left))
        created = RunCreated(
            plan.name, definition.sha256, definition.params, definition.variables, definition.keep_going
        )
        return await self._drive(handle, scheduler, vault, lambda: scheduler.create(created, epoch))

    def _scheduler(self, state: RunState, path: str, vault: SecretVault, next_seq: int = 1) -> Scheduler:
        store, run_id = self._store, state.run_id
        desk = Desk(
            state=state,
            values=ValueCache(lambda refs: store.values(run_id, refs)),
            tools=self._registry,
            env=vault.texts(os.environ),
            marks=SecretMarks(secrets.token_hex(16)) if vault.has_secrets else None,
        )
        return Scheduler(state, desk, path, next_seq)

    async def _drive(
        self, handle: RunHandle, scheduler: Scheduler, vault: SecretVault, begin: Callable[[], None]
    ) -> RunHandle:
        """Let the run go and return once its first turn is saved."""
        run_id = handle.run_id
        live = LiveRun(scheduler, self._services, FileLogBook(self._store.run_folder(run_id)), vault)
        saved = asyncio.Event()

        async def drive() -> RunRecord:
            try:
                return await live.drive(begin, saved.set)
            finally:
                self._live.pop(run_id, None)
                self._services.failpoints.hit("run.ended")
                await self._let_go(run_id)

        def ended(driver: asyncio.Task[RunRecord]) -> None:
            self._drivers.discard(driver)
            if not driver.cancelled() and (error := driver.exception()) is not None:
                _log.error("run %s was given up: %s", run_id, error, exc_info=error)
            handle.settle(driver)
            saved.set()

        self._live[run_id] = live
        driver = self._loop.create_task(drive())
        self._drivers.add(driver)
        driver.add_done_callback(ended)
        await saved.wait()
        return handle

    async def _let_go(self, run_id: RunId) -> None:
        """Give the run's lock back, also where the store cannot be written any more."""
        try:
            await self._store.release(run_id)
        except StoreError as error:
            _log.warning("run %s could not be marked as released: %s", run_id, error)

    async def _give_up(self) -> None:
        """Stop driving; what was running can be resumed."""
        drivers = list(self._drivers)
        for driver in drivers:
            driver.cancel()
        if drivers:
            await asyncio.wait(drivers)
            await asyncio.sleep(0)  # lets the callbacks release the locks before the store closes

    def _call(self, work: Coroutine[Any, Any, _T]) -> _T:
        if not self._thread.is_alive():
            work.close()
            raise StoreError("E-CLOSED", "the engine is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _operate(self, workflow: str, name: str, act: Callable[[Bulkhead[Holder], float], None], why: str) -> None:
        async def operate() -> None:
            now = self._services.clock.now()
            self._services.bulkheads.change(workflow, name, lambda item: act(item, now), why, now)
            self._services.watch()

        self._call(operate())

    def _with_live(self, run_id: RunId, action: Callable[[LiveRun], object]) -> None:
        def act() -> None:
            live = self._live.get(run_id)
            if live is not None:
                action(live)

        self._soon(act)

    def _soon(self, action: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:
            _log.debug("the engine is closed already")
