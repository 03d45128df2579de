"""INSERT that leaves alone what is there already, in the dialect of the database."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as lite_insert


@cache
def insert_new(dialect: str, table: Table) -> Any:
    """The statement; a row whose key is taken is not inserted."""
    return (pg_insert if dialect == "postgresql" else lite_insert)(table).on_conflict_do_nothing()


def inserted(c: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """Insert the row; False when its key is taken. (The count of rows of the driver of PostgreSQL does not tell.)"""
    return c.execute(_telling(c.dialect.name, table), row).one_or_none() is not None


@cache
def _telling(dialect: str, table: Table) -> Any:
    return insert_new(dialect, table).returning(*table.primary_key)
