"""Blocking work off the UI's loop, on daemon threads of our own: a hung disk or a locked database never keeps the
program from leaving.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


async def in_thread(call: Callable[[], _T]) -> _T:
    """Run `call` on its own thread and give its value or exception. Cancelling leaves the call behind."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(tell: Callable[[], None]) -> None:
        if not future.done():
            tell()

    def work() -> None:
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - thread top: whatever it was belongs to whoever waits
            caught = error
            _tell(loop, lambda: settle(lambda: future.set_exception(caught)))
        else:
            _tell(loop, lambda: settle(lambda: future.set_result(value)))

    threading.Thread(target=work, name="highway-ui-work", daemon=True).start()
    return await future


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(call)
