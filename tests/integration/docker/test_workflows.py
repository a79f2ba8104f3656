"""Workflows with containers, through the command line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.cli import ROOT, Cli

from .engine import Docker

pytestmark = pytest.mark.xdist_group("docker")

_FOLDER = Path(os.environ.get("HIGHWAY_REAL_WORKFLOWS") or ROOT.parent / "shared" / "real_workflows")
_SLOW = """
tasks:
  slow:
    image: alpine
    command: [sh, -c, "echo begun >> /w/ledger; while [ ! -e /w/go ]; do sleep 0.05; done; echo done"]
    volumes: [./w:/w]
    result_key: slow
  after: {function: log.info, args: ['it said {{ results.slow }}'], dependencies: [slow]}
"""


@pytest.fixture
def cli(tmp_path: Path, docker_engine: Docker) -> Cli:
    """The command line where DOCKER_HOST names our engine."""
    return Cli(tmp_path, {"DOCKER_HOST": docker_engine.host})


@pytest.mark.skipif(not _FOLDER.is_dir(), reason=f"the public workflow files are not in {_FOLDER}")
def test_tricky_checksum(cli: Cli) -> None:
    """A public file, unedited: seven tasks succeed, and the number is right."""
    result = cli(str(_FOLDER / "tricky_checksum.yaml"), "--no-ui")

    assert 0 == result.code, result.out + result.err
    shown = cli.show()
    assert ["succeeded"] * 7 == [task["status"] for task in shown["tasks"]]
    assert "5746" == shown["results"]["the_final_number"]


def test_every_option_takes_templates(cli: Cli) -> None:
    """Holes in image, command, entrypoint, env, volumes, user, folder and limits are filled; argv stays argv."""
    text = """
    variables: {image: alpine, words: 'a; b $HOME', size: 64, folder: /tmp, n: 7}
    env: {WHOLE: '{{ variables.n }}'}
    tasks:
      a:
        image: '{{ variables.image }}:latest'
        entrypoint: printf
        command: '%s|%s|%s {{ variables.words }} {{ variables.n }} "x y"'
        result_key: a
      b:
        image: alpine
        command: [sh, -c, 'echo $WHOLE $OWN $HIGHWAY_TASK $HIGHWAY_ATTEMPT; pwd; id -u; ls /w']
        env: {OWN: '{{ variables.words }}'}
        volumes: {'./{{ variables.image }}': '/w:ro'}
        user: '{{ variables.n }}'
        cwd: '{{ variables.folder }}'
        memory: '{{ variables.size }}m'
        cpus: '{{ variables.n / 10 }}'
        network: none
        pull: never
        result_key: b
    """
    (cli.folder / "alpine").mkdir()
    (cli.folder / "alpine" / "inside").touch()

    result = cli(cli.write("flow.yaml", text), "--no-ui")

    assert 0 == result.code, result.out + result.err
    results = cli.show()["results"]
    assert "a; b $HOME|7|x y" == results["a"]
    assert "7 a; b $HOME b 1\n/tmp\n7\ninside" == results["b"]


def test_a_value_that_no_container_can_have_fails_its_task(cli: Cli, docker_engine: Docker) -> None:
    """What a hole gives is checked like what a file says, before anything starts."""
    text = "variables: {size: lots}\ntasks: {a: {image: alpine, memory: '{{ variables.size }}'}}"

    result = cli(cli.write("flow.yaml", text), "--no-ui")

    assert 1 == result.code
    error = cli.show()["tasks"][0]["error"]
    assert ("E-ARGUMENTS", "`memory`: `lots` is no amount of memory; write `512m` or `2g`") == (
        error["code"],
        error["message"],
    )
    assert [] == docker_engine.containers()


def test_a_container_that_outlives_a_killed_engine_is_taken_over(cli: Cli, docker_engine: Docker) -> None:
    """After kill -9 the container runs on; a resume waits for that very container and starts no second one."""
    folder = cli.folder / "w"
    folder.mkdir()
    with cli.started(cli.write("slow.yaml", _SLOW), "--no-ui", "--run-id", "slow-run") as process:
        _until_there(folder / "ledger", process)
        process.send_signal(signal.SIGKILL)
    before = docker_engine.containers("highway-tui.run=slow-run")

    with cli.started("resume", "slow-run", "--no-ui") as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        assert any("went on with container" in line for line in lines)
        during = docker_engine.containers("highway-tui.run=slow-run")
        (folder / "go").touch()
        rest = "".join(lines)
        assert 0 == process.wait(60), rest

    assert 1 == len(before)
    assert before == during
    assert [] == docker_engine.containers("highway-tui.run=slow-run")
    assert "begun\n" == (folder / "ledger").read_text()
    assert "done" == cli.show("slow-run")["results"]["slow"]


def _until_there(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a container has written `path`, as long as `process` runs."""
    while not path.exists():
        with contextlib.suppress(subprocess.TimeoutExpired):
            pytest.fail(f"ended too early with {process.wait(0.02)}")


def test_interrupting_a_run_removes_its_containers(cli: Cli, docker_engine: Docker) -> None:
    """Ctrl-C ends the container with its run."""
    (cli.folder / "w").mkdir()
    with cli.started(cli.write("slow.yaml", _SLOW), "--no-ui", "--run-id", "gone") as process:
        _until_there(cli.folder / "w" / "ledger", process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    assert 130 == process.returncode
    assert [] == docker_engine.containers("highway-tui.run=gone")
    assert "cancelled" == json.loads(cli("show", "gone", "--json").out)["run"]["status"]
