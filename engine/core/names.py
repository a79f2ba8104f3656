"""What expressions can name, seen from one scope: roots, then bare names. Lazy: only what is asked for is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..definition.plan import ForeachSpec, WhileSpec
from ..keys import JsonValue
from .instances import Instance, Scope
from .secret_text import HIDDEN, SecretMarks, is_reference, secret_name
from .state import RunState
from .status import TaskStatus
from .value_cache import ValueCache
from .values import ResultRef


class Names(Mapping[str, object]):
    """The names of one scope. A snapshot is not taken: evaluate before the state changes."""

    def __init__(
        self,
        state: RunState,
        scope: Scope,
        values: ValueCache,
        env: Mapping[str, str],
        operator: Instance | None = None,
        marks: SecretMarks | None = None,
    ) -> None:
        """`operator` is a while whose condition also sees the results of its iterations.

        `marks` stand for secrets; without them there is no `secrets`, and secret params are hidden.
        """
        self._state = state
        self._scope = scope
        self._values = values
        self._env = env
        self._marks = marks
        self._carry: Mapping[str, ResultRef | None] = {}
        if operator is not None and operator.children is not None:
            self._carry = operator.children.carry.results

    def __getitem__(self, name: str) -> object:
        root = _ROOTS.get(name)
        if root is not None:
            return root(self)
        if name in _LOOP_NAMES:
            for loop in _loops_outward(self._scope):
                view = _Loop(loop, self._values)
                if name in ("loop", "loop_context"):
                    return view
                if name in view:
                    return view[name]
        for source in (self.results(), self.variables(), self.params(), self.memory()):
            if name in source:
                return source[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from _ROOTS
        yield from (name for name in _LOOP_NAMES if name in self._loop_names())
        for source in (self.results(), self.variables(), self.params(), self.memory()):
            yield from source

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def results(self) -> Mapping[str, object]:
        """`results.<key>`, the nearest scope first."""
        return _Results(self._scope, self._values, self._carry)

    def variables(self) -> Mapping[str, object]:
        """`variables.<name>` of the workflow around the scope."""
        return self._scope.workflow.variables

    def params(self) -> Mapping[str, object]:
        """`params.<name>` of the workflow around the scope."""
        workflow = self._scope.workflow
        if not workflow.plan.secret_params:
            return workflow.params
        return {name: self._param(value) for name, value in workflow.params.items()}

    def secrets(self) -> Mapping[str, object]:
        """`secrets.<name>` of the workflow around the scope, as marks; empty where no secret may stand."""
        marks, plan = self._marks, self._scope.workflow.plan
        if marks is None:
            return {}
        return {name: marks.mark(secret_name("secrets", name, plan, self._state.plan)) for name in plan.secrets}

    def _param(self, value: JsonValue) -> JsonValue:
        if not is_reference(value):
            return value
        return HIDDEN if self._marks is None else self._marks.marked(value)

    def memory(self) -> Mapping[str, object]:
        """`memory.<name>` of the workflow around the scope."""
        return self._scope.workflow.memory

    def env(self) -> Mapping[str, object]:
        """Environment of the engine."""
        return self._env

    def tasks(self) -> Mapping[str, object]:
        """`tasks.<id>`, the nearest scope first."""
        return _Tasks(self._scope, self._values)

    def run(self) -> Mapping[str, object]:
        """`run.id`, `run.name`, `run.started_at` (Unix seconds)."""
        state = self._state
        return {"id": state.run_id, "name": state.name, "started_at": state.started_at}

    def workflow(self) -> Mapping[str, object]:
        """`workflow.name`, `.version`, `.description`, `.file` of the workflow around the scope."""
        plan = self._scope.workflow.plan
        return {"name": plan.name, "version": plan.version, "description": plan.description, "file": plan.file}

    def _loop_names(self) -> set[str]:
        loops = [_Loop(loop, self._values) for loop in _loops_outward(self._scope)]
        return {name for view in loops for name in view} | ({"loop", "loop_context"} if loops else set())


_LOOP_NAMES = ("item", "index", "loop", "loop_context")

_ROOTS: Mapping[str, Callable[[Names], Mapping[str, object]]] = {
    "variables": Names.variables,
    "params": Names.params,
    "results": Names.results,
    "memory": Names.memory,
    "env": Names.env,
    "secrets": Names.secrets,
    "tasks": Names.tasks,
    "run": Names.run,
    "workflow": Names.workflow,
}


def scopes_outward(scope: Scope) -> Iterator[Scope]:
    """Yield the scope and those around it, up to the nearest workflow's own."""
    while True:
        yield scope
        around = scope.owner.scope if scope.owner is not None else scope.outer
        if around is None or scope.path == scope.workflow.home:
            return
        scope = around


def _loops_outward(scope: Scope) -> Iterator[Scope]:
    """Yield the iterations around a scope, the nearest first."""
    for candidate in scopes_outward(scope):
        if candidate.owner is not None and isinstance(candidate.owner.node.spec, ForeachSpec | WhileSpec):
            yield candidate


class _Loop(Mapping[str, object]):
    """`loop.*` of one iteration."""

    def __init__(self, scope: Scope, values: ValueCache) -> None:
        self._scope = scope
        self._values = values

    def __getitem__(self, name: str) -> object:
        owner = self._scope.owner
        if owner is None or owner.children is None or name not in self._keys():
            raise KeyError(name)
        index = self._scope.index
        if name == "index":
            return index
        if name == "iteration":
            return index + 1
        if name == "first":
            return index == 0
        if name == "parent":
            outer = next(_loops_outward(owner.scope), None)
            if outer is None:
                raise KeyError(name)
            return _Loop(outer, self._values)
        if name == "item":
            items = self._values.read(owner.children.items)
            return items[index] if isinstance(items, list) else None
        total = owner.children.total
        return total if name == "length" else index + 1 == total

    def _keys(self) -> tuple[str, ...]:
        owner = self._scope.owner
        common = ("index", "first", "iteration", "parent")
        is_while = owner is not None and isinstance(owner.node.spec, WhileSpec)
        return common if is_while else ("item", *common, "last", "length")

    def __iter__(self) -> Iterator[str]:
        return iter([key for key in self._keys() if key != "parent" or self._has_parent()])

    def _has_parent(self) -> bool:
        owner = self._scope.owner
        return owner is not None and next(_loops_outward(owner.scope), None) is not None

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Results(Mapping[str, object]):
    """`results.*`."""

    def __init__(self, scope: Scope, values: ValueCache, carry: Mapping[str, ResultRef | None]) -> None:
        self._scope = scope
        self._values = values
        self._carry = carry

    def _tables(self) -> Iterator[Mapping[str, ResultRef | None]]:
        yield self._carry
        for scope in scopes_outward(self._scope):
            yield scope.results
            yield scope.carry.results

    def __getitem__(self, name: str) -> object:
        for table in self._tables():
            if name in table:
                return self._values.read(table[name])
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in table for table in self._tables())

    def __iter__(self) -> Iterator[str]:
        seen: dict[str, None] = {}
        for table in self._tables():
            seen.update(dict.fromkeys(table))
        return iter(seen)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Tasks(Mapping[str, object]):
    """`tasks.*`: status, result, error and attempts of the nearest instance of that id."""

    def __init__(self, scope: Scope, values: ValueCache) -> None:
        self._scope = scope
        self._values = values

    def __getitem__(self, name: str) -> object:
        for scope in scopes_outward(self._scope):
            index = scope.graph.index.get(name)  # type: ignore[call-overload]  # TaskId is a str at run time
            if index is not None:
                instance = scope.instances[index]
                if instance.status is TaskStatus.PENDING and name in scope.carry.tasks:
                    return {"status": "succeeded", "result": self._values.read(scope.carry.tasks[name])}
                return _Task(instance, self._values)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        seen: dict[str, None] = {}
        for scope in scopes_outward(self._scope):
            seen.update(dict.fromkeys(scope.graph.index))
        return iter(seen)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Task(Mapping[str, object]):
    """`tasks.<id>.*`; `result` exists once the task has succeeded."""

    def __init__(self, instance: Instance, values: ValueCache) -> None:
        self._instance = instance
        self._values = values

    def __getitem__(self, name: str) -> object:
        instance = self._instance
        if name == "result" and instance.status is TaskStatus.SUCCEEDED:
            return self._values.read(instance.result)
        if name == "status":
            return instance.status.value
        if name == "attempts":
            return instance.attempt
        if name == "error":
            return _error(instance)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from ("status", "attempts", "error")
        if self._instance.status is TaskStatus.SUCCEEDED:
            yield "result"

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _error(instance: Instance) -> JsonValue:
    error = instance.error
    return None if error is None else {"code": error.code, "message": error.message}
