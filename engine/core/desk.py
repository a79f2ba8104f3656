"""What a handler may look at while it decides: the state, values, names, tools, time. Nothing changes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ..definition.templating import Verdict, evaluate, render
from ..errors import EngineError, ErrorInfo
from ..keys import JsonValue
from . import events as e
from .decisions import Decision
from .instances import Instance, Scope
from .names import Names
from .ports import ToolRegistry
from .secret_text import SecretMarks
from .state import RunState
from .status import RunStatus
from .value_cache import ValueCache

Step: TypeAlias = e.Event | Decision


@dataclass(slots=True)
class Desk:
    """One per scheduler; `now` is set at the start of every turn."""

    state: RunState
    values: ValueCache
    tools: ToolRegistry
    env: Mapping[str, str]
    """Environment of the engine, for `env.*`."""
    now: float = 0.0
    marks: SecretMarks | None = None
    """Stand for secrets while a text is rendered; None where the run has none."""
    why_queued: Callable[[str | None, str], str] = lambda _bulkhead, _runtime: ""
    """`(named bulkhead, runtime)` to the sentence why a call that asks now would wait; empty where it would not."""

    @property
    def keeps_going(self) -> bool:
        """True where a failure stops nothing but what depends on it."""
        return self.state.keep_going or not self.state.plan.fail_fast

    def cancels(self, instance: Instance) -> bool:
        """True once the end of the run was asked for; its hooks work on."""
        return self.state.status is RunStatus.CANCELLING and self.state.hook_of(instance.scope.path) is None

    def names(self, scope: Scope, operator: Instance | None = None, *, with_secrets: bool = False) -> Names:
        """Names as `scope` sees them; a while passes itself as `operator` for its condition.

        `with_secrets` shows secrets as marks: only for a text that `marks.hide` makes fit for the journal.
        """
        return Names(self.state, scope, self.values, self.env, operator, self.marks if with_secrets else None)

    def render(self, instance: Instance, value: JsonValue) -> JsonValue:
        """Render with the names of the instance's scope; TemplateError."""
        return render(value, self.names(instance.scope))

    def evaluate(self, instance: Instance, expression: str | bool) -> Verdict:
        """Evaluate a condition of the instance; TemplateError."""
        return evaluate(expression, self.names(instance.scope, instance))


def failed(instance: Instance, error: EngineError) -> e.TaskFailed:
    """Fail an instance because of what its author wrote; another attempt would end the same way."""
    info = ErrorInfo(code=error.code, message=error.message, retryable=False)
    return e.TaskFailed(instance.key, instance.attempt, info)
