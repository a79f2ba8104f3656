"""Files of the right shape with anything inside: the compiler answers with problems, never with an exception."""

import json
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from engine.definition.loading import load_text
from engine.definition.models import OPERATORS, RUNTIMES, Workflow
from engine.definition.wording import keys_of
from engine.keys import JsonValue

_IDS: Final = st.sampled_from(["a", "b", "c", "a-b", "", "a/b", "x" * 200])
_TEXTS: Final = st.one_of(
    _IDS,
    st.sampled_from(
        ["{{ memory.x }}", "{{ results.a | quote }}", "{{ item }}", "{{", "memory.n < 3", "5s", "true", "task", "while"]
    ),
    st.text(max_size=8),
)
_SCALARS: Final = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, width=32), _TEXTS)
_VALUES: Final[st.SearchStrategy[JsonValue]] = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=8,
)
_TASK_KEYS: Final = sorted({key for model in (*OPERATORS.values(), *RUNTIMES.values()) for key in keys_of(model)})


def _tasks(depth: int) -> st.SearchStrategy[JsonValue]:
    """Tasks with keys of the language, sensible values often enough, bodies inside."""
    value: st.SearchStrategy[JsonValue] = _VALUES
    if depth:
        body = st.lists(_tasks(depth - 1), max_size=3)
        inline = st.dictionaries(_IDS, st.dictionaries(st.just("tasks"), st.dictionaries(_IDS, _tasks(depth - 1))))
        value = st.one_of(_VALUES, st.lists(_IDS, max_size=3), body, inline)
    operators = st.sampled_from([*OPERATORS, "activity", "reflexive"])
    keys = st.dictionaries(st.sampled_from(_TASK_KEYS), value, max_size=6)
    return st.builds(
        lambda extra, operator, task_id: {"task_id": task_id, "operator_type": operator} | extra, keys, operators, _IDS
    )


@given(
    st.dictionaries(_IDS, _tasks(2), max_size=4),
    st.dictionaries(st.sampled_from(keys_of(Workflow)), _VALUES, max_size=4),
)
def test_any_workflow_gives_problems_or_a_plan(tasks: dict[str, JsonValue], top: dict[str, JsonValue]) -> None:
    """Whatever stands under the keys of the language, there is a plan exactly when nothing is an error."""
    loaded = load_text(json.dumps({**top, "tasks": tasks}).encode(), tools=frozenset({"log.info"}))

    assert (loaded.plan is None) == any(problem.severity == "error" for problem in loaded.problems)
