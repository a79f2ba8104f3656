"""Which runtimes a plan can call, nested workflows and bodies included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .plan import CallSpec, DockerCall, ForeachSpec, ParallelSpec, PythonCall, WhileSpec, WorkflowSpec

if TYPE_CHECKING:
    from .plan import Graph, Plan


def runtimes_of(plan: Plan) -> frozenset[str]:
    """Return the names of the runtimes, as in EXECUTORS."""
    found: set[str] = set()
    waiting: list[Graph] = [plan.root]
    while waiting:
        for node in waiting.pop().nodes:
            match node.spec:
                case CallSpec(call=PythonCall()):
                    found.add("python")
                case CallSpec(call=DockerCall()):
                    found.add("docker")
                case CallSpec():
                    found.add("shell")
                case ParallelSpec(inline=inline):
                    waiting += inline.values()
                case ForeachSpec(body=body) | WhileSpec(body=body):
                    waiting.append(body)
                case WorkflowSpec(plan=nested):
                    waiting.append(nested.root)
    return frozenset(found)
