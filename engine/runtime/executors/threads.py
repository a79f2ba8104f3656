"""Worker threads for blocking calls: daemons of our own, started when needed. A hung function holds up nobody's exit.

asyncio's default pool is small and joined at exit. Here a call that is given up (timeout, cancel) leaves its thread
behind, a new one takes its place, and what the old one returns is dropped. Results come back in bursts: one wake-up
of the loop for all that have arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Generic, TypeVar, cast

T = TypeVar("T")

_NUMBERS: Final = itertools.count(1)


class Job(Generic[T]):
    """One call on its way through a thread."""

    __slots__ = ("_abandoned", "_ended", "_guard", "_interrupt", "_thread", "future", "tell", "work")

    def __init__(self, work: Callable[[Job[T]], T], future: asyncio.Future[T]) -> None:
        """`work` gets its job and must not raise."""
        self.work = work
        self.future = future
        self.tell: Callable[[], float] | None = None
        """Set from the thread: tells the work to end, and returns for how many seconds it may go on."""
        self._guard = threading.Lock()
        """Guards what follows: the loop gives up while the thread begins or ends."""
        self._thread: threading.Thread | None = None
        self._abandoned = False
        self._ended = False
        self._interrupt: Callable[[], object] | None = None

    def begin(self) -> bool:
        """Say, from the thread, that work begins; False when nobody waits for it any more."""
        with self._guard:
            self._thread = threading.current_thread()
            return not self._abandoned

    def on_abandon(self, interrupt: Callable[[], object]) -> None:
        """Ask, from the thread, to be told when the call is given up; at once if it was."""
        with self._guard:
            self._interrupt = interrupt
            late = self._abandoned
        if late:
            interrupt()

    def end(self) -> bool:
        """Say, from the thread, that the work is over; False when it was given up meanwhile."""
        with self._guard:
            self._ended = True
            return not self._abandoned

    def abandon(self) -> threading.Thread | None:
        """Give up, from the loop. Return the thread that is still busy with it, if one is."""
        with self._guard:
            self._abandoned = True
            interrupt = None if self._ended else self._interrupt
            thread = None if self._ended else self._thread
        if interrupt is not None:
            interrupt()
        return thread


_is_alive = threading.Thread.is_alive


class WorkerPool:
    """At most `limit` threads that take jobs. Owned by one loop; threads touch the queues and the wake-up flag only."""

    def __init__(self, limit: int) -> None:
        """`limit` is at least 1. Threads that were given up do not count."""
        self._limit = limit
        self._jobs: SimpleQueue[Job[object] | None] = SimpleQueue()
        self._arrived: deque[tuple[Job[object], object]] = deque()
        self._woken = False
        """A wake-up is on its way. Cleared by the loop before it looks, so at worst there is one too many."""
        self._threads: set[threading.Thread] = set()
        """Those that take jobs."""
        self._unfinished = 0

    async def run(self, work: Callable[[Job[T]], T]) -> T:
        """Run `work` on a thread. A cancel is raised, once the work has ended or is given up: at once unless it `tell`s
        otherwise, and at a second cancel.
        """
        loop = asyncio.get_running_loop()
        job: Job[T] = Job(work, loop.create_future())
        self._unfinished += 1
        try:
            if self._unfinished > len(self._threads) < self._limit:
                self._start_thread(loop)
            self._jobs.put(cast("Job[object]", job))
            return await job.future
        except asyncio.CancelledError:
            await _told(job, loop)
            busy = job.abandon()
            if busy is not None:
                self._threads.discard(busy)
            raise
        finally:
            self._unfinished -= 1

    async def close(self, patience_s: float = 1.0) -> None:
        """Let the threads end; one that is still busy after `patience_s` is left to the end of the process."""
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + patience_s
        threads = self._threads
        while any(map(_is_alive, threads)) and time.monotonic() < deadline:  # noqa: ASYNC110 - threads set no event
            await asyncio.sleep(0.001)
        self._threads.clear()

    def _start_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        thread = threading.Thread(target=self._work, args=(loop,), name=f"highway-worker-{next(_NUMBERS)}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Thread: take jobs until told to end, or until the one in hand was given up."""
        while (job := self._jobs.get()) is not None:
            if not job.begin():
                continue
            result = job.work(job)
            if not job.end():
                return
            self._arrived.append((job, result))
            del job, result  # an idle thread keeps no user data alive
            if not self._woken:
                self._woken = True
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                    loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        """Loop: give every result that has arrived to the one who waits for it."""
        self._woken = False
        while self._arrived:
            job, result = self._arrived.popleft()
            if not job.future.done():
                job.future.set_result(result)


async def _told(job: Job[T], loop: asyncio.AbstractEventLoop) -> None:
    """Let work that can be told come to its end."""
    patience_s = job.tell() if job.tell is not None else 0.0
    if patience_s > 0:
        job.future = loop.create_future()  # the old one has been cancelled
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({job.future}, timeout=patience_s)
