"""Workflow -> Plan: edges, gates, bodies and values, as the engine gets them."""

from textwrap import dedent
from typing import Final

import pytest

from engine.definition.loading import load_text
from engine.definition.plan import (
    CallSpec,
    ConditionSpec,
    DockerCall,
    ForeachSpec,
    Graph,
    Node,
    ParallelSpec,
    Plan,
    PythonCall,
    RetryPolicy,
    ShellCall,
    TriggerRule,
    WaitSpec,
    WhileSpec,
)
from engine.definition.waits import WaitFor
from engine.keys import TaskId

ORDERS: Final = """\
    variables: {orders: [1, 2]}
    start_task: check
    tasks:
      check: {operator_type: task, function: tools.memory.set, args: [n, 0], kwargs: {}, metadata: {}, dependencies: []}
      work:
        operator_type: parallel
        dependencies: [check]
        branches: {papers: [invoice, label], mail: [tell]}
      invoice: {operator_type: task, function: tools.log.info, args: [i], dependencies: [work]}
      label: {operator_type: task, function: tools.log.info, args: [l], dependencies: [invoice, work]}
      tell: {operator_type: task, function: tools.log.info, args: [t], dependencies: [work]}
      paid:
        operator_type: condition
        condition: '{{memory.n}} <= 3'
        if_true: done
        if_false: late
        dependencies: [work]
      done: {operator_type: task, function: tools.log.info, args: [d], dependencies: [paid]}
      late: {operator_type: task, function: tools.log.info, args: [l], dependencies: [paid]}
      count:
        operator_type: while
        condition: '{{memory.n}} < 2'
        dependencies: [paid]
        loop_body:
        - {task_id: add, operator_type: task, function: tools.memory.increment, args: [n], dependencies: [count]}
        - {task_id: rest, operator_type: wait, wait_for: PT1S, dependencies: [add]}
      add: {task_id: add, operator_type: task, function: tools.memory.increment, args: [n], dependencies: [count]}
      rest: {task_id: rest, operator_type: wait, wait_for: PT1S, dependencies: [add]}
      each:
        operator_type: foreach
        items: '{{variables.orders}}'
        dependencies: [count]
        loop_body:
        - {task_id: one, operator_type: task, function: tools.log.info, args: ['{{item}}'], dependencies: [each]}
      end: {operator_type: task, function: tools.log.info, args: [e], dependencies: [done, late, each]}
    """
"""What an export looks like: conditions, a parallel, loops, and twins of body tasks in the top-level map."""


def _plan(text: str) -> Plan:
    return load_text(dedent(text).encode(), "flow.yaml").require()


def _edges(graph: Graph) -> dict[str, list[str]]:
    """Every node with what it waits for, as `upstream` or `upstream:gate`."""
    return {
        node.id: [
            graph.nodes[edge.upstream].id + ("" if edge.gate.value == "done" else f":{edge.gate.value}")
            for edge in node.dependencies
        ]
        for node in graph.nodes
    }


def _node(plan: Plan, task_id: str) -> Node:
    return plan.root.nodes[plan.root.index[TaskId(task_id)]]


def _body(node: Node) -> Graph:
    assert isinstance(node.spec, ForeachSpec | WhileSpec)
    return node.spec.body


def test_an_exported_workflow_has_the_edges_that_are_meant() -> None:
    """Members start at the open gate, targets at the choice, everybody else at the end; twins are gone."""
    assert {
        "check": [],
        "work": ["check"],
        "invoice": ["work:open"],
        "label": ["invoice", "work:open"],
        "tell": ["work:open"],
        "paid": ["work"],
        "done": ["paid:target"],
        "late": ["paid:target"],
        "count": ["paid"],
        "each": ["count"],
        "end": ["done", "late", "each"],
    } == _edges(_plan(ORDERS).root)


def test_twins_belong_to_the_body() -> None:
    """Repeated body tasks are named in an info each and have no node of their own."""
    loaded = load_text(dedent(ORDERS).encode(), "flow.yaml")
    body = _body(_node(loaded.require(), "count"))

    assert ["I-TWIN", "I-TWIN"] == [problem.code for problem in loaded.problems]
    assert {"add": [], "rest": ["add"]} == _edges(body)


def test_dependents_mirror_the_dependencies() -> None:
    """Each edge is there from both sides, with the same gate."""
    graph = _plan(ORDERS).root
    forth = {(edge.upstream, node.index, edge.gate) for node in graph.nodes for edge in node.dependencies}
    back = {(upstream, edge.upstream, edge.gate) for upstream, edges in enumerate(graph.dependents) for edge in edges}

    assert forth == back
    assert (graph.index[TaskId("check")],) == graph.roots


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[{task_id: a, run: x}, {task_id: b, run: x}]", {"a": [], "b": ["a"]}),
        ("[{task_id: a, run: x}, {task_id: b, run: x, dependencies: []}]", {"a": [], "b": []}),
        ("[{task_id: a, run: x}, {task_id: b, run: x, dependencies: [l]}]", {"a": [], "b": []}),
        (
            "[{task_id: c, condition: 'true', if_true: a}, {task_id: a, run: x, needs: [c]}]",
            {"c": [], "a": ["c:target"]},
        ),
        (
            (
                "[{task_id: p, branches: {u: [a, b], v: [c]}}, {task_id: a, run: x}, {task_id: b, run: x},"
                " {task_id: c, run: x}, {task_id: d, run: x, depends_on: [p]}]"
            ),
            {"p": [], "a": ["p:open"], "b": ["a", "p:open"], "c": ["p:open"], "d": ["p"]},
        ),
    ],
    ids=["in order", "own roots", "only the loop", "condition", "parallel"],
)
def test_bodies_are_ordered_by_their_list_where_they_do_not_say(body: str, expected: dict[str, list[str]]) -> None:
    """A body task without `dependencies` follows the one before it; its loop's own id is no dependency."""
    assert expected == _edges(_body(_plan(f"tasks:\n  l: {{items: [1], loop_body: {body}}}\n").root.nodes[0]))


def test_members_without_dependencies_follow_the_one_listed_before() -> None:
    """Only inside their branch: the first of each starts at the open gate."""
    plan = _plan("""
        tasks:
          c: {run: x}
          b: {run: x}
          a: {run: x}
          p: {branches: {u: [a, b], v: [c]}}
        """)

    assert {"c": ["p:open"], "b": ["a", "p:open"], "a": ["p:open"], "p": []} == _edges(plan.root)
    assert ParallelSpec(branches={"u": (2, 1), "v": (0,)}) == plan.root.nodes[3].spec


def test_a_dependency_over_the_edge_of_a_body_is_the_loops() -> None:
    """Inside out it becomes the loop's, at any depth; outside in it means the whole loop."""
    plan = _plan("""
        tasks:
          early: {run: x}
          outer:
            items: [1]
            loop_body:
            - task_id: inner
              items: [1]
              loop_body: [{task_id: deep, run: x, dependencies: [early, outer, inner]}]
          after: {run: x, dependencies: [deep]}
        """)

    assert {"early": [], "outer": ["early"], "after": ["outer"]} == _edges(plan.root)
    assert {"deep": []} == _edges(_body(_body(_node(plan, "outer")).nodes[0]))


def test_inline_branches_are_graphs_of_their_own() -> None:
    """`branch_workflows` gives one graph per branch, ordered like a body."""
    plan = _plan("""
        tasks:
          p:
            branch_workflows:
              left: {name: export, tasks: {a: {run: x}, b: {run: x}}}
              right: {tasks: {a: {run: y, dependencies: [p]}}}
          after: {run: x, needs: [p]}
        """)
    spec = plan.root.nodes[0].spec
    assert isinstance(spec, ParallelSpec)

    assert {"left": {"a": [], "b": ["a"]}, "right": {"a": []}} == {k: _edges(g) for k, g in spec.inline.items()}
    assert ["p"] == _edges(plan.root)["after"]


def test_an_edge_is_there_once() -> None:
    """However often a task is named, it waits once; a condition with one target for both ways too."""
    plan = _plan("tasks:\n  a: {condition: 'true', if_true: b, if_false: b}\n  b: {run: x, dependencies: [a, a]}\n")

    assert {"a": [], "b": ["a:target"]} == _edges(plan.root)
    assert ConditionSpec(condition="true", if_true=1, if_false=1) == plan.root.nodes[0].spec


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("retry: 3", RetryPolicy(max_attempts=3)),
        (
            "retry: {max_attempts: 2, delay: 500ms, backoff: linear, max_delay: PT1M, jitter: 0, on: E-HTTP}",
            None,
        ),
        (
            "retry: {max_attempts: 2, delay: 500ms, backoff: linear, max_delay: PT1M, jitter: 0, on: [E-HTTP]}",
            RetryPolicy(max_attempts=2, delay_s=0.5, backoff="linear", max_delay_s=60, jitter=0, on=("E-HTTP",)),
        ),
        (
            "retry_policy: {max_retries: 2, delay: PT5S, backoff_factor: 1.5}",
            RetryPolicy(max_attempts=3, delay_s=5, factor=1.5),
        ),
        ("description: none", RetryPolicy()),
    ],
    ids=["number", "wrong list", "map", "highway-dsl", "nothing"],
)
def test_retries_are_attempts_in_all(keys: str, expected: RetryPolicy | None) -> None:
    """Both spellings give the same policy; highway-dsl counts retries, the plan attempts."""
    loaded = load_text(f"tasks:\n  a: {{run: x, {keys}}}\n".encode())

    assert expected == (loaded.plan.root.nodes[0].retry if loaded.plan else None)


def test_defaults_fill_only_what_the_operator_has() -> None:
    """A default reaches tasks that do not say it themselves, and no operator that makes no call."""
    loaded = load_text(
        dedent("""
        default_retry_policy: {max_retries: 1}
        defaults: {timeout: 5s, env: {A: b}, max_parallel: 2, trigger_rule: all_done}
        tasks:
          a: {run: x}
          b: {run: x, retry: 5, timeout_policy: {timeout: PT1M}, env: {C: 1.10}}
          c: {items: [1], parallel: no, loop_body: [{task_id: d, wait_for: 1.5}]}
          e: {items: [1], loop_body: [{task_id: d, wait_for: '{{ memory.x }}', trigger_rule: all_success}]}
        """).encode()
    )
    a, b, c, e = loaded.require().root.nodes

    assert () == loaded.problems
    assert [(2, 5.0), (5, 60.0), (1, None), (1, None)] == [(n.retry.max_attempts, n.timeout_s) for n in (a, b, c, e)]
    assert CallSpec(call=ShellCall(run="x"), env={"A": "b"}) == a.spec
    assert CallSpec(call=ShellCall(run="x"), env={"C": "1.10"}) == b.spec
    assert [1, 2] == [n.spec.max_parallel for n in (c, e) if isinstance(n.spec, ForeachSpec)]
    assert [WaitSpec(wait=WaitFor(seconds=1.5)), WaitSpec(wait="{{ memory.x }}")] == [
        _body(n).nodes[0].spec for n in (c, e)
    ]
    assert [TriggerRule.ALL_DONE, TriggerRule.DEFAULT] == [_body(n).nodes[0].trigger_rule for n in (c, e)]


def test_calls_keep_what_was_written() -> None:
    """Tools lose their prefix, values stay values, nulls inside data stay, holes stay."""
    plan = _plan("""
        name: 2024
        version: 1.10
        env: {PORT: 8080}
        params: {n: {type: int, default: 3, min: 1}, free: text, shape: {a: 1}}
        tasks:
          a: {function: tools.log.info, args: ['{{ params.n }}', null, 1.5, {k: [yes, null]}], result_key: null}
          b: {operator_type: activity, function: './mod.py:go', kwargs: {x: 007}, template: false, when: params.n > 1}
          c: {image: 'alpine:3', command: [sh], network: none}
        """)
    a, b, c = plan.root.nodes

    assert ("2024", "1.10", {"PORT": "8080"}) == (plan.name, plan.version, plan.env)
    assert ("int", 3, 1.0, "any", {"a": 1}) == (
        plan.params["n"].type,
        plan.params["n"].default,
        plan.params["n"].min,
        plan.params["shape"].type,
        plan.params["shape"].default,
    )
    assert (
        CallSpec(call=PythonCall(function="log.info", args=("{{ params.n }}", None, 1.5, {"k": ["yes", None]})))
        == a.spec
    )
    assert CallSpec(call=PythonCall(function="./mod.py:go", kwargs={"x": 7}), template=False) == b.spec
    assert ("params.n > 1", None, 8) == (b.when, a.result_key, b.line)
    assert isinstance(c.spec, CallSpec)
    assert DockerCall(image="alpine:3", command=("sh",), network="none") == c.spec.call


def test_the_name_is_the_files_where_there_is_none() -> None:
    """A workflow without a name is called like its file."""
    assert "nightly" == load_text(b"tasks: {a: {run: x}}", "jobs/nightly.yaml").require().name
