"""How Alembic reaches the database: always through a connection that gateway/store/migrate.py opened."""

from alembic import context

from gateway.store.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(url=context.config.attributes["url"], target_metadata=metadata, literal_binds=True)
else:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
with context.begin_transaction():
    context.run_migrations()
