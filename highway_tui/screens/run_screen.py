"""The run screen: header, task list, graph, log, variables, bulkheads, problems.
It arranges the panes and keeps them on one selected task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from engine import TaskKey

from ..keymap import Place, bindings_of
from ..layouts import LAYOUTS, layout_for
from ..plan_nodes import path_of
from ..session import Session
from ..texts import ChipTexts, header_of, run_hints
from ..widgets.bar import DetailBar, HintBar, NoticeBar
from ..widgets.dag_view import DagView
from ..widgets.header_bar import HeaderBar
from ..widgets.line_list import LineList
from ..widgets.log_pane import LogPane
from ..widgets.problems_pane import ProblemsPane
from ..widgets.resources_pane import ResourcesPane
from ..widgets.task_list import TaskList
from ..widgets.variables_pane import VariablesPane
from .run_wishes import RunWishes
from .titles import TITLES, graph_note, tabs, titles_of

if TYPE_CHECKING:
    from ..dag.drawing import Drawing

PANES: Final = ("tasks", "graph", "vars", "resources", "problems", "log")
"""In the order of the tab key."""
_SIDE: Final = frozenset({"vars", "resources", "problems"})
"""Panes that share one place where not all of them have room."""
_TAB_ORDER: Final = tuple(TITLES)


class RunScreen(RunWishes):
    """Shows a Session; the app tells it what changed."""

    CSS_PATH = "run_screen.tcss"
    PLACES: ClassVar[tuple[Place, ...]] = ("run",)
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("run")
    AUTO_FOCUS = "#tasks"

    class Selected(Message):
        """Another task is selected; its log is wanted."""

        def __init__(self, key: TaskKey | None) -> None:
            """`key` is None where there is no task."""
            self.key = key
            super().__init__()

    class Ready(Message):
        """The screen is there and can be filled."""

    class GraphRoom(Message):
        """The graph's pane has another size, or shows another plan: a drawing for it is wanted."""

        def __init__(self, width: int, height: int) -> None:
            """In cells."""
            self.width = width
            self.height = height
            super().__init__()

    def __init__(self, session: Session) -> None:
        """`session` stays the app's."""
        super().__init__()
        self._session = session
        self.ready = False
        """True once the parts exist."""
        self.selected: TaskKey | None = None
        self.following = True
        self._active = "tasks"
        self._side = ""
        """The pane that a person chose for the shared place; empty leaves it to what there is to show."""
        self._chips = ChipTexts()
        self._frame: int | None = None
        self._now = 0.0

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        yield HeaderBar(id="header")
        yield NoticeBar(id="notice")
        with Container(id="panes"):
            yield TaskList(id="tasks")
            yield DagView(id="graph")
            yield VariablesPane(id="vars")
            yield ResourcesPane(id="resources")
            yield ProblemsPane(id="problems")
            yield LogPane(id="log")
        yield Static("this terminal is too small\nfor a run: 40x10 is needed", id="note")
        yield DetailBar(id="detail")
        yield HintBar(id="hints")

    def on_mount(self) -> None:
        """Keep the parts at hand: nothing is searched for in hot paths."""
        self._tasks = self.query_one(TaskList)
        self._graph = self.query_one(DagView)
        self.log_pane = self.query_one(LogPane)
        self._vars = self.query_one(VariablesPane)
        self._resources = self.query_one(ResourcesPane)
        self._problems = self.query_one(ProblemsPane)
        self._header = self.query_one(HeaderBar)
        self._notice = self.query_one(NoticeBar)
        self._detail = self.query_one(DetailBar)
        self._hints = self.query_one(HintBar)
        self._panes: dict[str, Widget] = {name: self.query_one(f"#{name}") for name in PANES}
        for pane in self._panes.values():
            pane.add_class("pane")
        self._panes["tasks"].add_class("-active")
        self.ready = True
        self.call_after_refresh(self.post_message, self.Ready())

    # --- what is shown -----------------------------------------------------------------------------------------

    def show(self, now: float, frame: int | None) -> None:
        """Show the session as it is now."""
        self._now, self._frame = now, frame
        session = self._session
        self._tasks.now, self._tasks.frame, self._graph.frame = now, frame, frame
        self._notice.say(session.notice)
        self._tasks.show(session.view)
        self._follow()
        if self.selected is None or not self._tasks.has(self.selected):
            self._select(self._tasks.selected)
        self._show_chips()
        self._graph.dim(session.stale)
        self._vars.show(session.view.names(self.selected))
        self._problems.show(session.problems, session.source, "" if session.loaded is None else session.loaded.path)
        self._share()
        self.show_bulkheads(now)

    def show_bulkheads(self, now: float) -> None:
        """Show loads and circuits, and what depends on them."""
        if not self.ready:
            return
        self._now = now
        if self.shows_resources:
            self._resources.show(self._session.bulkhead_rows(now))
        self._show_bars()

    @property
    def shows_resources(self) -> bool:
        """True where the bulkheads can be seen."""
        return self.ready and self._resources.display and bool(self._resources.size)

    def _share(self) -> None:
        """Choose which pane has the place that several share."""
        plan, errors = self._session.plan, self._session.errors
        named = plan is not None and bool(plan.bulkheads)
        side = "problems" if errors else self._side or ("resources" if named else "vars")
        if self._active in _SIDE:
            side = self._active
        three = named and self.has_class("-wide") and not self.has_class("-broad")
        self.set_class(three, "-three")
        self.set_class(side == "problems", "-problems")
        self.set_class(side == "resources" and not three, "-resources")

    def show_drawing(self, drawing: Drawing | None, *, broad: bool) -> None:
        """Show another graph; a broad one gets the broad pane where the layout has one."""
        self.set_class(broad, "-broad")
        self._graph.show_drawing(drawing)
        self._show_chips()
        self._graph.select(self._node_of(self.selected))

    def tick(self, now: float, frame: int | None) -> None:
        """Let times run and spinners turn."""
        self._now, self._frame = now, frame
        self._tasks.tick(now, frame)
        self._graph.tick(frame)
        self._show_chips()
        self.show_bulkheads(now)

    def repaint(self) -> None:
        """Take the colours of another theme."""
        self._graph.repaint()
        self.log_pane.repaint()
        self._vars.repaint()
        self._problems.repaint()
        self._tasks.refresh()
        self._resources.refresh()
        self._show_bars()

    def ask_for_drawing(self) -> None:
        """Ask for a drawing that fits the graph's pane."""
        size = self._graph.scrollable_content_region.size
        if not size:
            size = self._panes[self._active].scrollable_content_region.size
        self.post_message(self.GraphRoom(size.width, size.height))

    def forget(self) -> None:
        """Another run is going to be shown: nothing is selected, what runs is followed."""
        self.selected = None
        self.following = True
        self._side = ""

    def _show_chips(self) -> None:
        if self._graph.drawn:
            self._graph.show_chips(self._chips.chips(self._session.view, self._now))

    def _show_bars(self) -> None:
        self._header.show(header_of(self._session, self._now), self._frame)
        self._show_detail()
        self._hints.show(*run_hints(self._session))
        self._show_titles()

    def _show_detail(self) -> None:
        view, key = self._session.view, self.selected
        if key is None:
            reason = self._session.cannot_run
            self._detail.say(reason or "press r to run")
            return
        self._detail.show(view.status(key), key.address, self._session.sentence(key, self._now))

    def _show_titles(self) -> None:
        session, view = self._session, self._session.view
        titles = titles_of(session)
        small = self.has_class("-narrow") or self.has_class("-tiny")
        extra = {
            "tasks": f"{view.done}/{view.total}" if view.total else "",
            "graph": graph_note(session, drawn=self._graph.drawn),
            "log": "follow" if self.log_pane.following else f"{len(self.log_pane.lines)} lines",
        }
        for name, pane in self._panes.items():
            if small and name == self._active:
                title = tabs(titles, name, self._tasks.glyphs.plain(" ─ "))
            elif name == "log" and self.selected is not None:
                title = Content(f"Log: {self.selected.address}")
            else:
                title = Content(titles[name])
            pane.border_title = title
            pane.border_subtitle = Content(self._tasks.glyphs.plain(extra.get(name, "")))

    # --- selection ---------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        view = self._session.view
        if not self.following or not view.started:
            return
        if self.selected is not None and view.status(self.selected) == "running" and view.live:
            return
        running = view.running() if view.live else []
        failed = view.failures()
        target = running[0] if running else failed[0] if failed and not view.live else None
        if target is not None:
            self._select(target)

    def go_to(self, key: TaskKey) -> None:
        """Select a task and follow no longer."""
        self.following = False
        self._select(key)
        self._show_bars()

    def _select(self, key: TaskKey | None) -> None:
        if key == self.selected:
            return
        self.selected = key
        if key is not None:
            self._tasks.select(key)
        self._graph.select(self._node_of(key))
        self._vars.show(self._session.view.names(key))
        self.post_message(self.Selected(key))

    def _node_of(self, key: TaskKey | None) -> str | None:
        """Name the node that stands for a task: its own, or that of the folded operator around it."""
        path = "" if key is None else path_of(key)
        while path and not self._graph.has(path):
            path = path.rpartition("/")[0]
        return path or None

    def on_line_list_moved(self, event: LineList.Moved) -> None:
        """A person moved in the task list."""
        event.stop()
        if event.source is not self._tasks:
            return
        self.following = False
        self._select(self._tasks.selected)
        self._show_bars()

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """A person clicked a task twice."""
        event.stop()
        if event.source is self._tasks:
            self.action_details()

    def on_dag_view_picked(self, event: DagView.Picked) -> None:
        """A person moved in the graph."""
        event.stop()
        self.go_to(self._session.view.instance(event.node))
        if event.twice:
            self.action_details()

    def on_dag_view_folded(self, event: DagView.Folded) -> None:
        """A person folds operators, or opens them."""
        event.stop()
        self._session.fold(event.node)
        self.ask_for_drawing()

    def on_dag_view_resized(self, event: DagView.Resized) -> None:
        """Another drawing may fit the graph's pane better."""
        event.stop()
        self.ask_for_drawing()

    def on_log_pane_following(self, event: LogPane.Following) -> None:
        """The log's title says whether it follows."""
        event.stop()
        self._show_titles()

    # --- layout ------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Change the layout by size."""
        layout = layout_for(event.size.width, event.size.height)
        for name in LAYOUTS:
            self.set_class(name == layout, f"-{name}")
        self.call_after_refresh(self._after_layout)

    def _after_layout(self) -> None:
        self._share()
        self.call_after_refresh(self.show_bulkheads, self._now)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The focused pane is the one that small layouts show."""
        if event.widget.id in TITLES and event.widget.id != self._active:
            self._activate(event.widget.id)

    def _activate(self, name: str) -> None:
        self._panes[self._active].remove_class("-active")
        self._active = name
        self._panes[name].add_class("-active")
        if name in _SIDE:
            self._side = name
        self._share()
        self._panes[name].focus()
        self.call_after_refresh(self._after_layout)

    def _step(self, step: int) -> None:
        order = _TAB_ORDER if self.has_class("-narrow") or self.has_class("-tiny") else PANES
        self._activate(order[(order.index(self._active) + step) % len(order)])

    # --- actions that are the screen's own ----------------------------------------------------------------------

    def action_next_pane(self) -> None:
        self._step(1)

    def action_previous_pane(self) -> None:
        self._step(-1)

    def action_next_tab(self) -> None:
        self._step(1)

    def action_previous_tab(self) -> None:
        self._step(-1)

    def action_follow(self) -> None:
        """Follow what runs, or stop following."""
        self.following = not self.following
        self.notify("following what runs" if self.following else "not following; f follows again", timeout=2)
        self.show(self._now, self._frame)

    def action_next_failure(self) -> None:
        """Go to the next task that failed."""
        failures = self._session.view.failures()
        if not failures:
            self.notify("nothing has failed", timeout=2)
            return
        place = failures.index(self.selected) + 1 if self.selected in failures else 0
        self.go_to(failures[place % len(failures)])
