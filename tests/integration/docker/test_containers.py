"""What a container call promises, on a real Docker Engine. Every test also proves that no container is left."""

from __future__ import annotations

import asyncio
import os
import time
import tracemalloc
from pathlib import Path

import pytest

from engine.core.calls import Outcome
from engine.errors import ErrorInfo
from engine.keys import ROOT, TaskId, TaskKey
from engine.processes.runner import STDOUT_CAP
from engine.runtime.executors.docker import DockerExecutor

from .bench import Bench
from .registry import serving

pytestmark = pytest.mark.xdist_group("docker")

_STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


def _error(outcome: Outcome) -> ErrorInfo:
    assert outcome.error is not None
    return outcome.error


def test_result_is_stdout_and_the_log_has_both_streams(bench: Bench) -> None:
    """The value is stdout without trailing newlines; the outcome names its attempt."""
    outcome = bench.outcome(bench.call(r"printf '  a\n\nb\n\n'; echo c >&2"))

    key = TaskKey(ROOT, TaskId("task"))
    assert Outcome(key=key, attempt=2, generation=3, status="succeeded", value="  a\n\nb") == outcome
    assert ("  a\n\nb\n\n", "c\n") == (bench.log.text("stdout"), bench.log.text("stderr"))


def test_an_exit_code_fails_with_the_end_of_stderr(bench: Bench) -> None:
    """A non-zero exit fails with its code, and with what stderr ended with, without escapes."""
    outcome = bench.outcome(bench.call(r"printf '\033[31mno\033]52;c;x\007 luck\n' >&2; exit 7"))

    assert ErrorInfo(code="E-EXIT", message="exit code 7: no luck", exit_code=7) == outcome.error


def test_a_command_that_is_not_there_is_named(bench: Bench) -> None:
    """The command stands in the error, with the shells' own code for it."""
    error = _error(bench.outcome(bench.call(command=("no-such-command",))))

    assert ("E-EXIT", 127) == (error.code, error.exit_code)
    assert "no-such-command" in error.message


def test_output_is_in_the_log_while_the_container_runs(bench: Bench) -> None:
    """Output is not held back until the end; a cancel gives the grace, and the container is gone afterwards."""

    async def test(executor: DockerExecutor) -> None:
        script = "trap 'echo tidy; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
        call = bench.start(executor, bench.call(script, grace_s=30.0))
        await bench.log.shows("ready")
        assert not call.done()
        call.cancel()
        outcome = await call

        assert ("cancelled", "E-CANCELLED") == (outcome.status, _error(outcome).code)
        assert [] == bench.left()
        assert "ready\ntidy\n" == bench.log.text("stdout")

    bench.run(test)


def test_a_container_that_minds_nothing_is_killed_after_the_grace(bench: Bench) -> None:
    """A timeout gives the grace, then KILL; the outcome comes when the container is gone."""

    async def test(executor: DockerExecutor) -> None:
        outcome = await bench.start(executor, bench.call(_STUBBORN, timeout_s=2.0, grace_s=0.5))

        assert ("timed_out", "E-TIMEOUT", "not done after 2 s") == (
            outcome.status,
            _error(outcome).code,
            _error(outcome).message,
        )
        assert [] == bench.left()

    bench.run(test)


def test_a_second_cancel_kills_at_once(bench: Bench) -> None:
    """Whoever asks twice does not wait for the grace."""

    async def test(executor: DockerExecutor) -> None:
        script = "trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done"
        call = bench.start(executor, bench.call(script, grace_s=60.0))
        await bench.log.shows("ready")
        call.cancel()
        await bench.log.shows("asked")
        call.cancel()

        assert "cancelled" == (await asyncio.wait_for(call, 20)).status
        assert [] == bench.left()

    bench.run(test)


def test_a_cancel_at_any_step_leaves_nothing(bench: Bench) -> None:
    """Before the container, between its creation and its start, while it starts: the call ends `cancelled`."""

    async def test(executor: DockerExecutor) -> None:
        await bench.start(executor, bench.call())
        for after_s in (0.0, 0.02, 0.05, 0.1, 0.3):
            call = bench.start(executor, bench.call("sleep 300", grace_s=1.0))
            await asyncio.wait({call}, timeout=after_s)
            call.cancel()
            assert "cancelled" == (await call).status
            assert [] == bench.left()

    bench.run(test)


def test_a_failed_start_leaves_no_created_container(bench: Bench) -> None:
    """What the daemon refuses to start is removed, and the refusal is the error."""
    error = _error(bench.outcome(bench.call(network="no-such-network")))

    assert "E-DOCKER" == error.code
    assert "no-such-network" in error.message
    assert [] == bench.left()


def test_options_reach_the_daemon(bench: Bench) -> None:
    """Limits, labels, user, folder and network are the container's; memory and swap are one limit; logs are capped."""

    async def test(executor: DockerExecutor) -> None:
        call = bench.call(
            "echo ready; sleep 300",
            memory_bytes=64 * 1024**2,
            cpus=0.5,
            user="1234:99",
            cwd="/tmp",
            network="none",
            idempotency_key="the key",
        )
        running = bench.start(executor, call)
        await bench.log.shows("ready")
        [container] = bench.left()
        seen = bench.docker.client.api.inspect_container(container)
        running.cancel()
        await running

        host, config = seen["HostConfig"], seen["Config"]
        assert (64 * 1024**2, 64 * 1024**2, 500_000_000) == (host["Memory"], host["MemorySwap"], host["NanoCpus"])
        assert (True, "none", "1234:99", "/tmp") == (
            host["Init"],
            host["NetworkMode"],
            config["User"],
            config["WorkingDir"],
        )
        assert {"max-size", "max-file"} <= host["LogConfig"]["Config"].keys()
        assert {
            "highway-tui.run": bench.run_id,
            "highway-tui.task": "task",
            "highway-tui.attempt": "2",
            "highway-tui.generation": "3",
            "highway-tui.idempotency-key": "the key",
        } == config["Labels"]

    bench.run(test)


def test_environment_is_the_calls_own(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container has the call's variables and none of the engine's."""
    monkeypatch.setenv("OUTSIDE", "outer")
    outcome = bench.outcome(bench.call('echo "$OUTSIDE|$A|$HIGHWAY_RUN_ID"; pwd; id -u', env=_env(bench), cwd="/tmp"))

    assert f"|b c|{bench.run_id}\n/tmp\n0" == outcome.value


def _env(bench: Bench) -> dict[str, str]:
    return {"A": "b c", "HIGHWAY_RUN_ID": bench.run_id}


def test_volumes_are_relative_to_the_workflow(bench: Bench, tmp_path: Path) -> None:
    """A relative source is found from the workflow's folder; `ro` is read-only; other sources are volumes by name."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in").write_text("from outside")
    name = f"hwt-{bench.run_id}"
    volumes = ("./data:/data", "data:/named:rw", f"{tmp_path}/data:/ro:ro", f"{name}:/kept")
    script = "cat /data/in; echo; ls /named | wc -l; echo x > /data/out; echo x > /ro/no || echo refused; ls -d /kept"
    try:
        outcome = bench.outcome(bench.call(script, volumes=volumes, folder=str(tmp_path)))
    finally:
        for volume in (name, "data"):
            bench.docker.client.api.remove_volume(volume, force=True)

    assert "from outside\n0\nrefused\n/kept" == outcome.value
    assert "x\n" == (tmp_path / "data" / "out").read_text()


def test_an_entrypoint_may_be_set_and_cleared(bench: Bench) -> None:
    """`entrypoint` stands before the command."""
    outcome = bench.outcome(bench.call(entrypoint=("echo", "so:"), command=("a b", "c")))
    cleared = bench.outcome(bench.call(entrypoint=(), command=("echo", "x")))

    assert ("so: a b c", "x") == (outcome.value, cleared.value)


def test_text_is_utf8_and_survives_what_is_not(bench: Bench) -> None:
    """Invalid bytes become the replacement character in the value and stay raw in the log."""
    outcome = bench.outcome(bench.call(r"printf 'gr\303\274\303\237e \360\237\230\200 \377\376 \303'"))

    assert "grüße 😀 \ufffd\ufffd \ufffd" == outcome.value
    assert bench.log.text("stdout").endswith(r"\xff\xfe \xc3")


def test_ten_megabytes_on_one_line_use_bounded_memory(bench: Bench) -> None:
    """The value is cut at its cap and marked; the log gets every byte; memory stays small."""

    async def test(executor: DockerExecutor) -> None:
        await bench.start(executor, bench.call())
        bench.log.keep, bench.log.size = False, 0
        tracemalloc.start()
        outcome = await bench.start(executor, bench.call("head -c 10000000 /dev/zero | tr '\\0' x"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert "x" * STDOUT_CAP == outcome.value
        assert 10_000_000 + len("the result was cut at 1 MiB; the log has all of it\n") == bench.log.size
        assert peak < 8 * STDOUT_CAP

    bench.run(test)


def test_out_of_memory_is_said(bench: Bench) -> None:
    """A container that its limit ended fails with a code of its own, and the limit in the sentence."""
    if not bench.docker.client.info()["MemoryLimit"]:
        pytest.skip("this kernel has no memory limits for containers")
    error = _error(bench.outcome(bench.call("x=a; while :; do x=$x$x; done", memory_bytes=16 * 1024**2)))

    assert ("E-OOM", "killed: out of memory (limit: 16 MiB)", 137) == (error.code, error.message, error.exit_code)


def test_several_at_once(bench: Bench) -> None:
    """Calls do not wait for each other."""

    async def test(executor: DockerExecutor) -> None:
        calls = [bench.start(executor, bench.call(f"echo {n}")) for n in range(4)]

        assert ["0", "1", "2", "3"] == [(await call).value for call in calls]

    bench.run(test)


def test_pull_never_and_missing_name_the_image(bench: Bench) -> None:
    """An image that is not there fails: without asking anybody under `never`, else with what the registry said."""
    never = _error(bench.outcome(bench.call(image="no/such:1", pull="never")))
    missing = _error(bench.outcome(bench.call(image="127.0.0.1:9/no/such:1")))
    always = _error(bench.outcome(bench.call(image="127.0.0.1:9/alpine:latest", pull="always")))

    assert {"E-DOCKER-IMAGE"} == {never.code, missing.code, always.code}
    assert "the image no/such:1 is not on this machine, and `pull: never` forbids to fetch it" == never.message
    assert "could not be pulled" in missing.message
    assert "refused" in missing.message
    assert (False, True) == (never.retryable, missing.retryable)


def test_an_image_is_pulled_once_unless_always(bench: Bench) -> None:
    """`missing` fetches what is not there, and only then; `always` asks the registry again."""
    with serving() as registry:
        first = bench.outcome(bench.call(image=registry.image))
        after_first = len(registry.asked)
        second = bench.outcome(bench.call(image=registry.image))
        after_second = len(registry.asked)
        third = bench.outcome(bench.call(image=registry.image, pull="always"))
        bench.docker.client.api.remove_image(registry.image, force=True)

        assert ["hello"] * 3 == [first.value, second.value, third.value]
        assert 0 < after_first == after_second < len(registry.asked)
    assert f"pulling the image {registry.image}\n" in bench.log.text("info")


@pytest.mark.parametrize("end", ["cancel", "timeout"])
def test_a_pull_that_never_ends_holds_up_nobody(bench: Bench, end: str) -> None:
    """Cancel and timeout end a call whose image does not come, at once and without a container."""

    async def test(executor: DockerExecutor) -> None:
        with serving() as registry:
            registry.silent.set()
            timeout_s = 2.0 if end == "timeout" else None
            call = bench.start(executor, bench.call(image=registry.image, timeout_s=timeout_s, grace_s=30.0))
            assert await asyncio.to_thread(registry.reached.wait, 30)
            started = time.monotonic()
            if end == "cancel":
                call.cancel()
            outcome = await call

            assert outcome.status == ("timed_out" if end == "timeout" else "cancelled")
            assert time.monotonic() - started < 10

    bench.run(test)
    assert [] == bench.left()


def test_no_daemon_is_said(bench: Bench, tmp_path: Path) -> None:
    """Where nobody answers, the error says where it asked, and another attempt may help."""
    for host in (f"unix://{tmp_path}/none.sock", "tcp://127.0.0.1:9"):
        error = _error(bench.outcome(bench.call(), host))

        assert ("E-DOCKER-DOWN", True) == (error.code, error.retryable)
        assert error.message.startswith(f"no Docker daemon answers at {host} (")


def test_a_socket_that_is_not_permitted_is_said(bench: Bench) -> None:
    """Who may not use the socket reads that, and that no retry helps."""

    async def test(executor: DockerExecutor) -> None:
        # The daemon was imported as root; only the knock at its door is made as somebody else.
        await executor.recover(bench.run_id)
        await executor.close()
        os.seteuid(65534)
        try:
            error = _error(await bench.start(executor, bench.call()))
        finally:
            os.seteuid(0)

        assert ("E-DOCKER-DENIED", False) == (error.code, error.retryable)
        assert error.message.startswith(f"not permitted to use Docker at {bench.docker.host}")

    bench.run(test)


def _made(bench: Bench, script: str, *, start: bool, volume: str | None = None, **labels: str) -> str:
    """A container as an engine that was killed has left it."""
    api = bench.docker.client.api
    names = {"highway-tui.run": bench.run_id} | {f"highway-tui.{k.replace('_', '-')}": v for k, v in labels.items()}
    host = api.create_host_config(init=True, binds=[volume] if volume else None)
    made = str(api.create_container("alpine", ["sh", "-c", script], labels=names, host_config=host)["Id"])
    if start:
        api.start(made)
    return made


def test_a_running_container_is_taken_over(bench: Bench, tmp_path: Path) -> None:
    """The call with its key gets its whole output and its end; `created`, ended and unasked ones are removed."""
    until = "while [ ! -e /w/go ]; do sleep 0.05; done"
    script = f"echo one; echo two >&2; {until}; echo three; exit 3"
    ours = _made(bench, script, start=True, volume=f"{tmp_path}:/w", idempotency_key="ours", attempt="1")
    unasked = _made(bench, "sleep 300", start=True, idempotency_key="other", attempt="1")
    _made(bench, "true", start=False, idempotency_key="ours", attempt="2")
    bench.docker.client.api.wait(_made(bench, "true", start=True, idempotency_key="third"))

    async def test(executor: DockerExecutor) -> None:
        await executor.recover(bench.run_id)
        assert {ours, unasked} == set(bench.left())

        call = bench.start(executor, bench.call("echo never", idempotency_key="ours"))
        await bench.log.shows("one")
        (tmp_path / "go").touch()
        outcome = await call
        assert ("E-EXIT", 3) == (_error(outcome).code, _error(outcome).exit_code)
        assert ("one\nthree\n", "two\n") == (bench.log.text("stdout"), bench.log.text("stderr"))
        assert f"went on with container {ours[:12]}, which was still running\n" == bench.log.text("info")
        assert [unasked] == bench.left()

        await executor.sweep(bench.run_id)
        assert [] == bench.left()

    bench.run(test)


def test_a_container_that_was_taken_over_can_be_ended(bench: Bench) -> None:
    """A cancel reaches it like one of our own."""
    _made(bench, "echo ready; sleep 300", start=True, idempotency_key="ours")

    async def test(executor: DockerExecutor) -> None:
        await executor.recover(bench.run_id)
        call = bench.start(executor, bench.call("echo never", idempotency_key="ours"))
        await bench.log.shows("ready")
        call.cancel()

        assert "cancelled" == (await call).status
        assert [] == bench.left()

    bench.run(test)


def test_a_container_that_vanished_is_made_anew(bench: Bench) -> None:
    """What was there to be taken over and is gone when it is asked for does not fail the task."""
    ours = _made(bench, "sleep 300", start=True, idempotency_key="ours")

    async def test(executor: DockerExecutor) -> None:
        await executor.recover(bench.run_id)
        bench.docker.client.api.remove_container(ours, force=True)

        assert "anew" == (await bench.start(executor, bench.call("echo anew", idempotency_key="ours"))).value

    bench.run(test)
