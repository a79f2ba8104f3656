"""Many engines on one database at the same moment: imports once, forks them all, lets them go together.

`python -m tests.integration.database.crowd URL COUNT FLOW` prints a line an engine: its status, or what it heard.
"""

from __future__ import annotations

import os
import signal
import sys

from tests.integration.crash.zygote import warm_up


def main(url: str, count: int, flow: str) -> None:
    """Fork `count` engines that wait for one another, and for all of them."""
    warm_up()
    signal.alarm(110)  # a hang ends here, not with the test session
    barrier, gate = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            os.close(gate)
            os.read(barrier, 1)
            os.write(1, f"{run(url, f'run-{number}', flow)}\n".encode())
            os._exit(0)
        children.append(child)
    os.close(gate)
    for child in children:
        os.waitpid(child, 0)


def run(url: str, run_id: str, flow: str) -> str:
    """Run one workflow; return the status of its run."""
    from engine import Engine, load_workflow

    try:
        with Engine(url) as engine:
            record = engine.start(load_workflow(flow), run_id=run_id).wait(90)
    except Exception as error:  # noqa: BLE001 - the top of a process: whatever it is, the test reads it
        return f"{type(error).__name__}: {error}"
    return record.status.value if record else "no end"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
