"""Several processes and threads on one SQLite file."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.core.events import RunContinued, RunStarted
from engine.core.status import RunStatus
from engine.errors import OwnedElsewhere
from engine.persistence.manager import open_reader, open_store
from tests.contract.turns import append, batch, claim, create, definition, release, run_id, run_record, start

ROOT = Path(__file__).parents[3]

Spawn = Callable[[str, str], "subprocess.Popen[str]"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database that does not exist yet."""
    return str(tmp_path / "highway.db")


@pytest.fixture
def spawn(url: str) -> Iterator[Spawn]:
    """Start `store_worker` and wait until it is ready; killed at the end of the test."""
    with ExitStack() as stack:

        def begin(deed: str, name: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "tests.contract.store_worker", deed, url, name]
            child = stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            stack.callback(child.kill)
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            return child

        yield begin


def go(child: subprocess.Popen[str]) -> None:
    """Let a waiting worker go on."""
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def open_files() -> int:
    """Count this process's open files."""
    return psutil.Process().num_fds()


# --- owners ------------------------------------------------------------------------------------------------------


def test_a_second_process_is_refused_within_a_second_with_the_owners_pid(url: str, spawn: Spawn) -> None:
    """A live run stays its owner's, also while that is stopped; the refusal names it."""
    owner = spawn("own", "run-1")
    owner.send_signal(signal.SIGSTOP)
    store = open_store(url)
    began = time.monotonic()

    with pytest.raises(OwnedElsewhere, match=str(owner.pid)):
        claim(store)

    assert time.monotonic() - began < 1
    assert owner.pid == store.owner_pid(run_id())
    assert RunStatus.RUNNING is store.run(run_id()).status
    store.close()


def test_the_run_of_a_killed_owner_is_interrupted_and_can_be_claimed(url: str, spawn: Spawn) -> None:
    """`kill -9` gives the lock back: readers see `interrupted` at once, the next owner counts one up."""
    owner = spawn("own", "run-1")
    reader = open_reader(url)
    assert RunStatus.RUNNING is reader.run(run_id()).status

    owner.kill()
    owner.wait()

    assert RunStatus.INTERRUPTED is reader.run(run_id()).status
    assert reader.owner_pid(run_id()) is None
    reader.close()
    store = open_store(url)
    assert 2 == claim(store)
    assert RunStatus.RUNNING is store.run(run_id()).status
    store.close()


def test_a_reader_alone_can_read_what_a_killed_writer_left(url: str, spawn: Spawn) -> None:
    """The log that a killed writer leaves behind is read without any writer to put it in order."""
    owner = spawn("own", "run-1")
    owner.kill()
    owner.wait()

    reader = open_reader(url)

    assert ["run-1"] == [run.id for run in reader.runs()]
    reader.close()


def test_looking_at_a_lock_never_makes_a_claim_fail(url: str) -> None:
    """Ten readers that ask all the time who owns the run do not stand in the way of its owners."""
    store = open_store(url)
    start(store)
    release(store)
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            store.owner_pid(run_id())

    lookers = [threading.Thread(target=look) for _ in range(10)]
    for looker in lookers:
        looker.start()
    try:
        for epoch in range(2, 12):
            assert epoch == claim(store)
            release(store)
    finally:
        ended.set()
        for looker in lookers:
            looker.join()
        store.close()


def test_programs_that_the_owner_starts_do_not_hold_its_lock(url: str) -> None:
    """A child that outlives the owner does not keep the run owned."""
    store = open_store(url)
    start(store)

    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        store.close()
        other = open_store(url)
        try:
            assert 2 == claim(other)
        finally:
            child.kill()
            other.close()


# --- writing at the same time ------------------------------------------------------------------------------------


def test_four_processes_write_one_file_and_none_hears_of_it(url: str, spawn: Spawn) -> None:
    """No "database is locked" reaches anyone; every turn of everyone is there."""
    names = [f"run-{n}" for n in range(4)]
    writers = [spawn("write", name) for name in names]

    for writer in writers:
        go(writer)

    assert [0, 0, 0, 0] == [writer.wait(60) for writer in writers]
    reader = open_reader(url)
    for name in names:
        assert list(range(1, 151)) == [entry.seq for entry in reader.entries(run_id(name))]
    reader.close()


def test_four_processes_create_one_file_at_the_same_moment(url: str, spawn: Spawn) -> None:
    """The first start of several at once makes one whole database."""
    creators = [spawn("create", f"run-{n}") for n in range(4)]

    for creator in creators:
        go(creator)

    assert [0, 0, 0, 0] == [creator.wait(60) for creator in creators]
    reader = open_reader(url)
    assert ["run-3", "run-2", "run-1", "run-0"] == [run.id for run in reader.runs()]
    reader.close()


@pytest.mark.parametrize("write", ["append", "create", "claim", "release"])
def test_the_loop_goes_on_while_another_process_has_the_file(url: str, spawn: Spawn, write: str) -> None:
    """What is written waits for a locked file; timers do not wait with it, and it is then written once."""
    store = open_store(url)
    start(store)
    create(store, run_record("run-2", status=RunStatus.CREATED))
    holder = spawn("hold", "")

    writes: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "append": lambda: store.append(batch(RunContinued())),
        "create": lambda: store.create_run(run_record("run-3"), definition()),
        "claim": lambda: store.claim(run_id("run-2")),
        "release": lambda: store.release(run_id()),
    }

    async def main() -> float:
        writing = asyncio.create_task(writes[write]())
        longest, last = 0.0, time.monotonic()
        for _ in range(100):
            await asyncio.sleep(0.01)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        assert not writing.done()
        go(holder)
        await writing
        return longest

    longest = asyncio.run(main())

    assert longest < 0.5
    assert (write == "append") == bool(store.entries(run_id()))
    assert (write == "create") == ("run-3" in [run.id for run in store.runs()])
    assert (os.getpid() if write == "claim" else None) == store.owner_pid(run_id("run-2"))
    assert (None if write == "release" else os.getpid()) == store.owner_pid(run_id())
    store.close()


def test_a_cancelled_wait_for_the_file_writes_nothing(url: str, spawn: Spawn) -> None:
    """A turn given up while it waits leaves the store as it was, ready for the next."""
    store = open_store(url)
    start(store)
    holder = spawn("hold", "")

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await store.append(batch(RunContinued()))

    asyncio.run(main())
    go(holder)
    holder.wait()

    append(store, batch(RunStarted(1)))
    assert [RunStarted(1)] == [entry.event for entry in store.entries(run_id())]
    store.close()


def test_readers_on_other_threads_see_whole_turns(url: str) -> None:
    """While turns are written, every look shows all of a turn or nothing of it."""
    store = open_store(url)
    start(store)
    reader = open_reader(url)
    ended = threading.Event()
    torn: list[object] = []

    def look() -> None:
        while not ended.is_set():
            seqs = [entry.seq for entry in reader.entries(run_id())]
            if len(seqs) % 5 or seqs != list(range(1, len(seqs) + 1)):
                torn.append(seqs)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for n in range(60):
            append(store, batch(*[RunStarted(k) for k in range(5)], after=5 * n, run=run_record(done=n)))
    finally:
        ended.set()
        for looker in lookers:
            looker.join()
    assert [] == torn
    assert 300 == len(reader.entries(run_id()))
    reader.close()
    store.close()


def test_checkpoints_keep_the_log_short(url: str) -> None:
    """Many turns do not leave a log many times the database; closing leaves no log, no thread and no open file."""
    before = open_files()
    store = open_store(url)
    start(store)
    for n in range(450):
        append(store, batch(RunContinued(), after=n))

    store.close()

    assert ["highway.db", "highway.db.d"] == sorted(path.name for path in Path(url).parent.iterdir())
    assert not [thread for thread in threading.enumerate() if thread.name == "highway-checkpoints"]
    assert before == open_files()
