"""The other end of `control.py`: ask the process that owns a run for something, from any process of the same user."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Final

from ..core.ports import RunReader
from ..errors import EngineError, UsageError
from ..keys import JsonValue, RunId
from ..persistence.manager import open_reader
from .control import LONGEST_LINE, is_same_user, wish_for_nobody
from .parked import LEFT_ON_PURPOSE, write_wish

_PATIENCE_S: Final = 10.0
"""How long an owner may take to answer; it waits for its store first."""

_BIRTH_S: Final = 1.0
"""How long a run that has an owner may be without a socket: it is just being claimed, or given up."""


def control(url: str, run_id: RunId, request: Mapping[str, JsonValue]) -> bool:
    """Send a request such as `{"verb": "cancel", "task": "a"}` to the owner of a run and return when it is carried out.

    True where the run lives. False where its owner had left it waiting: then the answer or event is written into it,
    and a resume goes on with that. UsageError: an unknown run, one that nobody runs (`E-NOT-LIVE`), or a refusal, with
    its code. EngineError `E-CONTROL`: the owner cannot be reached, or does not answer. StoreError as for every store.
    """
    reader = open_reader(url)
    try:
        left = reader.run(run_id).status in LEFT_ON_PURPOSE and reader.owner_address(run_id) is None
        wish = wish_for_nobody(request) if left else None
        if wish is None:
            with _connected(reader, run_id) as connection:
                answer = _ask(connection, {**request, "run": run_id}, reader.owner_pid(run_id))
    finally:
        reader.close()
    if wish is not None:
        write_wish(url, run_id, wish)
        return False
    refused = answer.get("error")
    if isinstance(refused, dict):
        raise UsageError(str(refused.get("code")), str(refused.get("message")))
    return True


def _connected(reader: RunReader, run_id: RunId) -> socket.socket:
    """Connect to the owner of a run."""
    deadline = time.monotonic() + _BIRTH_S
    while True:
        address = reader.owner_address(run_id)
        if address is None:
            raise _not_live(reader, run_id)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_PATIENCE_S)
        try:
            connection.connect(address)
            if is_same_user(connection):
                return connection
            reason = "its socket belongs to another user"
        except (OSError, ValueError) as error:
            reason = str(error)
        connection.close()
        if time.monotonic() > deadline:
            raise EngineError(
                "E-CONTROL", f"{_owner(reader.owner_pid(run_id))} of run {run_id} has no control socket: {reason}"
            )
        time.sleep(0.02)


def _ask(connection: socket.socket, request: Mapping[str, JsonValue], pid: int | None) -> dict[str, JsonValue]:
    """Send one line and read one."""
    try:
        connection.sendall(json.dumps(request).encode() + b"\n")
        data = b""
        while not data.endswith(b"\n") and len(data) <= LONGEST_LINE and (new := connection.recv(LONGEST_LINE)):
            data += new
        answer = json.loads(data)
    except TimeoutError:
        raise EngineError(
            "E-CONTROL", f"{_owner(pid)} has not answered within {_PATIENCE_S:g} s; it may still do what was asked"
        ) from None
    except (OSError, ValueError) as error:
        raise EngineError("E-CONTROL", f"{_owner(pid)} gave no answer: {error}") from error
    return answer if isinstance(answer, dict) else {}


def _owner(pid: int | None) -> str:
    return f"the owner (process {pid})" if pid else "the owner"


def _not_live(reader: RunReader, run_id: RunId) -> UsageError:
    status = reader.run(run_id).status
    if status.terminal:
        return UsageError("E-NOT-LIVE", f"run {run_id} has ended: {status.value}")
    return UsageError(
        "E-NOT-LIVE",
        f"run {run_id} is {status.value} and nobody runs it; `highway-tui resume {run_id}` goes on with it",
    )
