"""What every registered tool promises."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from engine.errors import TaskFailure
from engine.keys import JsonValue
from engine.tools.memory import MEMORY_TOOLS
from engine.tools.registry import MEMORY_NAMES, TOOLS, Registry, tool_names
from engine.tools.spec import spec_of

from .executor_bench import Bench, run

NAMES = sorted(tool_names())


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_tool_is_what_the_table_says(name: str) -> None:
    """Each line of the table leads to a marked function of that name, typed and documented."""
    function = Registry().function(name, "")
    spec = spec_of(function)

    assert spec is not None
    assert spec.name == name
    assert inspect.getdoc(function)
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("name", NAMES)
def test_prefix_is_optional(name: str) -> None:
    """A workflow may write `tools.` or leave it out."""
    registry = Registry()
    if name in TOOLS:
        assert registry.function(name, "") is registry.function(f"tools.{name}", "")
    else:
        tool = registry.memory_tool(name)
        assert tool is not None
        assert tool is registry.memory_tool(f"tools.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arguments_fail_the_task(name: str) -> None:
    """Arguments that do not fit fail with E-ARGUMENTS, and no retry helps."""
    wrong = {"no_such_argument": True}
    memory_tool = Registry().memory_tool(name)
    if memory_tool is not None:
        with pytest.raises(TaskFailure) as failure:
            memory_tool({}, **wrong)
        assert ("E-ARGUMENTS", False) == (failure.value.info.code, failure.value.info.retryable)
        return

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("inline", function=name, args=(), kwargs=wrong))

        assert outcome.error is not None
        assert ("E-ARGUMENTS", False) == (outcome.error.code, outcome.error.retryable)

    run(test)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_log_writes_a_line(level: str) -> None:
    """The log tools write one line of their level into the task's log; what is no text is written as templates do."""

    async def test(tools: Bench) -> None:
        await tools.run(tools.call("inline", function=f"tools.log.{level}", args=("grüße",)))
        await tools.run(tools.call("inline", function=f"log.{level}", args=({"a": [1]},)))

        assert tools.log.text(level) == "grüße\n{'a': [1]}\n"

    run(test)


def test_unknown_tool_is_named() -> None:
    """The sentence that the language promises."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("inline", function="x.y"))

        assert outcome.error is not None
        assert ("E-FUNCTION", "Function 'x.y' not found in registry") == (outcome.error.code, outcome.error.message)

    run(test)


def test_unknown_command_is_named() -> None:
    """`command.run` says which program is missing."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("command.run", args=("no-such-program",)))

        assert outcome.error is not None
        assert ("E-COMMAND", "command 'no-such-program' not found") == (outcome.error.code, outcome.error.message)

    run(test)


@pytest.mark.parametrize(
    ("args", "argv"),
    [
        (("printf '%s|' 'a b' c",), "a b|c|"),
        (("printf", "%s|", "a b", "$HOME", 3, 1.5), "a b|$HOME|3|1.5|"),
        ((["printf", "%s|", "*"],), "*|"),
    ],
    ids=["one text", "several", "a list"],
)
def test_command_run_has_no_shell(args: tuple[JsonValue, ...], argv: str) -> None:
    """One text is split like a shell would, several are the argv; nothing is expanded."""

    async def test(tools: Bench) -> None:
        assert (await tools.run(tools.call("command.run", args=args))).value == argv

    run(test)


@pytest.mark.parametrize("args", [(), ("",), ("it's",), (True,), (None, "a"), ([],)], ids=repr)
def test_command_run_refuses_what_is_no_command(args: tuple[JsonValue, ...]) -> None:
    """Nothing, unclosed quotes and values that are no words fail before anything starts."""

    async def test(tools: Bench) -> None:
        outcome = await tools.run(tools.call("command.run", args=args))

        assert outcome.error is not None
        assert outcome.error.code == "E-ARGUMENTS"
        assert tools.spawned == []

    run(test)


def test_asking_for_names_imports_no_tool() -> None:
    """The command line asks for the names; it must not pay for an HTTP client."""
    code = "import sys; from engine.tools.registry import tool_names; tool_names(); print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert "engine.tools.registry" in loaded
    assert {"httpx", "psutil", "asyncio", "engine.tools.fetch", "engine.tools.command"}.isdisjoint(loaded)


def test_every_memory_tool_has_a_name_in_the_registry() -> None:
    """The registry's names and the tools themselves are the same list, kept in two places for the imports' sake."""
    assert set(MEMORY_TOOLS) == MEMORY_NAMES
