"""What every store promises, whatever it writes to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.core.events import Reason, RunContinued, RunStarted
from engine.core.ports import RunReader, Store
from engine.core.status import RunStatus, TaskStatus
from engine.core.values import ResultRef, store_value
from engine.errors import EngineBug, ErrorInfo, OwnedElsewhere, OwnershipLost, StoreCorrupt, UsageError
from engine.keys import JsonValue, key_of
from engine.persistence.manager import open_reader, open_store
from tests.contract.turns import (
    append,
    attempt_record,
    batch,
    claim,
    create,
    definition,
    everything,
    full_turn,
    name_record,
    release,
    run_id,
    run_record,
    start,
    task_record,
)


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each storage in turn."""
    return "memory:" if request.param == "memory" else str(tmp_path / "state" / "highway.db")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def reader(store: Store, url: str) -> Iterator[RunReader]:
    """A second connection where there can be one."""
    if url == "memory:":
        yield store
        return
    opened = open_reader(url)
    yield opened
    opened.close()


# --- writing and reading back ------------------------------------------------------------------------------------


def test_a_new_store_is_empty(reader: RunReader) -> None:
    """A store that nobody wrote to lists no runs, and `@latest` says so."""
    assert [] == list(reader.runs())
    with pytest.raises(UsageError, match="E-RUN-UNKNOWN"):
        reader.resolve("@latest")


def test_a_created_run_reads_back_equal(store: Store, reader: RunReader) -> None:
    """Record and definition come back as they went in, bytes and odd characters included."""
    record = run_record(status=RunStatus.CREATED, name='"quoted" \0 \ud800 ü', path="/tmp/\udcff.yaml", started_at=None)
    stored = definition(
        path="/tmp/\udcff.yaml",
        text=b"\xff\x00 bytes",
        sources={"sub/\ud800.yaml": b"\xfe", "b.yaml": b""},
        params={"deep": {"n": [1, 2.5, None, True, "ü\ud800"]}},
        variables={"v": 10**30},
        keep_going=True,
    )

    create(store, record, stored)

    assert record == reader.run(run_id())
    assert stored == reader.definition(run_id())


def test_a_turn_reads_back_equal(store: Store, reader: RunReader) -> None:
    """Entries, records and values of a turn come back as they went in; tasks by ordinal."""
    start(store)
    turn = full_turn()

    append(store, turn)

    assert turn.run == reader.run(run_id())
    assert list(turn.entries) == list(reader.entries(run_id()))
    assert [key_of("w"), key_of("loop[0]/a")] == [task.key for task in reader.tasks(run_id())]
    assert set(turn.tasks) == set(reader.tasks(run_id()))
    assert list(turn.attempts) == list(reader.attempts(run_id(), key_of("loop[0]/a")))
    assert list(turn.names) == list(reader.names(run_id()))
    value = turn.values[0]
    assert {value.ref.digest: {"n": [1, 2.5, None, True, "ü"]}} == dict(reader.values(run_id(), [value.ref]))


def test_a_later_record_replaces_the_earlier_one_whole(store: Store, reader: RunReader) -> None:
    """A column that became None is None again, in runs, tasks and attempts."""
    start(store)
    error = ErrorInfo(code="E-EXIT", message="exit 1", exit_code=1, retryable=False)
    task = task_record(status=TaskStatus.RETRY_WAIT, error=error, reason=Reason("retry", "in 1 s"), until=9.0)
    append(
        store, batch(RunContinued(), run=run_record(error=error, done=1), tasks=(task,), attempts=(attempt_record(),))
    )
    later_task = task_record(finished_at=12.0)
    later_attempt = attempt_record(status=TaskStatus.FAILED, error=error, finished_at=12.0)

    append(store, batch(RunContinued(), after=1, run=run_record(), tasks=(later_task,), attempts=(later_attempt,)))

    assert run_record() == reader.run(run_id())
    assert [later_task] == list(reader.tasks(run_id()))
    assert [later_attempt] == list(reader.attempts(run_id(), key_of("a")))


def test_entries_come_in_pages(store: Store, reader: RunReader) -> None:
    """`after` and `limit` cut the journal without gap or overlap."""
    start(store)
    append(store, batch(*[RunStarted(n) for n in range(1, 8)]))

    assert [4, 5, 6] == [entry.seq for entry in reader.entries(run_id(), after=3, limit=3)]
    assert [] == list(reader.entries(run_id(), after=7))


@pytest.mark.parametrize(
    "value",
    [None, False, 0, "", [], "a\ud800b", "ü" * 10, 2.5e300, {"k": ["v"]}, "x" * 400_000, "\ud800" * 100_000],
    ids=["null", "false", "zero", "empty", "list", "surrogate", "unicode", "float", "map", "large", "large-surrogates"],
)
def test_any_value_reads_back_equal(store: Store, reader: RunReader, value: JsonValue) -> None:
    """A value comes back equal, small or large, and storing it twice is no error."""
    start(store)
    stored = store_value(value)

    append(store, batch(RunContinued(), values=(stored, stored)))
    append(store, batch(RunContinued(), after=1, values=(stored,)))

    assert {stored.ref.digest: value} == dict(reader.values(run_id(), [stored.ref, stored.ref]))


def test_many_values_are_read_at_once(store: Store, reader: RunReader) -> None:
    """More values than one statement can ask for still come back, each under its digest."""
    start(store)
    stored = tuple(store_value(n) for n in range(1200))
    append(store, batch(RunContinued(), values=stored))

    assert {value.ref.digest: n for n, value in enumerate(stored)} == dict(
        reader.values(run_id(), [value.ref for value in stored])
    )


def test_a_value_that_is_not_there_is_damage(store: Store, reader: RunReader) -> None:
    """A reference that the store cannot follow is no None."""
    start(store)

    with pytest.raises(StoreCorrupt):
        reader.values(run_id(), [ResultRef("f" * 32, 3)])


def test_a_deleted_name_is_gone_until_it_is_set_again(store: Store, reader: RunReader) -> None:
    """`names` shows the living, by scope, kind and name, however odd a name is."""
    start(store)
    odd = '"\ud800\0'
    append(store, batch(RunContinued(), names=(name_record("b"), name_record("a"), name_record(odd, value=1))))
    append(store, batch(RunContinued(), after=1, names=(name_record("a", deleted=True),)))

    assert {"b", odd} == {name.name for name in reader.names(run_id())}

    append(store, batch(RunContinued(), after=2, names=(name_record("a", kind="param"), name_record("a", value=2))))

    assert [("memory", "a"), ("memory", "b"), ("param", "a")] == [
        (name.kind, name.name) for name in reader.names(run_id()) if name.name != odd
    ]


def test_two_runs_never_touch_each_other(store: Store, reader: RunReader) -> None:
    """Equal keys in two runs are two rows."""
    start(store)
    start(store, "run-2")
    append(store, batch(RunContinued(), tasks=(task_record(),), names=(name_record("n", value=1),)))
    before = everything(reader)

    run = run_record("run-2")
    append(
        store, batch(RunStarted(1), run=run, tasks=(task_record(attempts=5),), names=(name_record("n", deleted=True),))
    )

    assert before == everything(reader)


# --- ids ---------------------------------------------------------------------------------------------------------


def test_an_id_is_taken_once(store: Store, reader: RunReader) -> None:
    """A second run of the same id is refused and changes nothing."""
    start(store)

    with pytest.raises(UsageError, match="E-RUN-EXISTS"):
        create(store, run_record(name="other"), definition(text=b"other"))

    assert run_record() == reader.run(run_id())
    assert definition() == reader.definition(run_id())


@pytest.mark.parametrize("id", ["", "..", "a/b", "A", "x" * 65, "a\n", "ü"])
def test_an_id_that_could_leave_its_folder_is_refused(store: Store, id: str) -> None:
    """Ids become folder names: nothing but lower-case letters, digits and dashes."""
    with pytest.raises(UsageError, match="E-RUN-ID"):
        create(store, run_record(id))


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda reader: reader.run(run_id("no")), id="run"),
        pytest.param(lambda reader: reader.tasks(run_id("no")), id="tasks"),
        pytest.param(lambda reader: reader.attempts(run_id("no"), key_of("a")), id="attempts"),
        pytest.param(lambda reader: reader.names(run_id("no")), id="names"),
        pytest.param(lambda reader: reader.entries(run_id("no")), id="entries"),
        pytest.param(lambda reader: reader.values(run_id("no"), [ResultRef("0" * 32, 1)]), id="values"),
        pytest.param(lambda reader: reader.definition(run_id("no")), id="definition"),
        pytest.param(lambda reader: reader.runs(before=run_id("no")), id="runs"),
        pytest.param(lambda reader: reader.resolve("no"), id="resolve"),
        pytest.param(lambda reader: reader.resolve(""), id="resolve-empty"),
        pytest.param(lambda reader: reader.run_folder(run_id("../up")), id="run_folder"),
    ],
)
def test_an_unknown_run_is_named(store: Store, reader: RunReader, ask: Callable[[RunReader], object]) -> None:
    """Every question about a run that is not there is answered with E-RUN-UNKNOWN, never with an empty list."""
    start(store)

    with pytest.raises(UsageError, match="E-RUN-UNKNOWN"):
        ask(reader)


def test_references_resolve(store: Store, reader: RunReader) -> None:
    """An id, a unique prefix and `@latest` name a run; an ambiguous prefix names its candidates."""
    for n, name in enumerate(["run-a", "run-ab", "other"]):
        create(store, run_record(name, created_at=float(n)))

    assert "run-a" == reader.resolve("run-a")
    assert "run-ab" == reader.resolve("run-ab")
    assert "other" == reader.resolve("o")
    assert "other" == reader.resolve("@latest")
    with pytest.raises(UsageError, match=r"run-a, run-ab.*E-RUN-AMBIGUOUS"):
        reader.resolve("run-")
    with pytest.raises(UsageError, match="E-RUN-UNKNOWN"):
        reader.resolve("%")


def test_runs_come_newest_first_in_pages(store: Store, reader: RunReader) -> None:
    """Pages follow each other without gap or overlap, runs of the same instant included."""
    for n in range(6):
        create(store, run_record(f"run-{n}", created_at=float(n // 2)))

    first = reader.runs(limit=4)
    second = reader.runs(limit=4, before=first[-1].id)

    assert ["run-5", "run-4", "run-3", "run-2"] == [run.id for run in first]
    assert ["run-1", "run-0"] == [run.id for run in second]


# --- owners ------------------------------------------------------------------------------------------------------


def test_a_run_has_one_owner(store: Store, reader: RunReader) -> None:
    """A second claim is refused with the owner's pid."""
    assert reader.owner_pid(run_id("no")) is None
    start(store)

    with pytest.raises(OwnedElsewhere) as refused:
        claim(store)

    assert os.getpid() == refused.value.pid == reader.owner_pid(run_id())


def test_the_owners_address_is_told_while_it_lives(store: Store, reader: RunReader) -> None:
    """Others learn where the owner takes requests; nobody is sent to an owner of yesterday."""
    create(store, run_record())
    assert reader.owner_address(run_id()) is None

    claim(store, address="/run/user/1/it.sock")
    assert "/run/user/1/it.sock" == reader.owner_address(run_id())

    release(store)
    assert reader.owner_address(run_id()) is None
    claim(store)
    assert "" == reader.owner_address(run_id())


def test_each_owner_counts_one_up(store: Store, reader: RunReader) -> None:
    """Release and claim: the epoch grows, the journal goes on."""
    assert 1 == start(store)
    append(store, batch(RunStarted(1)))
    release(store)
    assert reader.owner_pid(run_id()) is None

    assert 2 == claim(store)
    append(store, batch(RunStarted(2), after=1, epoch=2))

    assert [RunStarted(1), RunStarted(2)] == [entry.event for entry in reader.entries(run_id())]


def test_an_unknown_run_cannot_be_claimed(store: Store) -> None:
    """There is nothing to own."""
    with pytest.raises(UsageError, match="E-RUN-UNKNOWN"):
        claim(store)


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_turn_of_another_epoch_is_refused(store: Store, reader: RunReader, epoch: int) -> None:
    """The fence: an owner of yesterday writes nothing, not even a part."""
    start(store)
    release(store)
    claim(store)
    before = everything(reader)

    with pytest.raises(OwnershipLost):
        append(store, batch(RunContinued(), epoch=epoch, tasks=(task_record(),)))

    assert before == everything(reader)


def test_a_turn_after_release_is_refused(store: Store, reader: RunReader) -> None:
    """Who gave the run up writes nothing more."""
    start(store)
    release(store)

    with pytest.raises(OwnershipLost):
        append(store, batch(RunContinued()))

    assert [] == list(reader.entries(run_id()))


def test_releasing_what_one_does_not_own_does_nothing(store: Store) -> None:
    """Cleaning up twice, or too early, is no error."""
    release(store)
    start(store)
    release(store)
    release(store)


# --- turns that must not be --------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 2])
def test_a_gap_in_the_journal_is_our_bug(store: Store, reader: RunReader, after: int) -> None:
    """Entries that repeat or skip a number are refused, with everything beside them."""
    start(store)
    append(store, batch(RunContinued()))
    before = everything(reader)

    with pytest.raises(EngineBug):
        append(store, batch(RunStarted(1), after=after, tasks=(task_record(),)))

    assert before == everything(reader)
    append(store, batch(RunStarted(1), after=1))


@pytest.mark.parametrize("status", [RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_no_run_ends_with_unfinished_work(store: Store, reader: RunReader, status: RunStatus) -> None:
    """The transaction that would end a run looks for a task that has not ended, and refuses."""
    start(store)
    append(store, batch(RunContinued(), tasks=(task_record("loop[0]/b", status=TaskStatus.WAITING),)))
    before = everything(reader)

    with pytest.raises(EngineBug, match=r"loop\[0\]/b"):
        append(store, batch(RunContinued(), after=1, run=run_record(status=status), tasks=(task_record(),)))

    assert before == everything(reader)
    append(store, batch(RunContinued(), after=1, run=run_record(status=status), tasks=(task_record("loop[0]/b"),)))
    assert status is reader.run(run_id()).status


def test_an_outcome_is_recorded_once(store: Store, reader: RunReader) -> None:
    """A late outcome of an ended attempt changes nothing; a new owner may take up an interrupted one."""
    start(store)
    ended = attempt_record(status=TaskStatus.SUCCEEDED)
    append(store, batch(RunContinued(), attempts=(attempt_record(), attempt_record("b"))))
    append(store, batch(RunContinued(), after=1, attempts=(ended, attempt_record("b", status=TaskStatus.INTERRUPTED))))

    append(store, batch(RunContinued(), after=2, attempts=(attempt_record(status=TaskStatus.FAILED),)))
    append(store, batch(RunContinued(), after=3, attempts=(attempt_record("b", epoch=2),)))

    assert [ended] == list(reader.attempts(run_id(), key_of("a")))
    assert [attempt_record("b", epoch=2)] == list(reader.attempts(run_id(), key_of("b")))


# --- what is derived ---------------------------------------------------------------------------------------------


def _desert(store: Store, url: str) -> Store:
    """End an owner without a word, as a crash does; give a store for reading on."""
    store.close()
    return store if url == "memory:" else open_store(url)


@pytest.mark.parametrize(
    ("stored", "released", "deserted"),
    [
        (RunStatus.RUNNING, RunStatus.INTERRUPTED, RunStatus.INTERRUPTED),
        (RunStatus.CANCELLING, RunStatus.INTERRUPTED, RunStatus.INTERRUPTED),
        (RunStatus.WAITING, RunStatus.WAITING, RunStatus.INTERRUPTED),
        (RunStatus.PAUSED, RunStatus.PAUSED, RunStatus.INTERRUPTED),
        (RunStatus.CREATED, RunStatus.CREATED, RunStatus.INTERRUPTED),
        (RunStatus.FAILED, RunStatus.FAILED, RunStatus.FAILED),
    ],
)
def test_a_run_without_an_owner_looks_interrupted(
    store: Store, url: str, stored: RunStatus, released: RunStatus, deserted: RunStatus
) -> None:
    """What needs an owner is `interrupted` without one; what was left on purpose waits as it was left."""
    for name in ("released", "deserted"):
        start(store, name)
        append(store, batch(RunContinued(), run=run_record(name, status=stored)))
        assert stored is store.run(run_id(name)).status
    release(store, "released")

    again = _desert(store, url)

    seen = {run.id: run.status for run in again.runs()}
    again.close()
    assert {"released": released, "deserted": deserted} == seen


def test_a_run_that_nobody_owned_yet_is_only_created(store: Store, reader: RunReader) -> None:
    """Between its creation and its first owner a run is not interrupted."""
    create(store, run_record(status=RunStatus.CREATED))

    assert RunStatus.CREATED is reader.run(run_id()).status


def test_tasks_of_a_deserted_run_look_interrupted_and_looking_writes_nothing(store: Store, url: str) -> None:
    """Running and queued tasks and attempts are shown as interrupted; a new owner finds what was written."""
    start(store)
    queued = task_record("q", status=TaskStatus.QUEUED, reason=Reason("permit", "waits"), ordinal=1)
    running, ended = task_record(status=TaskStatus.RUNNING), task_record("e", ordinal=2)
    append(store, batch(RunContinued(), tasks=(running, queued, ended), attempts=(attempt_record(),)))

    again = _desert(store, url)
    shown, attempts = again.tasks(run_id()), again.attempts(run_id(), key_of("a"))
    claim(again)

    assert ["interrupted", "interrupted", "succeeded"] == [task.status.value for task in shown]
    assert all(task.reason is not None for task in shown[:2])
    assert [replace(attempt_record(), status=TaskStatus.INTERRUPTED)] == list(attempts)
    assert [running, queued, ended] == list(again.tasks(run_id()))
    again.close()


def test_each_run_has_its_folder(store: Store, reader: RunReader) -> None:
    """Folders of two runs differ, and the reader names the same one as the writer."""
    start(store)
    start(store, "run-2")

    assert store.run_folder(run_id()) == reader.run_folder(run_id()) != reader.run_folder(run_id("run-2"))
