"""Document -> Source: which operator each task is, its model, its place. What a single key can have wrong ends here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .canonical import BAD, Canonical
from .document import Refused
from .items import Item, Source
from .models import OPERATORS, RUNTIMES, Defaults, Operator, Param, Task, Workflow
from .names import did_you_mean, nearest
from .wording import kind, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..keys import JsonValue
    from .document import Document, Limits, Spot
    from .report import Report

ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}\Z")
UNSUPPORTED: Final = frozenset({"child_workflow", "multi_choice", "reflexive", "terminate", "try_catch"})
_TASK_ONLY: Final = frozenset(
    {"retry", "timeout", "env", "cwd", "on_interrupt", "runtime", "template", "isolate", "shell", "exit_codes_ok"}
    | {"result_format", "pty", "image"}
)
"""Defaults that mean nothing to operators that run no call of their own."""
_INFERRED: Final[tuple[tuple[str, str], ...]] = (
    ("function", "task"),
    ("run", "task"),
    ("image", "task"),
    ("url", "task"),
    ("switch_on", "switch"),
    ("cases", "switch"),
    ("branches", "parallel"),
    ("branch_workflows", "parallel"),
    ("join_tasks", "join"),
    ("items", "foreach"),
    ("loop_body", "while"),
    ("if_true", "condition"),
    ("if_false", "condition"),
    ("condition", "condition"),
    ("wait_for", "wait"),
    ("workflow", "workflow"),
    ("payload", "emit_event"),
    ("prompt", "approval"),
    ("runtime", "task"),
    ("args", "task"),
    ("kwargs", "task"),
)
"""The first key that is there names the operator of a task that does not."""
_TASK_WORDS: Final = tuple(
    dict.fromkeys(
        word
        for model in (*RUNTIMES.values(), *OPERATORS.values())
        for word in (*model.model_fields, *model.ALIASES, *model.NO_EFFECT)
    )
)
"""Every key that some operator has."""
_RUNTIME_KEYS: Final = (("function", "python"), ("run", "shell"), ("image", "docker"), ("url", "http"))
_PARAM_KEYS: Final = frozenset(Param.model_fields)
_BRANCH_IGNORED: Final = frozenset(Workflow.model_fields) | Workflow.NO_EFFECT - {"tasks"}


def read(document: Document, report: Report, limits: Limits) -> Source:
    """Read a whole file. Wrong parts are reported and replaced, so that everything else is still checked."""
    return _Reader(document, report, limits).source()


class _Reader:
    """Lives while one file is read."""

    def __init__(self, document: Document, report: Report, limits: Limits) -> None:
        self._document = document
        self._report = report
        self._limits = limits
        self._canonical = Canonical(document, report)
        self._defaults = Defaults.model_construct()  # unchecked: the schema of its own would cost 20 ms at every start
        self._count = 0

    def source(self) -> Source:
        """Read the top level, then the tasks."""
        spot, data = self._document.spot, dict(self._document.data)
        self._move_default_retry(data, spot)
        workflow = self._canonical.read(Workflow, data, spot, owner="the workflow", name_spot=spot)
        if workflow is None:
            raise Refused("E-TYPE")
        self._defaults = workflow.defaults
        params = {name: self._param(name, value, spot.find("params", name)) for name, value in workflow.params.items()}
        tasks_spot = spot.find("tasks")
        items = [
            self._item(key, value, tasks_spot.find(key), tasks_spot.keys[key]) for key, value in workflow.tasks.items()
        ]
        if isinstance(self._document.data.get("tasks"), dict) and not items:
            self._add("E-MISSING", "the workflow has no task", spot.key("tasks"), "write at least one task")
        return Source(
            document=self._document,
            workflow=workflow,
            params={name: param for name, param in params.items() if param is not None},
            items=tuple(item for item in items if item is not None),
            hooks=self._hooks(workflow),
        )

    def _add(self, code: str, message: str, spot: Spot, fix: str | None = None) -> None:
        self._report.add(code, message, self._document.place(spot), fix)

    def _move_default_retry(self, data: dict[str, JsonValue], spot: Spot) -> None:
        """Read `default_retry_policy` as `defaults.retry`."""
        policy = data.pop("default_retry_policy", None)
        if policy is None:
            return
        defaults = data.get("defaults") or {}
        if not isinstance(defaults, dict):
            return
        if "retry" in defaults or "retry_policy" in defaults:
            message = "`default_retry_policy` says the same as `defaults.retry`"
            self._add("E-ALIAS", message, spot.key("default_retry_policy"), "keep `defaults.retry`")
            return
        data["defaults"] = {**defaults, "retry": policy}
        if "defaults" not in spot.parts:
            spot.rename("default_retry_policy", "defaults")
            spot.parts["defaults"] = type(spot)(spot.start)
        spot.parts["defaults"].parts["retry"] = spot.parts["default_retry_policy"]
        spot.parts["defaults"].keys["retry"] = spot.keys["default_retry_policy"]

    def _param(self, name: str, value: JsonValue, spot: Spot) -> Param | None:
        """Read a declared input: a map of a declaration's keys, else its default."""
        declared = isinstance(value, dict) and value and (_PARAM_KEYS.issuperset(value) or "type" in value)
        if not declared or not isinstance(value, dict):
            return Param(default=value)
        return self._canonical.read(Param, value, spot, owner=f"the param `{name}`", name_spot=spot)

    def _hooks(self, workflow: Workflow) -> dict[str, tuple[Item | tuple[str, Spot], ...]]:
        """Read run-level hooks: ids, or inline tasks with a `task_id`."""
        written = {"on_success": workflow.on_success, "on_failure": workflow.on_failure, "finally": workflow.finally_}
        hooks: dict[str, tuple[Item | tuple[str, Spot], ...]] = {}
        for key, value in written.items():
            spot = self._document.spot.find(key)
            entries = enumerate(value) if isinstance(value, list) else [(None, value)]
            found: list[Item | tuple[str, Spot]] = []
            for position, entry in entries:
                at = spot if position is None else spot.find(position)
                if isinstance(entry, str):
                    found.append((entry, at))
                elif isinstance(entry, dict):
                    item = self._body_item(entry, at)
                    found += [item] if item is not None else []
                elif entry is not None:
                    self._add("E-TYPE", f"`{key}`: expected a task or an id, got {kind(entry)}", at)
            if found:
                hooks[key] = tuple(found)
        return hooks

    def _item(self, key: str, value: JsonValue, spot: Spot, name_spot: Spot) -> Item | None:
        """Read one task under its id; None where it is no map."""
        self._count += 1
        if self._count > self._limits.tasks:
            self._add("E-TASKS", f"the file holds more than {self._limits.tasks:,} tasks", name_spot)
            raise Refused("E-TASKS")
        if not ID.match(key):
            message = f"{shown(key)} cannot be an id"
            self._add(
                "E-ID", message, name_spot, "use up to 128 letters, digits, `_` and `-`, and do not begin with `-`"
            )
        if not isinstance(value, dict):
            at = name_spot if value is None else spot
            self._add("E-TYPE", f"the task `{key}`: expected a map, got {kind(value)}", at)
            return None
        name = self._operator_type(key, value, spot, name_spot)
        model = Operator if name is None or name in UNSUPPORTED else OPERATORS[name]
        if model is Task:
            model = self._runtime(value)
        if model is Operator:
            value = {k: v for k, v in value.items() if Operator.ALIASES.get(k, k) in Operator.model_fields}
        keys = self._canonical.keys(model, value, spot)
        owner = f"the task `{key}`"
        operator = self._canonical.validate(model, keys, spot, owner=owner, name_spot=name_spot)
        if operator is None:
            return None
        if operator.task_id not in (None, key):
            message = f"the task under the key `{key}` says `task_id: {operator.task_id}`"
            self._add("E-ID", message, spot.find("task_id"), f"write `{key}`, or leave `task_id` out")
        return Item(
            id=key,
            kind=name or "",
            operator=self._with_defaults(operator),
            raw=value,
            spot=spot,
            name_spot=name_spot,
            body=self._body(value, spot),
            branches=self._branches(value, spot),
        )

    def _operator_type(self, key: str, value: Mapping[str, JsonValue], spot: Spot, name_spot: Spot) -> str | None:
        """Return the operator's canonical name; None, and the reason in the report, when it has none."""
        written = value.get("operator_type")
        if written is None:
            for known, name in _INFERRED:
                if value.get(known) is not None:
                    return name
            self._no_operator(key, value, spot, name_spot)
            return None
        name = "task" if written == "activity" else str(written)
        if name in OPERATORS:
            return name
        at = spot.find("operator_type")
        if name in UNSUPPORTED:
            self._add("E-UNSUPPORTED", f"the operator `{name}` is not supported", at)
            return name
        fix = did_you_mean(name, (*OPERATORS, "activity"))
        self._add("E-VALUE", f"{shown(written)} is no operator", at, fix)
        return None

    def _no_operator(self, key: str, value: Mapping[str, JsonValue], spot: Spot, name_spot: Spot) -> None:
        """Report a task of no operator: the keys that none has, and what is missing where none of them was meant."""
        explained = False
        for name in value:
            if name in _TASK_WORDS or name.startswith("x-"):
                continue
            meant = nearest(name, _TASK_WORDS)
            explained = explained or any(meant == known for known, _ in _INFERRED)
            fix = f"did you mean `{meant}`?" if meant is not None else None
            self._add("E-UNKNOWN-KEY", f"unknown key `{name}` of the task `{key}`", spot.key(name), fix)
        if not explained:
            message = f"the task `{key}` does not say what it does"
            self._add("E-MISSING", message, name_spot, "add `operator_type:`, or a key such as `function:` or `run:`")

    def _runtime(self, value: Mapping[str, JsonValue]) -> type[Task]:
        """Return the model of a task: its own runtime, the one its keys say, the default's, python."""
        written = value.get("runtime")
        if isinstance(written, str) and written in RUNTIMES:
            return RUNTIMES[written]
        for key, runtime in _RUNTIME_KEYS:
            if value.get(key) is not None:
                return RUNTIMES[runtime]
        return RUNTIMES[self._defaults.runtime or "python"]

    def _with_defaults(self, operator: Operator) -> Operator:
        """Fill keys that the task leaves out and its operator has."""
        if not self._defaults.model_fields_set:
            return operator
        is_task = isinstance(operator, Task)
        update = {
            name: getattr(self._defaults, name)
            for name in self._defaults.model_fields_set
            if name in type(operator).model_fields
            and name not in operator.model_fields_set
            and (is_task or name not in _TASK_ONLY)
        }
        return operator.model_copy(update=update) if update else operator

    def _body(self, value: Mapping[str, JsonValue], spot: Spot) -> tuple[Item, ...]:
        entries = value.get("loop_body")
        if not isinstance(entries, list):
            return ()
        body = spot.find("loop_body")
        items = [self._body_item(entry, body.find(position)) for position, entry in enumerate(entries)]
        return self._distinct([item for item in items if item is not None])

    def _body_item(self, entry: JsonValue, spot: Spot) -> Item | None:
        """Read a task of a list; its id is its `task_id`."""
        if not isinstance(entry, dict):
            self._add("E-TYPE", f"expected a task, got {kind(entry)}", spot)
            return None
        task_id = entry.get("task_id")
        at = spot.find("task_id")
        if task_id is None:
            self._add("E-MISSING", "a task in a list has no `task_id`", spot, "add `task_id:`")
            return None
        return self._item(str(at.raw if at.raw is not None else BAD), entry, spot, at)

    def _distinct(self, items: list[Item]) -> tuple[Item, ...]:
        """Keep the first task of each id of a list."""
        kept: dict[str, Item] = {}
        for item in items:
            if item.id in kept:
                self._add("E-DUPLICATE-ID", f"the id `{item.id}` is there twice in this list", item.name_spot)
            else:
                kept[item.id] = item
        return tuple(kept.values())

    def _branches(self, value: Mapping[str, JsonValue], spot: Spot) -> dict[str, tuple[Item, ...]]:
        """Read `branch_workflows`: each branch is a workflow of which only the tasks count."""
        branches = value.get("branch_workflows")
        result: dict[str, tuple[Item, ...]] = {}
        for name, branch in branches.items() if isinstance(branches, dict) else ():
            at = spot.find("branch_workflows", name)
            if not ID.match(name):
                self._add("E-ID", f"{shown(name)} cannot name a branch", spot.key("branch_workflows", name))
            tasks = branch.get("tasks") if isinstance(branch, dict) else None
            if not isinstance(branch, dict) or not isinstance(tasks, dict):
                self._add("E-MISSING", f"the branch `{name}` has no `tasks`", at, "add `tasks:` with a map of tasks")
                continue
            for key in branch:
                self._branch_key(key, branch[key], at)
            inner = at.find("tasks")
            items = (self._item(k, v, inner.find(k), inner.keys[k]) for k, v in tasks.items())
            result[name] = tuple(item for item in items if item is not None)
        return result

    def _branch_key(self, key: str, value: JsonValue, spot: Spot) -> None:
        if key == "tasks" or key.startswith("x-") or not value:
            return
        if key not in _BRANCH_IGNORED:
            fix = did_you_mean(key, _BRANCH_IGNORED)
            self._add("E-UNKNOWN-KEY", f"unknown key `{key}` of an inline branch", spot.key(key), fix)
        elif key not in {"name", "version", "description", "tags", "metadata", "start_task"}:
            self._add("I-NO-EFFECT", f"`{key}` of an inline branch has no effect", spot.key(key))
