"""What is right is left alone: files that look suspicious and are not. And what the table of bad files cannot show."""

import time
from textwrap import dedent
from typing import Final

import pytest

from engine.definition.loading import load_text

_TOOLS: Final = frozenset({"log.info", "memory.set", "memory.increment"})

_LOG: Final = "function: log.info, args"

GOOD_FILES: Final = {
    "results of an upstream task, far away": f"""
        tasks:
          a: {{{_LOG}: [x], result_key: k}}
          b: {{run: x, dependencies: [a]}}
          c: {{{_LOG}: ['{{{{ results.k }}}} {{{{ tasks.a.result }}}} {{{{ k }}}}'], dependencies: [b]}}
        """,
    "results of body tasks behind the loop": f"""
        tasks:
          l: {{items: [1], loop_body: [{{task_id: x, {_LOG}: ['{{{{ item }}}}'], result_key: k}}]}}
          a: {{{_LOG}: ['{{{{ results.k[0] }}}}'], dependencies: [l]}}
        """,
    "a while sees its own body, in its condition too": f"""
        tasks:
          l:
            condition: "{{{{ results.k }}}} < 3"
            loop_body:
            - {{task_id: y, {_LOG}: ['{{{{ results.k }}}} {{{{ loop.iteration }}}}']}}
            - {{task_id: x, {_LOG}: [x], result_key: k}}
        """,
    "results of members behind their parallel": f"""
        tasks:
          p: {{branches: {{u: [a]}}}}
          a: {{{_LOG}: [x], result_key: k}}
          b: {{{_LOG}: ['{{{{ results.k }}}}'], dependencies: [p]}}
        """,
    "results of inline branches behind their parallel": f"""
        tasks:
          p: {{branch_workflows: {{u: {{tasks: {{a: {{{_LOG}: [x], result_key: k}}}}}}}}}}
          b: {{{_LOG}: ['{{{{ results.k }}}}'], dependencies: [p]}}
        """,
    "absence that is handled": f"""
        tasks:
          a: {{{_LOG}: ["{{{{ variables.nope | default(1) }}}} {{{{ results.nope is defined }}}}"]}}
        """,
    "a memory key that is written literally": """
        tasks:
          a: {function: memory.set, args: [mode, fast]}
          c: {condition: mode == 'fast', if_true: b, dependencies: [a]}
          b: {run: x}
        """,
    "a memory key that may be any": """
        variables: {keys: [mode]}
        tasks:
          a: {function: memory.set, args: ['{{ variables.keys[0] }}', fast]}
          c: {condition: mode == 'fast', if_true: b, dependencies: [a]}
          b: {run: x}
        """,
    "names inside nested loops": f"""
        variables: {{rows: [[1]]}}
        tasks:
          l:
            items: '{{{{ variables.rows }}}}'
            loop_body:
            - task_id: m
              items: '{{{{ item }}}}'
              loop_body: [{{task_id: x, {_LOG}: ['{{{{ loop.parent.item }}}} {{{{ item }}}} {{{{ loop.last }}}}']}}]
        """,
    "keys with a minus": f"""
        variables: {{my-key: 1, n: 2}}
        tasks: {{a: {{{_LOG}: ['{{{{ variables.my-key }}}} {{{{ variables.n-1 }}}}']}}}}
        """,
    "text that only looks like a template": f"""
        tasks:
          a: {{{_LOG}: ['{{% if x %}} {{# y #}} ${{#x}}', "{{{{ '{{{{' }}}}"]}}
          b: {{template: false, run: 'echo {{{{ .Names }}}}'}}
        """,
    "scripts with quoted values": """
        variables: {x: 1}
        env: {X: '{{ variables.x }}'}
        tasks: {a: {run: "echo {{ variables.x | quote }} $X"}}
        """,
    "a task after both ways of a condition": """
        tasks:
          c: {condition: 'true == (1 == 1)', if_true: a, if_false: b}
          a: {run: x}
          b: {run: x}
          d: {run: x, dependencies: [a, b]}
        """,
    "yes where a boolean is meant": "tasks: {a: {run: x, continue_on_error: yes, x-note: [any, thing]}}",
    "null keys are no keys": "tasks: {a: {run: x, retry: null, timeout: null, dependencies: null, function: null}}",
    "functions of the author": """
        tasks:
          a: {function: './mod.py:go'}
          b: {function: 'pkg.mod:go', args: ['{{ set_by_a }}'], dependencies: [a]}
        """,
    "a switched off task": "tasks: {a: {run: x, when: false}}",
    "the same id in two bodies": """
        tasks:
          l: {items: [1], loop_body: [{task_id: x, run: x}]}
          m: {items: [1], loop_body: [{task_id: x, run: y}]}
        """,
}


@pytest.mark.parametrize("text", GOOD_FILES.values(), ids=GOOD_FILES.keys())
def test_what_is_right_is_left_alone(text: str) -> None:
    """A valid file gets no error, no warning and no info."""
    assert () == load_text(dedent(text).encode(), "flow.yaml", tools=_TOOLS).problems


def test_tools_are_checked_only_where_they_are_known() -> None:
    """Without a list of tools every name passes."""
    assert () == load_text(b"tasks: {a: {function: no.such}}").problems


def test_a_problem_behind_an_alias_is_said_once() -> None:
    """Two tasks that share a faulty part through YAML share its problem."""
    loaded = load_text(b"x-all: &all {run: x, timeout: soon}\ntasks:\n  a: *all\n  b: *all\n")

    assert [(1, "E-DURATION")] == [(problem.line, problem.code) for problem in loaded.problems]


def test_many_typos_are_answered_at_once() -> None:
    """Thousands of unknown names cost no more than their number."""
    lines = [f"  task_{n}: {{run: x, dependencies: [tsk_{n}]}}" for n in range(3_000)]
    source = "\n".join(["tasks:", *lines]).encode()
    begin = time.process_time()
    problems = load_text(source).problems

    assert 3_000 == len(problems)
    assert time.process_time() - begin < 20  # quadratic work takes minutes


def test_a_long_chain_is_no_deep_recursion() -> None:
    """Ten thousand tasks in a row, and the circle that their last one closes, are found without a stack."""
    lines = [f"  t{n}: {{run: x, dependencies: [t{(n - 1) % 10_000}]}}" for n in range(10_000)]
    problems = load_text("\n".join(["tasks:", *lines]).encode()).problems

    assert ["E-CYCLE"] == [problem.code for problem in problems]
    assert problems[0].message.endswith("t9998 -> t9999 -> t0")
