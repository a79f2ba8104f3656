"""How the schema came to be: `baseline` makes a new database, Alembic's `versions` bring an old one up to it."""
