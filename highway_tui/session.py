"""What the run screen shows: the open file, its newest check, and one run.
Mutable, owned by the UI's thread; decides, paints nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine import Plan, Problem, RunId, TaskKey

from . import sentences
from .bulkheads import BulkheadRow, Bulkheads, bulkhead_rows, queue_sentence, runtimes_in_use
from .feeds import Snapshot
from .view_models import RunView

if TYPE_CHECKING:
    from engine import Loaded  # the compiler is imported after the first paint


class Session:
    """One file and one run, either of which may be missing."""

    def __init__(self, path: Path | None) -> None:
        """`path` is the workflow file; None while there is only a run."""
        self.path = path
        self.loaded: Loaded | None = None
        """Newest check of the file; None before the first."""
        self.view = RunView()
        self.run_id: RunId | None = None
        self.owner_pid: int | None = None
        """Another live process that owns the shown run."""
        self.is_left = False
        """True where the owner of the shown run left it waiting or paused, and nobody goes on with it yet."""
        self.bulkheads: Bulkheads = {}
        """As the engine of this process showed them last; empty for runs that it has not had."""
        self.runtimes: set[str] = set()
        """Runtimes that the shown run was seen to use."""
        self.folded: frozenset[str] | None = None
        """Paths of the operators that the graph shows folded; None until a person has changed that."""
        self.notice = ""
        """What is wrong with the surroundings, in one line; empty while nothing is."""

    @property
    def plan(self) -> Plan | None:
        """What is drawn: the run's own definition, else the last good state of the file."""
        return self.view.plan

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the newest check found."""
        return () if self.loaded is None else tuple(self.loaded.problems)

    @property
    def source(self) -> str:
        """Text of the file at its newest check; empty before the first."""
        source = "" if self.loaded is None else self.loaded.source
        return source if isinstance(source, str) else source.decode("utf-8", "replace")

    @property
    def errors(self) -> int:
        """How many problems keep the file from running."""
        return sum(1 for problem in self.problems if problem.severity == "error")

    @property
    def name(self) -> str:
        """What the header calls it."""
        if self.path is not None:
            return self.path.name
        if self.view.run is None:
            return "no workflow"
        return Path(self.view.run.path).name or self.view.run.name

    @property
    def stale(self) -> bool:
        """True where the graph shows what the file was before it got errors."""
        return self.errors > 0 and not self.view.live

    @property
    def changed(self) -> bool:
        """True where the file is no longer what the shown run was started with."""
        run = self.view.run
        if self.loaded is None or run is None or not run.definition_sha256:
            return False
        return self.loaded.sha256 != run.definition_sha256

    @property
    def cannot_run(self) -> str:
        """Why `r` does nothing now; empty where it would start a run."""
        if self.view.live and not self.is_left:
            return "this run is still going; C cancels it"
        if self.path is None:
            return "no workflow file is open"
        if self.loaded is None:
            return "the file is still being checked"
        if self.errors:
            return f"the file has {self.errors} error{'s' if self.errors > 1 else ''}"
        return "" if self.loaded.plan is not None else "the file cannot be read"

    @property
    def cannot_resume(self) -> str:
        """Why `R` does nothing now; empty where it would resume the shown run."""
        run = self.view.run
        if run is None:
            return "there is no run to resume"
        if self.owner_pid is not None:
            return f"process {self.owner_pid} owns this run"
        if self.view.live and not self.is_left:
            return "this run is still going"
        return "this run has succeeded" if run.status.value == "succeeded" else ""

    def check(self, loaded: Loaded) -> None:
        """Take a new check of the file; without a run, its graph is shown."""
        self.loaded = loaded
        if loaded.plan is None:
            return
        if self.run_id is None:
            self.view = RunView(loaded.plan)

    def open_file(self, path: Path | None) -> None:
        """Look at another file, or at the same; the shown run stays."""
        if path != self.path:
            self.path, self.loaded = path, None

    def show_run(self, run_id: RunId, plan: Plan | None, path: Path | None) -> None:
        """Show another run; `path` is its file where that can be watched."""
        self.open_file(path)
        self.run_id = run_id
        self.owner_pid, self.is_left = None, False
        self.view = RunView(plan)
        self.folded = None
        self.bulkheads, self.runtimes = {}, set()

    def fold(self, path: str | None) -> None:
        """Fold an operator in the graph, or open it; None: open all, or fold all where none is folded."""
        nodes = self.view.nodes
        now = self.folded_now
        if path is not None:
            self.folded = now ^ {path}
        else:
            self.folded = frozenset() if now else nodes.groups

    @property
    def folded_now(self) -> frozenset[str]:
        """Paths of the operators that are folded."""
        return self.view.nodes.folded_at_first if self.folded is None else self.folded

    def take_bulkheads(self, known: Bulkheads) -> None:
        """Take what the engine of this process says of its bulkheads."""
        self.bulkheads = known
        self.runtimes |= runtimes_in_use(self.run_id, known)

    def bulkhead_rows(self, now: float) -> list[BulkheadRow]:
        """List the bulkheads of the shown run."""
        return bulkhead_rows(self.view, self.run_id, self.bulkheads, self.runtimes, now)

    def sentence(self, key: TaskKey, now: float) -> str:
        """Say why a task is in its state; of a queued one, its place in line as it is now."""
        record = self.view.record(key)
        if record is not None and record.status.value == "queued":
            said = queue_sentence(key, self.run_id, self.bulkheads, now)
            if said:
                return said
        return sentences.sentence(record, self.view.waits_for(key), now)

    def take(self, snapshot: Snapshot) -> None:
        """Show what the store says about the run."""
        if snapshot.run.id != self.run_id:
            return
        self.owner_pid = snapshot.owner_pid
        self.is_left = snapshot.owner_pid is None and snapshot.run.status.value in {"waiting", "paused"}
        self.view.circuits.update(snapshot.circuits)
        self.view.add_previews(snapshot.previews)
        self.view.load(snapshot.run, snapshot.tasks, snapshot.names)

    def fill(self, snapshot: Snapshot) -> None:
        """Add what the store says to what turns of the engine have said already; those are newer."""
        if snapshot.run.id != self.run_id:
            return
        self.view.circuits = {**snapshot.circuits, **self.view.circuits}
        self.view.add_previews(snapshot.previews)
        self.view.add_older(snapshot.run, snapshot.tasks, snapshot.names)
