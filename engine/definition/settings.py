"""Values that need more than their type: waits, retries, params, branches, bodies, the timezone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..errors import UsageError
from .build import param_spec
from .canonical import BAD
from .models import Foreach, Join, Nested, Parallel, Switch, Wait, WaitKeys, While
from .names import did_you_mean
from .params import check_params
from .waits import parse_timezone, parse_wait

if TYPE_CHECKING:
    from .context import Context
    from .document import Spot
    from .items import Item
    from .models import Retry
    from .plan import Plan


def check_settings(context: Context) -> None:
    """Report values that no run could use."""
    _check_timezone(context)
    _check_params(context)
    _check_retry(context, context.source.workflow.defaults.retry, context.source.document.spot.find("defaults"))
    _check_bulkhead(context, context.source.workflow.defaults.bulkhead, context.source.document.spot.find("defaults"))
    for item in context.items():
        if "bulkhead" in item.spot.parts:
            _check_bulkhead(context, item.operator.bulkhead, item.spot)
        if "retry" in item.spot.parts:
            _check_retry(context, item.operator.retry, item.spot)
        match item.operator:
            case Wait(wait_for=wait) if not isinstance(wait, WaitKeys) and wait != BAD:
                if not (isinstance(wait, str) and "{{" in wait):
                    _check_wait(context, wait, item)
            case Foreach() | While() if not item.body and isinstance(item.raw.get("loop_body"), list):
                if not item.raw["loop_body"]:
                    context.add("E-MISSING", f"the body of `{item.id}` has no task", item.spot.key("loop_body"))
            case Wait(wait_for=WaitKeys() as keys):
                _check_wait_keys(context, keys, item)
            case Join() as join if not join.join_tasks and item.raw.get("join_tasks") == []:
                context.add("E-MISSING", f"the join `{item.id}` has no task to join", item.spot.key("join_tasks"))
            case Switch() as switch if not switch.cases and switch.default is None:
                if item.raw.get("cases") in ({}, None):
                    context.add("E-MISSING", f"the switch `{item.id}` has no case", item.name_spot, "add `cases:`")
            case Parallel() as parallel:
                _check_parallel(context, item, parallel)
            case Nested() as call if item in context.nested:
                _check_call(context, item, call, context.nested[item])


def _check_bulkhead(context: Context, name: str | None, spot: Spot) -> None:
    known = context.source.workflow.bulkheads
    if name is not None and name != BAD and name not in known:
        context.add(
            "E-UNKNOWN-BULKHEAD", f"there is no bulkhead `{name}`", spot.find("bulkhead"), did_you_mean(name, known)
        )


def _check_timezone(context: Context) -> None:
    name = context.source.workflow.timezone
    if name in ("UTC", BAD):
        return
    try:
        parse_timezone(name)
    except ValueError as error:
        message, _, fix = str(error).partition("; ")
        context.add("E-VALUE", message, context.source.document.spot.find("timezone"), fix or None)


def _check_params(context: Context) -> None:
    spot = context.source.document.spot
    for name, param in context.source.params.items():
        if name in context.source.workflow.variables:
            message = f"`{name}` is a variable and a param"
            context.add("E-DUPLICATE-ID", message, spot.key("params", name), "rename one of them")
        if param.pattern is not None:
            try:
                re.compile(param.pattern)
            except (re.error, RecursionError, OverflowError) as error:
                message = f"`pattern` is no regular expression: {error}"
                context.add("E-VALUE", message, spot.find("params", name, "pattern"))
                continue
        if param.default is not None:
            at = spot.find("params", name, "default")
            try:
                check_params({name: param_spec(name, param)}, {name: param.default})
            except UsageError as error:
                context.add(error.code, f"the default does not fit: {error.message}", at)


def _check_retry(context: Context, retry: Retry | None, spot: Spot) -> None:
    if retry is None:
        return
    if retry.max_attempts is None and retry.max_retries is None:
        context.add("E-MISSING", "`retry` has no `max_attempts`", spot.key("retry"), "add `max_attempts:`")
    elif retry.max_attempts is not None and retry.max_retries is not None:
        message = "`max_retries` says the same as `max_attempts`"
        context.add("E-ALIAS", message, spot.key("retry", "max_retries"), "keep `max_attempts`")


def _check_wait(context: Context, wait: object, item: Item) -> None:
    try:
        parse_wait(wait)
    except ValueError as error:
        message, _, fix = str(error).partition("; ")
        context.add("E-DURATION", f"`wait_for`: {message}", item.spot.find("wait_for"), fix or None)


_WAIT_KEYS: Final = ("approval", "event", "file", "until")


def _check_wait_keys(context: Context, keys: WaitKeys, item: Item) -> None:
    """Check that a wait has one thing to wait for."""
    outer = item.spot.find("wait_for")
    named = [key for key in outer.keys if key in _WAIT_KEYS and getattr(keys, key) is not None]
    if not named:
        message = "`wait_for` does not say what to wait for"
        context.add("E-MISSING", message, item.spot.key("wait_for"), f"add one of {', '.join(_WAIT_KEYS)}")
    for key in named[1:]:
        message = f"a wait is for one thing: `{named[0]}` or `{key}`"
        context.add("E-VALUE", message, outer.key(key), "use two waits; what follows depends on both or on one of them")


def _check_parallel(context: Context, item: Item, parallel: Parallel) -> None:
    if not parallel.branches and not parallel.branch_workflows:
        if "branches" not in item.raw or item.raw["branches"] in ({}, None):
            context.add("E-MISSING", f"the parallel `{item.id}` has no branch", item.name_spot, "add `branches:`")
        return
    for name in parallel.branches.keys() & parallel.branch_workflows.keys():
        spot = item.spot.key("branch_workflows", name)
        context.add("E-DUPLICATE-ID", f"the branch `{name}` is there twice", spot)


def _check_call(context: Context, item: Item, call: Nested, plan: Plan) -> None:
    """Check the values for a nested workflow's params as far as they are literal."""
    for key in (*plan.hooks, *(["timeout"] if plan.timeout_s is not None else [])):
        message = f"`{key}` of a nested workflow is not supported yet: `{call.workflow}` has it"
        context.add("E-NOT-YET", message, item.spot.find("workflow"))
    for name, value in call.params.items():
        spec = plan.params.get(name)
        if spec is None:
            message = f"the workflow `{call.workflow}` has no param `{name}`"
            context.add("E-PARAM", message, item.spot.key("params", name), context.report.suggest(name, plan.params))
        elif "{{" not in str(value):
            try:
                check_params({name: spec}, {name: value})
            except UsageError as error:
                context.add(error.code, error.message, item.spot.find("params", name))
    for name, spec in plan.params.items():
        if spec.required and call.params.get(name) is None:
            message = f"the workflow `{call.workflow}` needs the param `{name}`"
            context.add("E-PARAM", message, item.spot.find("workflow"), f"add `{name}:` to `params`")
