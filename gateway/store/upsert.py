"""INSERT that leaves alone what is there already, in the dialect of the database."""

from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as lite_insert


@cache
def insert_new(dialect: str, table: Table) -> Any:
    """The statement; a row whose key is taken is not inserted, and counts for nothing in `rowcount`."""
    return (pg_insert if dialect == "postgresql" else lite_insert)(table).on_conflict_do_nothing()
