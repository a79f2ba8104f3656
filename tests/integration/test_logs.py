from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.calls import TaskCall
from engine.keys import RunId, key_of
from engine.runtime.log_parts import RECORD
from engine.runtime.log_sink import FileLogSink
from engine.runtime.logs import FileLogBook, LogFollower, LogLine, log_files, log_path, tail


def call(address: str, *, generation: int = 1, attempt: int = 1) -> TaskCall:
    """Make a call of that address."""
    return TaskCall(run_id=RunId("r"), key=key_of(address), attempt=attempt, generation=generation, runtime="python")


def shown(lines: list[LogLine]) -> list[tuple[str, str, str]]:
    """Leave the times out."""
    return [(line.stream, line.level, line.text) for line in lines]


def everything(path: Path) -> list[LogLine]:
    """Read a log from its beginning to its end."""
    with LogFollower(path) as follower:
        lines = follower.read_new()
        while follower.behind:
            lines += follower.read_new()
        return lines + follower.flush()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where one log is."""
    return tmp_path / "logs" / "task.1.1.log"


def test_streams_and_levels(path: Path) -> None:
    """Each line knows its stream and level; a line of one stream is never torn by another."""
    sink = FileLogSink(path)
    sink.write(b"begin")
    sink.write(b"oops\n", "stderr")
    sink.line("info", "note")
    sink.write(b" end\n")
    sink.line("error", "two\nlines")
    sink.close()

    assert shown(everything(path)) == [
        ("stderr", "warning", "oops"),
        ("log", "info", "note"),
        ("stdout", "info", "begin end"),
        ("log", "error", "two"),
        ("log", "error", "lines"),
    ]


def test_files_are_made_at_the_first_line_for_this_user_only(tmp_path: Path) -> None:
    """A silent attempt has no file; folders are 0700, files 0600."""
    sink = FileLogBook(tmp_path / "run").open(call("outer[1]/inner[0]/task"))
    assert not (tmp_path / "run").exists()
    sink.line("info", "x")
    sink.close()

    file = tmp_path / "run" / "logs" / "outer[1]" / "inner[0]" / "task.1.1.log"
    assert [file, file.with_suffix(".idx")] == sorted(file.parent.iterdir(), reverse=True)
    assert (0o600, 0o600) == tuple(entry.stat().st_mode & 0o777 for entry in file.parent.iterdir())
    for folder in (file.parent, *list(file.parents)[1:4]):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_links_are_not_followed(path: Path, tmp_path: Path) -> None:
    """A link in the place of a log is left alone, and the task loses its lines, not its life."""
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    sink = FileLogSink(path)
    sink.line("info", "x")
    sink.close()

    assert not (tmp_path / "elsewhere").exists()


def test_attempts_of_a_task_are_found_in_order(tmp_path: Path) -> None:
    """All generations and attempts of one instance, and none of a task whose name begins alike."""
    book = FileLogBook(tmp_path)
    for address, generation, attempt in [
        ("loop[0]/a", 2, 1),
        ("loop[0]/a", 1, 10),
        ("loop[0]/a", 1, 2),
        ("loop[0]/a-b", 1, 1),
        ("loop[0]/ab", 1, 1),
        ("a", 1, 1),
    ]:
        sink = book.open(call(address, generation=generation, attempt=attempt))
        sink.line("info", "x")
        sink.close()

    found = log_files(tmp_path, key_of("loop[0]/a"))
    assert [(1, 2), (1, 10), (2, 1)] == [(file.generation, file.attempt) for file in found]
    assert found[0].path == log_path(tmp_path, key_of("loop[0]/a"), 1, 2)
    assert log_files(tmp_path, key_of("loop[9]/a")) == []


def test_reader_sees_lines_as_they_are_finished(path: Path) -> None:
    """A follower may start before the log exists; half a line waits for its other half."""
    follower = LogFollower(path)
    sink = FileLogSink(path)
    assert follower.read_new() == []
    sink.write(b"one\ntw")
    assert [line.text for line in follower.read_new()] == ["one"]
    assert follower.read_new() == []
    sink.write(b"o\n")
    assert [line.text for line in follower.read_new()] == ["two"]
    sink.write(b"Password: ")
    assert follower.read_new() == []
    assert [line.text for line in follower.flush()] == ["Password: "]
    sink.close()
    follower.close()


def test_time_of_a_line_is_that_of_its_beginning(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines carry the wall time of the chunk in which they began."""
    times = iter([10.0, 20.0, 30.0])
    monkeypatch.setattr("engine.runtime.log_sink.time.time", lambda: next(times))
    sink = FileLogSink(path)
    for chunk in (b"a\nb", b"c\n", b"d\n"):
        sink.write(chunk)
    sink.close()

    assert [("a", 10.0), ("bc", 10.0), ("d", 30.0)] == [(line.text, line.at) for line in everything(path)]


def test_what_leaves_is_fit_for_a_terminal(path: Path) -> None:
    """Escapes go, colour stays, invalid bytes are replaced, a progress bar shows its last state."""
    sink = FileLogSink(path)
    sink.write(b"\x1b]52;c;YQ==\x07\x1b[31mred\x1b[0m\x1b[2J \xff\r\n10%\r50%\r100%\r\n\x1b]0;open\nnext\n")
    sink.close()

    assert [line.text for line in everything(path)] == ["\x1b[31mred\x1b[0m \ufffd", "100%", "", "next"]
    assert b"\x1b]52" in path.read_bytes()


def test_a_huge_line_comes_in_pieces_of_bounded_size(path: Path) -> None:
    """Ten megabytes without a newline are read whole, in pieces, never inside a character."""
    sink = FileLogSink(path)
    text = "ü€😀" * 1_000_000
    data = text.encode()
    for start in range(0, len(data), 65_536):
        sink.write(data[start : start + 65_536])
    sink.close()
    pieces = [line.text for line in everything(path)]

    assert "".join(pieces) == text
    assert max(len(piece.encode()) for piece in pieces) <= 16 * 1024


def test_endless_progress_bar_takes_no_memory(path: Path) -> None:
    """A line that is written over for ever is one line."""
    sink = FileLogSink(path)
    for number in range(20_000):
        sink.write(b"\r%d files of many" % number)
    sink.close()

    assert [line.text for line in everything(path)] == ["19999 files of many"]


def _written(path: Path, count: int, cap: int) -> FileLogSink:
    """Write numbered lines of 50 bytes."""
    sink = FileLogSink(path, cap=cap)
    for number in range(count):
        sink.write(b"%49d\n" % number)
    return sink


def test_log_keeps_its_beginning_and_its_end(path: Path) -> None:
    """What passes the cap is dropped in the middle, and a line says how much; the rest is there in order."""
    _written(path, 1000, 10_000).close()
    lines = everything(path)
    (gap,) = (number for number, line in enumerate(lines) if line.stream == "log")
    before = [int(line.text) for line in lines[:gap] if line.text.strip().isdigit()]
    after = [int(line.text) for line in lines[gap + 1 :] if len(line.text) == 49]

    assert list(range(len(before))) == before
    assert list(range(1000 - len(after), 1000)) == after
    assert len(before) >= 70
    assert len(after) >= 30
    assert re.fullmatch(r"\[… [\d,]+ bytes of this log were dropped here: it had grown too large …\]", lines[gap].text)
    assert "warning" == lines[gap].level


def test_disk_use_stays_under_the_cap(path: Path) -> None:
    """Logs and indexes together; also where every chunk is one byte."""
    sink = FileLogSink(path, cap=10_000)
    for _ in range(5_000):
        sink.write(b"x")
    sink.close()

    assert sum(file.stat().st_size for file in path.parent.iterdir()) <= 10_000 + 3 * RECORD.size


def test_follower_keeps_up_with_a_log_that_is_cut(path: Path) -> None:
    """One who reads while it is written misses nothing; one who falls behind is told what is gone."""
    sink = FileLogSink(path, cap=10_000)
    seen: list[LogLine] = []
    with LogFollower(path) as keen:
        for number in range(1000):
            sink.write(b"%49d\n" % number)
            seen += keen.read_new()
            while keen.behind:
                seen += keen.read_new()
    sink.close()

    assert list(range(1000)) == [int(line.text) for line in seen]


@pytest.mark.parametrize("count", [1, 30, 60, 100])
def test_tail_of_a_log_that_was_cut(path: Path, count: int) -> None:
    """The last lines come from as many parts as it takes."""
    _written(path, 1000, 10_000).close()

    assert everything(path)[-count:] == tail(path, count)


def test_attempt_that_runs_again_goes_on_in_the_last_part(path: Path) -> None:
    """After a crash a log that was cut goes on where it ended."""
    _written(path, 1000, 10_000).close()
    before = everything(path)
    again = FileLogSink(path, cap=10_000)
    again.write(b"after\n")
    again.close()

    assert [*(line.text for line in before), "after"][-20:] == [line.text for line in everything(path)][-20:]


def test_write_after_close_is_dropped(path: Path) -> None:
    """A thread that was left behind writes into nothing."""
    sink = FileLogSink(path)
    sink.line("info", "before")
    sink.close()
    sink.line("info", "after")
    sink.close()

    assert [line.text for line in everything(path)] == ["before"]


def test_attempt_that_runs_again_goes_on_in_its_file(path: Path) -> None:
    """After a crash that tore an index record, the next owner's lines are read with their own streams."""
    sink = FileLogSink(path)
    sink.write(b"first\n", "stderr")
    sink.close()
    with path.with_suffix(".idx").open("ab") as index:
        index.write(b"torn")
    again = FileLogSink(path)
    again.line("info", "second")
    again.close()

    assert [("stderr", "first"), ("log", "second")] == [(line.stream, line.text) for line in everything(path)]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 1000])
def test_tail_gives_the_last_lines(path: Path, count: int) -> None:
    """`tail` is the end of the whole, with streams and times."""
    sink = FileLogSink(path)
    for number in range(500):
        sink.write(b"%d\n" % number, "stdout" if number % 2 else "stderr")
    sink.write(b"unfinished")
    sink.close()

    assert everything(path)[-count:] == tail(path, count) if count else tail(path, 0) == []


def test_tail_of_nothing_is_nothing(path: Path) -> None:
    """A log that does not exist has no lines."""
    assert tail(path, 10) == []


def test_nothing_written_is_lost_when_the_writer_is_killed(path: Path) -> None:
    """Every line that was written before a kill -9 is there, in both files."""
    code = (
        "import os, signal, sys; from pathlib import Path; from engine.runtime.log_sink import FileLogSink\n"
        "sink = FileLogSink(Path(sys.argv[1]))\n"
        "for number in range(1000): sink.line('error', str(number))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)])

    assert ended.returncode == -signal.SIGKILL
    assert shown(everything(path)) == [("log", "error", str(number)) for number in range(1000)]


def test_threads_write_whole_chunks(path: Path) -> None:
    """Lines of eight threads at once are all there, and none is torn."""
    sink = FileLogSink(path)

    def write(name: str) -> None:
        for number in range(200):
            sink.line("info", f"{name} {number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sink.close()

    expected = sorted(f"{name} {number}" for name in "abcdefgh" for number in range(200))
    assert expected == sorted(line.text for line in everything(path))


_CHUNKS = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=20)), max_size=20)


@given(_CHUNKS, st.integers(1, 5))
def test_cutting_into_reads_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[tuple[str, bytes]], every: int
) -> None:
    """Reading while the log grows gives the lines that reading it afterwards gives."""
    path = tmp_path_factory.mktemp("log") / "task.1.1.log"
    sink = FileLogSink(path)
    live: list[LogLine] = []
    with LogFollower(path) as follower:
        for number, (stream, data) in enumerate(chunks):
            sink.write(data, stream)
            if number % every == 0:
                live += follower.read_new()
        live += follower.read_new() + follower.flush()
    sink.close()

    assert live == everything(path)
