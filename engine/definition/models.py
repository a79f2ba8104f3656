"""The keys of the language as frozen pydantic models: what may be written, and of which type. No meaning, no places.

`canonical.py` translates aliases and drops null values and no-effect keys: a model sees canonical keys only.
Durations arrive as seconds. Every operator of the language has a model here, those that cannot run yet included.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import pydantic
from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, Strict

from .fields import Count, Data, Duration, Expression, Flag, Number, Text, TextOrList, Texts, Whole, shape

TriggerRuleName: TypeAlias = Literal[
    "default", "all_success", "none_skipped", "none_failed", "all_done", "always",
    "one_success", "one_failed", "one_done", "all_failed",
]  # fmt: skip


class Keys(BaseModel):
    """A map of the language: nothing but its keys, and nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), defer_build=True)

    ALIASES: ClassVar[Mapping[str, str]] = {}
    """Other spellings, each with its canonical key."""
    NO_EFFECT: ClassVar[frozenset[str]] = frozenset()
    """Keys that are accepted and have no effect here."""
    PREFIXES: ClassVar[tuple[str, ...]] = ()
    """Starts of further no-effect keys."""


class Retry(Keys):
    """`retry` as a map. `max_retries` and `backoff_factor` are highway-dsl's words."""

    max_attempts: Count | None = None
    max_retries: Annotated[int, Strict(), Ge(0)] | None = None
    delay: Annotated[Duration, Ge(0)] = 1.0
    backoff: Literal["exponential", "linear", "constant"] = "exponential"
    factor: Annotated[Number, Gt(0)] = 2.0
    max_delay: Annotated[Duration, Ge(0)] = 300.0
    jitter: Annotated[Number, Ge(0), Le(1)] = 0.1
    on: Texts = ()

    ALIASES: ClassVar[Mapping[str, str]] = {"backoff_factor": "factor"}


class Timeout(Keys):
    """`timeout`, a plain duration included."""

    timeout: Annotated[Duration, Gt(0)]
    kill_on_timeout: Flag = True


class Operator(Keys):
    """What every operator may say."""

    task_id: Text | None = None
    operator_type: Text | None = None
    dependencies: Texts | None = None
    """None where the key is not there: a task of a body then follows the one before it."""
    trigger_rule: TriggerRuleName = "default"
    when: Expression = True
    result_key: Text | None = None
    retry: Retry | None = None
    timeout: Timeout | None = None
    continue_on_error: Flag = False
    bulkhead: Text | None = None
    on_success: Text | None = None
    on_failure: Text | None = None
    on_interrupt: Literal["rerun", "fail", "ask"] | None = None
    env: dict[str, Text] | None = None
    cwd: Text | None = None
    stdin: Text | None = None
    description: Text = ""
    tags: Texts = ()
    metadata: dict[str, Data] = Field(default_factory=dict)
    idempotency_key: Text | None = None

    ALIASES: ClassVar[Mapping[str, str]] = {
        "depends_on": "dependencies",
        "needs": "dependencies",
        "retry_policy": "retry",
        "timeout_policy": "timeout",
        "on_success_task_id": "on_success",
        "on_failure_task_id": "on_failure",
        "working_dir": "cwd",
    }
    NO_EFFECT: ClassVar[frozenset[str]] = frozenset(
        {"preconditions", "postconditions", "circuit_breaker_policy", "dynamic"}
    )
    PREFIXES: ClassVar[tuple[str, ...]] = ("is_internal_", "deadline_")


class Task(Operator):
    """What every runtime of operator `task` may say."""

    runtime: Literal["python", "shell", "docker", "http"] | None = None
    template: Flag = True


class PythonTask(Task):
    """`runtime: python`."""

    function: Text
    args: tuple[Data, ...] = ()
    kwargs: dict[str, Data] = Field(default_factory=dict)
    isolate: Literal["thread", "process"] | None = None


class ShellTask(Task):
    """`runtime: shell`."""

    run: Text
    shell: TextOrList | None = None
    exit_codes_ok: tuple[Whole, ...] | None = None
    result_format: Literal["text", "json", "lines"] | None = None
    pty: Flag | None = None


class DockerTask(Task):
    """`runtime: docker`."""

    image: Text
    command: TextOrList = ()
    entrypoint: TextOrList | None = None
    volumes: Annotated[pydantic.JsonValue, SkipValidation, shape("a list or a map", list, dict)] = None
    network: Text | None = None
    user: Text | None = None
    pull: Literal["missing", "always", "never"] = "missing"
    memory: Text | None = None
    cpus: Annotated[float | str, SkipValidation, shape("a number", int, float, str)] | None = None


class HttpTask(Task):
    """`runtime: http`."""

    url: Text
    method: Text = "GET"
    headers: dict[str, Text] = Field(default_factory=dict)
    params: dict[str, Data] = Field(default_factory=dict)
    json_: Data = Field(default=None, alias="json")
    body: Text | None = None
    expect_status: Annotated[
        pydantic.JsonValue, SkipValidation, shape("a status, a class such as `2xx`, or a list", int, str, list)
    ] = None


class Condition(Operator):
    """Operator `condition`."""

    condition: Expression
    if_true: Text
    if_false: Text | None = None


class Switch(Operator):
    """Operator `switch`."""

    switch_on: Text
    cases: dict[str, Text] = Field(default_factory=dict)
    default: Text | None = None


class Parallel(Operator):
    """Operator `parallel`."""

    branches: dict[str, Texts] = Field(default_factory=dict)
    branch_workflows: dict[str, dict[str, Data]] = Field(default_factory=dict)

    NO_EFFECT: ClassVar[frozenset[str]] = Operator.NO_EFFECT | {"timeout", "timeout_policy"}


class Join(Operator):
    """Operator `join`."""

    join_tasks: Texts
    join_mode: Literal["all_of", "any_of", "all_success", "one_success"] = "all_of"


class Foreach(Operator):
    """Operator `foreach`."""

    items: Annotated[pydantic.JsonValue, SkipValidation, shape("a list, a map or a template", str, list, dict)]
    loop_body: tuple[Data, ...]
    max_parallel: Count = 8
    parallel: Flag = True


class While(Operator):
    """Operator `while`."""

    condition: Expression
    loop_body: tuple[Data, ...]
    max_iterations: Count = 10_000


class WaitKeys(Keys):
    """`wait_for` as a map."""

    until: Expression | None = None
    file: Text | None = None
    event: Text | None = None
    approval: Text | None = None
    poll: Annotated[Duration, Gt(0)] | None = None
    timeout: Annotated[Duration, Gt(0)] | None = None
    on_timeout: Literal["fail", "skip", "continue"] = "fail"


class Wait(Operator):
    """Operator `wait`. Forms of time are read by `waits.py`."""

    wait_for: Annotated[str | float | WaitKeys, SkipValidation, shape("a time to wait", str, int, float, WaitKeys)]


class Nested(Operator):
    """Operator `workflow`."""

    workflow: Text
    params: dict[str, Data] = Field(default_factory=dict)


class EmitEvent(Operator):
    """Operator `emit_event`."""

    event_name: Text
    payload: Data = None


class WaitForEvent(Operator):
    """Operator `wait_for_event`."""

    event_name: Text
    timeout_seconds: Annotated[Duration, Gt(0)] | None = None
    on_timeout: Literal["fail", "skip", "continue"] = "fail"


class Approval(Operator):
    """Operator `approval`."""

    prompt: Text = ""
    timeout_seconds: Annotated[Duration, Gt(0)] | None = None
    on_timeout: Literal["fail", "skip", "continue"] = "fail"


RUNTIMES: Final[Mapping[str, type[Task]]] = {
    "python": PythonTask,
    "shell": ShellTask,
    "docker": DockerTask,
    "http": HttpTask,
}
OPERATORS: Final[Mapping[str, type[Operator]]] = {
    "task": Task,
    "condition": Condition,
    "switch": Switch,
    "parallel": Parallel,
    "join": Join,
    "foreach": Foreach,
    "while": While,
    "wait": Wait,
    "workflow": Nested,
    "emit_event": EmitEvent,
    "wait_for_event": WaitForEvent,
    "approval": Approval,
}
"""Every operator of the language by `operator_type`; `task` stands for the four of RUNTIMES."""


class Breaker(Keys):
    """`circuit_breaker` of a bulkhead."""

    failure_threshold: Count | None = None
    failure_rate: Annotated[Number, Ge(0), Le(1)] | None = None
    window: Count | None = None
    minimum_calls: Count | None = None
    isolation_duration: Duration | None = None
    max_isolation_duration: Duration | None = None
    half_open_max_calls: Count | None = None
    success_threshold: Count | None = None


class Bulkhead(Keys):
    """One named bulkhead, flat keys of Highway Core included."""

    max_concurrent_calls: Count | None = None
    max_queue_size: Annotated[int, Strict(), Ge(0)] | None = None
    queue_timeout: Duration | None = None
    on_open: Literal["wait", "fail"] | None = None
    circuit_breaker: Breaker | None = None
    failure_threshold: Count | None = None
    success_threshold: Count | None = None
    isolation_duration: Duration | None = None
    circuit_breaker_enabled: Flag | None = None

    ALIASES: ClassVar[Mapping[str, str]] = {"timeout_seconds": "queue_timeout"}


class Secret(Keys):
    """Where one secret comes from."""

    from_: Literal["env", "file", "command"] = Field(alias="from")
    key: Text | None = None


class Param(Keys):
    """One declared input."""

    type: Literal["str", "int", "float", "bool", "list", "map", "any"] = "any"
    default: Data = None
    required: Flag = False
    enum: tuple[Data, ...] = ()
    min: Number | None = None
    max: Number | None = None
    pattern: Text | None = None
    secret: Flag = False
    description: Text = ""


class Defaults(Keys):
    """What `defaults` may fill in; each key reaches only the operators that have it."""

    trigger_rule: TriggerRuleName | None = None
    retry: Retry | None = None
    timeout: Timeout | None = None
    continue_on_error: Flag | None = None
    bulkhead: Text | None = None
    on_interrupt: Literal["rerun", "fail", "ask"] | None = None
    env: dict[str, Text] | None = None
    cwd: Text | None = None
    description: Text | None = None
    tags: Texts | None = None
    metadata: dict[str, Data] | None = None
    runtime: Literal["python", "shell", "docker", "http"] | None = None
    template: Flag | None = None
    isolate: Literal["thread", "process"] | None = None
    shell: TextOrList | None = None
    exit_codes_ok: tuple[Whole, ...] | None = None
    result_format: Literal["text", "json", "lines"] | None = None
    pty: Flag | None = None
    image: Text | None = None
    max_parallel: Count | None = None
    max_iterations: Count | None = None

    ALIASES: ClassVar[Mapping[str, str]] = Operator.ALIASES


class Workflow(Keys):
    """The top level of a file. Tasks, parameters and hooks are read one by one, with their own models."""

    name: Text = ""
    version: Text = ""
    description: Text = ""
    tags: Texts = ()
    metadata: dict[str, Data] = Field(default_factory=dict)
    start_task: Text | None = None
    variables: dict[str, Data] = Field(default_factory=dict)
    params: dict[str, Data] = Field(default_factory=dict)
    secrets: dict[str, Secret] = Field(default_factory=dict)
    env: dict[str, Text] = Field(default_factory=dict)
    dotenv: TextOrList | None = None
    tasks: dict[str, Data]
    bulkheads: dict[str, Bulkhead] = Field(default_factory=dict)
    defaults: Defaults = Field(default_factory=Defaults)
    max_parallel: Count = 16
    fail_fast: Flag = True
    timeout: Annotated[Duration, Gt(0)] | None = None
    on_success: Data = None
    on_failure: Data = None
    finally_: Data = Field(default=None, alias="finally")
    timezone: Text = "UTC"

    NO_EFFECT: ClassVar[frozenset[str]] = frozenset(
        {"mode", "schedule", "start_date", "catchup", "is_paused", "max_active_runs"}
    )
    PREFIXES: ClassVar[tuple[str, ...]] = ("deadline_",)
