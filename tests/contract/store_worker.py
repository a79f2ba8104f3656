"""A second process for the tests of stores: does one thing with a database, says so, and waits for its end."""

from __future__ import annotations

import asyncio
import sqlite3
import sys

from engine.core.events import RunStarted
from engine.persistence.manager import open_store
from tests.contract.turns import batch, create, release, run_record, start


def own(url: str, name: str) -> None:
    """Start a run and own it until killed."""
    start(open_store(url), name)
    _say("ready")
    sys.stdin.read()


def write(url: str, name: str) -> None:
    """Write a run of 150 turns, as fast as it goes."""
    store = open_store(url)
    start(store, name)
    run = run_record(name)
    _say("ready")
    sys.stdin.readline()

    async def turns() -> None:
        for n in range(150):
            await store.append(batch(RunStarted(n), after=n, run=run))

    asyncio.run(turns())
    release(store, name)
    store.close()


def create_one(url: str, name: str) -> None:
    """Open a database that may not exist yet, at the same moment as others, and create a run."""
    _say("ready")
    sys.stdin.readline()
    store = open_store(url)
    create(store, run_record(name))
    store.close()


def hold(url: str, _: str) -> None:
    """Keep everybody from writing until told otherwise."""
    connection = sqlite3.connect(url, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    _say("ready")
    sys.stdin.readline()
    connection.execute("ROLLBACK")
    connection.close()


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"own": own, "write": write, "create": create_one, "hold": hold}[sys.argv[1]](sys.argv[2], sys.argv[3])
