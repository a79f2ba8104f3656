"""The SQL of the writing half, compiled once from Core for the driver: a turn must not pay for building it again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Table, literal_column
from sqlalchemy.dialects import sqlite

from .tables import attempts, bulkheads, definitions, events, owners, results, tasks, variables, workflows

_DIALECT: Final = sqlite.dialect()


class Statements:
    """Each takes rows in the column order of its table."""

    def __init__(self) -> None:
        """Compile; takes about three milliseconds."""
        self.new_run = _insert(workflows)
        self.new_definition = _insert(definitions)
        self.owner = _upsert(owners)
        self.run = _upsert(workflows, frozen=frozenset({"created_at"}))
        self.tasks = _upsert(tasks)
        # What an owner recorded as ended stays so; only its successor may take up an interrupted attempt again.
        self.attempts = _upsert(
            attempts,
            where=literal_column(
                "attempts.status = 'running' OR (attempts.status = 'interrupted' AND excluded.epoch > attempts.epoch)"
            ),
        )
        self.names = _upsert(variables)
        self.bulkheads = _upsert(bulkheads)
        self.events = _insert(events)
        self.values = _compiled(sqlite.insert(results).on_conflict_do_nothing())


def _insert(table: Table) -> str:
    return _compiled(sqlite.insert(table))


def _upsert(table: Table, *, frozen: frozenset[str] = frozenset(), where: ColumnElement[bool] | None = None) -> str:
    insert = sqlite.insert(table)
    changed = {
        column.name: insert.excluded[column.name]
        for column in table.columns
        if not column.primary_key and column.name not in frozen
    }
    return _compiled(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed, where=where))


def _compiled(statement: sqlite.Insert) -> str:
    return str(statement.compile(dialect=_DIALECT))
