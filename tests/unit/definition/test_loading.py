"""Nested files, stored sources, and what a load hands out."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from engine.definition.loading import load_text, load_workflow
from engine.definition.plan import Plan, WorkflowSpec
from engine.errors import WorkflowInvalid

CHILD = "params: {who: {type: str, required: true}}\ntasks: {hi: {function: log.info, args: ['{{ params.who }}']}}\n"

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Write files by name and return their folder; dots in an argument's name are written as two underscores."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path = path.with_suffix(".yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path

    return write


def _nested(plan: Plan) -> Plan:
    spec = plan.root.nodes[0].spec
    assert isinstance(spec, WorkflowSpec)
    return spec.plan


def test_a_nested_file_is_found_beside_its_caller(folder: Folder) -> None:
    """Paths are relative to the calling file, at every depth; all sources are kept with the outermost plan."""
    root = folder(
        flow="tasks: {a: {workflow: sub/mid.yaml}}",
        sub__mid="tasks: {b: {workflow: ../leaf.yaml, params: {who: me}}}",
        leaf=CHILD,
    )
    plan = load_workflow(str(root / "flow.yaml")).require()

    assert [str(root / "sub/mid.yaml"), str(root / "leaf.yaml")] == sorted(plan.sources, reverse=True)
    assert plan.sources[str(root / "leaf.yaml")] == CHILD.encode()
    assert "leaf" == _nested(_nested(plan)).name


def test_a_run_is_rebuilt_without_any_file(folder: Folder) -> None:
    """The stored bytes alone give an equal plan."""
    root = folder(flow="tasks: {a: {workflow: leaf.yaml, params: {who: me}}}", leaf=CHILD)
    loaded = load_workflow(str(root / "flow.yaml"))
    plan = loaded.require()
    (root / "leaf.yaml").unlink()

    assert plan == load_text(loaded.source, loaded.path, sources=plan.sources).require()
    problems = load_text(loaded.source, loaded.path, sources={}).problems
    assert [f"`{root / 'leaf.yaml'}`: the file was not stored with the run"] == [p.message for p in problems]


def test_problems_of_a_nested_file_carry_its_name(folder: Folder) -> None:
    """The caller says where it calls, the nested file what is wrong."""
    root = folder(flow="tasks: {a: {workflow: leaf.yaml}}", leaf="tasks: {b: {runn: x}}")
    loaded = load_workflow(str(root / "flow.yaml"))

    assert [
        (str(root / "flow.yaml"), "E-NESTED", f"the workflow `{root / 'leaf.yaml'}` has 1 error"),
        (str(root / "leaf.yaml"), "E-UNKNOWN-KEY", "unknown key `runn` of the task `b`"),
    ] == [(p.file, p.code, p.message) for p in loaded.problems]


def test_files_that_call_each_other_are_a_circle(folder: Folder) -> None:
    """The whole circle is named in order, however the paths are written."""
    root = folder(
        flow="tasks: {a: {workflow: sub/one.yaml}}",
        sub__one="tasks: {a: {workflow: ../sub/two.yaml}}",
        sub__two="tasks: {a: {workflow: one.yaml}}",
    )
    one, two = str(root / "sub/one.yaml"), str(root / "sub/two.yaml")
    cycle = next(p for p in load_workflow(str(root / "flow.yaml")).problems if p.code == "E-CYCLE")

    assert (two, f"these workflows call each other in a circle: {one} -> {two} -> {one}") == (cycle.file, cycle.message)


def test_params_of_a_nested_workflow_are_checked_where_they_are_given(folder: Folder) -> None:
    """Unknown, missing and wrong values are errors of the caller; holes are left to the run."""
    root = folder(
        flow="""
        tasks:
          a: {workflow: leaf.yaml, params: {whom: x}}
          b: {workflow: leaf.yaml, params: {who: 3}}
          c: {workflow: leaf.yaml, params: {who: '{{ memory.x }}'}}
        """,
        leaf=CHILD,
    )
    loaded = load_workflow(str(root / "flow.yaml"))

    assert [
        (3, "E-PARAM", "the workflow `leaf.yaml` needs the param `who`", "add `who:` to `params`"),
        (3, "E-PARAM", "the workflow `leaf.yaml` has no param `whom`", "did you mean `who`?"),
        (4, "E-PARAM", "param 'who' must be text, not 3", None),
    ] == [(p.line, p.code, p.message, p.fix) for p in loaded.problems]


def test_a_load_tells_what_it_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path as given and absolute, exact bytes and their hash."""
    root = folder(flow="tasks: {a: {run: x}}\n")
    monkeypatch.chdir(root)
    loaded = load_workflow("flow.yaml")
    source = b"tasks: {a: {run: x}}\n"

    assert ("flow.yaml", str(root / "flow.yaml"), source) == (loaded.path, loaded.absolute_path, loaded.source)
    assert hashlib.sha256(source).hexdigest() == loaded.sha256 == loaded.require().digest


def test_require_raises_with_all_problems() -> None:
    """Whoever needs a plan gets every problem at once."""
    with pytest.raises(WorkflowInvalid) as caught:
        load_text(b"nam: x\ntasks: {a: {}}", "flow.yaml").require()

    assert ["E-UNKNOWN-KEY", "E-MISSING"] == [problem.code for problem in caught.value.problems]
    assert "flow.yaml:1:1: error E-UNKNOWN-KEY" in str(caught.value)
