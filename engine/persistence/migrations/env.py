"""Alembic runs this. The caller brings the connection, inside its own transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
