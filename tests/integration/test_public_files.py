"""Workflows of other people, unedited, against a stand-in for the API they call; and workflows of ours built like them.

The public files are no part of this project. Where they are beside the checkout (`../shared/real_workflows`), or where
`HIGHWAY_REAL_WORKFLOWS` says, they are run; elsewhere the tests that need them are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .cli import ROOT, Cli
from .standin import API_HOST, PUBLIC_HOST, StandIn

_FOLDER = Path(os.environ.get("HIGHWAY_REAL_WORKFLOWS") or ROOT.parent / "shared" / "real_workflows")
_needs_public_files = pytest.mark.skipif(
    not _FOLDER.is_dir(),
    reason=f"the public workflow files are not in {_FOLDER}; HIGHWAY_REAL_WORKFLOWS names another folder",
)

# Built like the public files: exported flat and sorted, loop bodies repeated on top, members naming their parallel.
_ORDER = f"""
name: order
start_task: begin
variables:
  api: https://{API_HOST}
  limit: 3
  things: [one, two]
tasks:
  again:
    task_id: again
    operator_type: while
    condition: '{{{{memory.n | default(0)}}}} < 2'
    dependencies: [decide]
    metadata: {{}}
    loop_body:
    - {{task_id: alert, operator_type: task, function: tools.log.warning, kwargs: {{}}, metadata: {{}},
       args: ['round {{{{memory.n | default(0)}}}}'], dependencies: [again]}}
    - {{task_id: count, operator_type: task, function: tools.memory.increment, args: [n], kwargs: {{}}, metadata: {{}},
       dependencies: [alert]}}
    - {{task_id: breathe, operator_type: wait, wait_for: PT0.1S, dependencies: [count], metadata: {{}}}}
  alert: {{task_id: alert, operator_type: task, function: tools.log.warning, kwargs: {{}}, metadata: {{}},
          args: ['round {{{{memory.n | default(0)}}}}'], dependencies: [again]}}
  begin: {{task_id: begin, operator_type: task, function: tools.memory.set, args: [state, checking], dependencies: []}}
  breathe: {{task_id: breathe, operator_type: wait, wait_for: PT0.1S, dependencies: [count], metadata: {{}}}}
  check:
    operator_type: parallel
    task_id: check
    branches: {{left: [person], right: [page, mark]}}
    dependencies: [begin]
  count: {{task_id: count, operator_type: task, function: tools.memory.increment, args: [n], kwargs: {{}},
          metadata: {{}}, dependencies: [alert]}}
  decide:
    operator_type: condition
    task_id: decide
    condition: '{{{{memory.tries}}}} <= {{{{variables.limit}}}}'
    if_true: accept
    if_false: refuse
    dependencies: [mark_tries]
  accept: {{task_id: accept, function: tools.memory.set, args: [state, accepted], dependencies: [decide]}}
  each:
    operator_type: foreach
    task_id: each
    items: '{{{{variables.things}}}}'
    dependencies: [again]
    loop_body:
    - {{task_id: single, operator_type: task, function: tools.log.info, args: ['thing {{{{loop_context.item}}}}'],
       dependencies: [each]}}
  mark: {{task_id: mark, function: tools.memory.set, args: [marked, 'true'], dependencies: [page, check]}}
  mark_tries: {{task_id: mark_tries, function: tools.memory.set, args: [tries, '1'], dependencies: [pause]}}
  page: {{task_id: page, function: tools.fetch.get, args: ['{{{{variables.api}}}}/posts/7'], dependencies: [check],
         result_key: page}}
  pause: {{task_id: pause, operator_type: wait, wait_for: PT0.2S, dependencies: [check]}}
  person: {{task_id: person, function: tools.fetch.get, args: ['{{{{variables.api}}}}/users/4'], dependencies: [check],
           result_key: person}}
  refuse: {{task_id: refuse, function: tools.log.error, args: [refused], dependencies: [decide]}}
  single: {{task_id: single, operator_type: task, function: tools.log.info, args: ['thing {{{{loop_context.item}}}}'],
           dependencies: [each]}}
version: 1.0.0
"""


def test_an_exported_order_workflow_ends_as_written(online: Cli, api: StandIn) -> None:
    """Twins run in their loops only, members when their parallel opens, and `'1' <= 3` compares as numbers."""
    result = online(online.write("order.yaml", _ORDER), "--no-ui")

    assert 0 == result.code, result.out + result.err
    shown = online.show()
    statuses = {task["path"]: task["status"] for task in shown["tasks"]}
    assert {"refuse"} == {path for path, status in statuses.items() if status != "succeeded"}
    assert not {"alert", "count", "breathe", "single"} & set(statuses), "a twin has no instance of its own"
    assert {"again[0]/count", "again[1]/count", "each[0]/single", "each[1]/single"} <= set(statuses)
    assert not {"again[2]/count", "each[2]/single"} & set(statuses)
    assert {"state": "accepted", "n": 2, "marked": "true", "tries": "1"} == shown["memory"]
    assert (200, "User 4") == (shown["results"]["person"]["status"], shown["results"]["person"]["data"]["name"])
    assert {f"{API_HOST}:443"} == set(api.tunnels)


def test_both_branches_lead_to_one_end(online: Cli) -> None:
    """A task behind both branches of a condition runs once, whichever was taken; a missing page is a status."""
    text = f"""
    tasks:
      fetch: {{function: tools.fetch.get, args: ["https://{API_HOST}/nothing/here"], result_key: page}}
      judge: {{condition: "{{{{results.page.status}}}} == 200", if_true: good, if_false: bad, dependencies: [fetch]}}
      good: {{function: tools.log.info, args: ["{{{{ results.page.data.title }}}}"], dependencies: [judge]}}
      bad: {{function: tools.log.error, args: ["status {{{{ results.page.status }}}}"], dependencies: [judge]}}
      end: {{function: tools.log.info, args: [over], dependencies: [good, bad]}}
    """

    result = online(online.write("judge.yaml", text), "--no-ui")

    assert 0 == result.code, result.out + result.err
    assert {
        "fetch": "succeeded",
        "judge": "succeeded",
        "good": "skipped",
        "bad": "succeeded",
        "end": "succeeded",
    } == online.statuses()
    assert "status 404" in result.out


def test_a_stranger_certificate_is_refused(online: Cli) -> None:
    """Without the authority's certificate the fetch fails: nothing in the product looks away."""
    text = f'tasks: {{fetch: {{function: fetch.get, args: ["https://{API_HOST}/users/1"]}}}}'

    result = online(online.write("fetch.yaml", text), "--no-ui", SSL_CERT_FILE=_system_bundle())

    assert 1 == result.code
    assert "certificate" in result.out.lower()


def _system_bundle() -> str:
    import certifi

    return certifi.where()


@_needs_public_files
def test_complex_workflow_1(online: Cli, api: StandIn) -> None:
    """19 top-level tasks succeed, `handle_payment_failure` is skipped; two rounds, three items, no twin runs alone."""
    result = online(str(_FOLDER / "complex_workflow_1.yaml"), "--no-ui")

    assert 0 == result.code, result.out + result.err
    shown = online.show()
    statuses = {task["path"]: task["status"] for task in shown["tasks"]}
    top_level = {path: status for path, status in statuses.items() if "/" not in path}
    assert {"handle_payment_failure"} == {path for path, status in top_level.items() if status == "skipped"}
    assert 19 == list(top_level.values()).count("succeeded")
    assert 20 == len(top_level), "the four repeated body tasks have no instance of their own"
    assert {"succeeded", "skipped"} == set(statuses.values())
    assert {0, 1} == _iterations(statuses, "check_low_stock")
    assert {0, 1, 2} == _iterations(statuses, "process_order_items")
    assert ("completed", 2) == (shown["memory"]["order_status"], shown["memory"]["loop_counter"])
    assert 3 <= shown["run"]["duration_s"]
    assert {"/posts/1", "/users/1"} == set(api.requests)
    assert {f"{PUBLIC_HOST}:443"} == set(api.tunnels)


@_needs_public_files
def test_tier_1_5_refactor_test(online: Cli) -> None:
    """`log_failure` is skipped and `log_end` runs."""
    result = online(str(_FOLDER / "tier_1_5_refactor_test.yaml"), "--no-ui")

    assert 0 == result.code, result.out + result.err
    assert {
        "log_failure": "skipped",
        "log_success": "succeeded",
        "log_end": "succeeded",
    }.items() <= online.statuses().items()


@_needs_public_files
def test_loop_test_workflow(online: Cli) -> None:
    """The while counts to three, and three users are logged."""
    result = online(str(_FOLDER / "loop_test_workflow.yaml"), "--no-ui")

    assert 0 == result.code, result.out + result.err
    shown = online.show()
    assert 3 == shown["memory"]["loop_counter"]
    assert 3 == shown["results"]["counter_result"]["new_value"]
    assert [1, 2, 3] == [number for number in (1, 2, 3) if f"Fetched user: User {number} (ID: {number})" in result.out]


@_needs_public_files
def test_tricky_checksum(online: Cli) -> None:
    """It validates with a warning for each splice; where no container can run, its first docker task fails clearly."""
    file = str(_FOLDER / "tricky_checksum.yaml")
    validated = online("validate", file, "--json")
    result = online(file, "--no-ui", DOCKER_HOST="unix:///nonexistent/docker.sock")

    codes = [problem["code"] for problem in validated.data["problems"]]
    assert (0, 3) == (validated.code, codes.count("W-SPLICE"))
    assert 1 == result.code
    assert "docker" in online.show("@latest/calc_alpha_part1")["tasks"][0]["error"]["message"].lower()


def _iterations(statuses: dict[str, str], loop: str) -> set[int]:
    return {int(path.split("[")[1].split("]")[0]) for path in statuses if path.startswith(f"{loop}[")}
