"""The resolved workflow: an immutable graph with integer node ids. A Plan exists only if the workflow is valid.

Templates stay as written (strings with holes); durations are seconds; ids are resolved to node indexes.
`build.py` makes plans; nothing changes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..keys import JsonValue, TaskId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .call_specs import HttpCall, SecretSpec
    from .waits import Wait

NodeIndex: TypeAlias = int
"""Position of a node in its graph's `nodes`; file order."""


class Gate(Enum):
    """Which moment of the upstream node an edge waits for."""

    DONE = "done"
    """The upstream instance is terminal."""
    OPEN = "open"
    """The upstream parallel has opened: its members start (an opened gate counts as a success)."""
    TARGET = "target"
    """The upstream condition (or switch) has chosen; being taken counts as a success, else the target is skipped."""
    SUCCESS = "on_success"
    """The upstream instance names this one as its `on_success`: taken if it succeeded, else the target is skipped."""
    FAILURE = "on_failure"
    """The upstream instance names this one as its `on_failure`: taken if it failed or timed out."""
    JOIN = "join"
    """The upstream instance is terminal; it counts for the mode of the join, not for its trigger rule."""


CHOICES = frozenset({Gate.TARGET, Gate.SUCCESS, Gate.FAILURE})
"""Gates that a target passes only if it was taken."""


class TriggerRule(Enum):
    """When a node with dependencies runs; see docs/dialect.md."""

    DEFAULT = "default"
    NONE_SKIPPED = "none_skipped"
    NONE_FAILED = "none_failed"
    ALL_DONE = "all_done"
    ALWAYS = "always"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    ALL_FAILED = "all_failed"


@dataclass(frozen=True, slots=True)
class Edge:
    """A dependency: `upstream` in the same graph, and the moment waited for."""

    upstream: NodeIndex
    gate: Gate = Gate.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a call is tried, and how long to wait between attempts."""

    max_attempts: int = 1
    """Attempts in all, the first included; at least 1."""
    delay_s: float = 1.0
    backoff: Literal["exponential", "linear", "constant"] = "exponential"
    factor: float = 2.0
    max_delay_s: float = 300.0
    jitter: float = 0.1
    """Share of the delay that is random, 0 to 1; the random part comes from the run id, so a replay waits the same."""
    on: tuple[str, ...] = ()
    """Error codes that are worth another attempt; empty means every retryable one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSpec:
    """When a circuit breaker opens, and how it closes again."""

    failure_threshold: int = 5
    """Failures in a row that open it."""
    failure_rate: float = 0.5
    """Share of the last `window` calls, looked at from `minimum_calls` calls on."""
    window: int = 20
    minimum_calls: int = 5
    isolation_s: float = 30.0
    max_isolation_s: float = 300.0
    """Each failed probe doubles the time it stays open, up to this."""
    half_open_max_calls: int = 1
    """Probes at once."""
    success_threshold: int = 3
    """Successful probes that close it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadSpec:
    """Limits of the calls that name this bulkhead."""

    max_concurrent_calls: int
    max_queue_size: int | None = None
    """None: as many as there are."""
    queue_timeout_s: float | None = None
    """None: as long as it takes."""
    on_open: Literal["wait", "fail"] = "wait"
    breaker: BreakerSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonCall:
    """`runtime: python`: a registered tool, `package.module:callable` or `./file.py:callable`."""

    function: str
    """As written, without the `tools.` prefix for tools."""
    args: tuple[JsonValue, ...] = ()
    kwargs: Mapping[str, JsonValue] = field(default_factory=dict)
    isolate: Literal["thread", "process"] = "thread"
    """Where a function of the author's runs; tools run where they belong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptOptions:
    """How a script is run and read. Nothing of it is rendered."""

    shell: tuple[str, ...] = ()
    """The words before the script; empty: `bash -euo pipefail -c`, or `sh -eu -c` where there is no bash."""
    exit_codes_ok: tuple[int, ...] = ()
    """Exit codes that are no failure, besides 0."""
    result_format: Literal["text", "json", "lines"] = "text"
    pty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellCall:
    """`runtime: shell`: a script given to the shell."""

    run: str
    options: ScriptOptions = ScriptOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerCall:
    """`runtime: docker`: a container. Any text may have holes."""

    image: str
    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    entrypoint: tuple[str, ...] | None = None
    """None: the image's own; empty: none at all."""
    volumes: tuple[str, ...] = ()
    """`source:target[:mode]`."""
    network: str | None = None
    user: str | None = None
    cwd: str | None = None
    """Inside the container."""
    pull: Literal["missing", "always", "never"] = "missing"
    memory: str | None = None
    """As written: `512m`."""
    cpus: float | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpec:
    """Operator `task`."""

    call: PythonCall | ShellCall | DockerCall | HttpCall
    env: Mapping[str, str] = field(default_factory=dict)
    """The task's own `env` over the workflow's; values may have holes."""
    cwd: str | None = None
    """Where its process starts, relative to the workflow's folder; may have holes. Containers have their own."""
    stdin: str | None = None
    """What its process reads; may have holes. None: nothing."""
    template: bool = True
    """False: nothing in the task is rendered (`template: false`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSpec:
    """Operator `condition`. Targets are nodes of the same graph."""

    condition: str
    if_true: NodeIndex
    if_false: NodeIndex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSpec:
    """Operator `switch`. Targets are nodes of the same graph."""

    switch_on: str
    """A template; an expression was put into a hole."""
    cases: Mapping[str, NodeIndex] = field(default_factory=dict)
    """Written value to target, in file order; the first that fits is taken."""
    default: NodeIndex | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSpec:
    """Operator `join`. Its `join_tasks` are edges with Gate.JOIN."""

    mode: Literal["all_of", "any_of", "all_success", "one_success"] = "all_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelSpec:
    """Operator `parallel`: members of `branches` are nodes of the same graph, `inline` branches graphs of their own."""

    branches: Mapping[str, tuple[NodeIndex, ...]] = field(default_factory=dict)
    inline: Mapping[str, Graph] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeachSpec:
    """Operator `foreach`."""

    items: JsonValue
    """A template giving a list or map, or a literal list whose holes are rendered."""
    body: Graph
    max_parallel: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WhileSpec:
    """Operator `while`."""

    condition: str
    body: Graph
    max_iterations: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitSpec:
    """Operator `wait` for a time."""

    wait: Wait | str
    """A parsed wait, or a template that gives one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitSpec:
    """Operators `wait` (for something else than time), `wait_for_event` and `approval`."""

    kind: Literal["file", "event", "approval", "until"]
    subject: str
    """Path of the file (relative to the workflow's folder), name of the event, prompt, or condition; may have holes."""
    poll_s: float = 1.0
    """How often a file or a condition is looked at."""
    timeout_s: float | None = None
    on_timeout: Literal["fail", "skip", "continue"] = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitSpec:
    """Operator `emit_event`."""

    event: str
    payload: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSpec:
    """Operator `workflow`: a nested workflow with its own variables, results and memory."""

    plan: Plan
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    """Values for the nested params; may have holes, rendered in the caller's names."""


OperatorSpec: TypeAlias = (
    CallSpec
    | ConditionSpec
    | SwitchSpec
    | ParallelSpec
    | JoinSpec
    | ForeachSpec
    | WhileSpec
    | WaitSpec
    | AwaitSpec
    | EmitSpec
    | WorkflowSpec
)
OperatorName: TypeAlias = Literal[
    "task",
    "condition",
    "switch",
    "parallel",
    "join",
    "foreach",
    "while",
    "wait",
    "wait_for_event",
    "approval",
    "emit_event",
    "workflow",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One task of a graph."""

    index: NodeIndex
    id: TaskId
    operator: OperatorName
    spec: OperatorSpec
    dependencies: tuple[Edge, ...] = ()
    """At most one edge per upstream node and gate; members and targets have their implied edges."""
    trigger_rule: TriggerRule = TriggerRule.DEFAULT
    when: str | bool = True
    result_key: str | None = None
    retry: RetryPolicy = RetryPolicy()
    timeout_s: float | None = None
    """Per attempt; None means no limit."""
    continue_on_error: bool = False
    bulkhead: str | None = None
    on_interrupt: Literal["rerun", "fail", "ask"] = "rerun"
    """What a resume does with a call that was running when the engine died."""
    description: str = ""
    line: int = 1
    """Line of the task's key in its file, from 1."""

    @property
    def output_key(self) -> str:
        """Name of the result inside a loop's or branch's result: the `result_key`, else the id."""
        return self.result_key or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The nodes of one scope, in file order, with the reverse edges."""

    nodes: tuple[Node, ...]
    dependents: tuple[tuple[Edge, ...], ...]
    """Per node: edges to the nodes that wait for it; `Edge.upstream` holds the *dependent's* index here."""
    index: Mapping[TaskId, NodeIndex]

    @property
    def roots(self) -> tuple[NodeIndex, ...]:
        """Nodes without dependencies."""
        return tuple(node.index for node in self.nodes if not node.dependencies)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """One declared input of a workflow."""

    name: str
    type: Literal["str", "int", "float", "bool", "list", "map", "any"] = "any"
    default: JsonValue = None
    required: bool = False
    enum: tuple[JsonValue, ...] = ()
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    secret: bool = False
    """Its value is never stored; the journal holds a reference."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A valid workflow, ready to run."""

    name: str
    file: str
    """As the caller named it; `<text>` when there is none."""
    folder: str = ""
    """Absolute folder of the file: where `./file.py` and child processes start; `""` means the engine's own."""
    digest: str
    """SHA-256 (hex) of the exact bytes of the definition."""
    root: Graph
    hooks: Mapping[str, Graph] = field(default_factory=dict)
    """What runs at the end of a run: `on_success`, `on_failure`, `finally`."""
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    params: Mapping[str, ParamSpec] = field(default_factory=dict)
    secret_params: frozenset[str] = frozenset()
    secrets: Mapping[str, SecretSpec] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    dotenv: tuple[str, ...] = ()
    """Absolute paths of files with variables for child processes; of one name the last file wins."""
    bulkheads: Mapping[str, BulkheadSpec] = field(default_factory=dict)
    """Named ones; those of a nested workflow are its own."""
    max_parallel: int = 16
    timeout_s: float | None = None
    """Of the tasks of a run, from each start or resume; hooks have their own. None: no limit."""
    fail_fast: bool = True
    timezone: str = "UTC"
    version: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    sources: Mapping[str, bytes] = field(default_factory=dict)
    """Exact bytes of every nested definition by its absolute path, so that a resume needs no file."""
