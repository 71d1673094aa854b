"""Alembic's entry: migrate over the connection that `upgrading` holds, inside its transaction."""

from alembic import context

from cdp.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
