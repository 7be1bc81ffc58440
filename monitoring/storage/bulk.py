"""Many rows in one statement: read by key, and write as absolute values.

PostgreSQL takes the rows as arrays (`unnest`), SQLite as parameters; both were measured to be the fastest way that
needs no temporary table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

Columns = Mapping[str, Sequence[Any]]


def fetch(
    connection: BaseDatabaseWrapper, model: type[models.Model], keys: Columns, columns: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Read the rows whose key columns equal one of the given keys.

    Args:
        connection: The database.
        model: Whose table.
        keys: Values of each key column, all of the same length: integers or strings.
        columns: Columns to return, in this order.
    """
    names = list(keys)
    if not keys[names[0]]:
        return []
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    wanted = ", ".join(f"t.{quote(column)}" for column in columns)
    matching = " AND ".join(f"t.{quote(name)} = k.{quote(name)}" for name in names)
    if connection.vendor == "postgresql":
        types = _types(model, connection.alias)
        arrays = ", ".join(f"%s::{types[name]}[]" for name in names)
        aliases = ", ".join(map(quote, names))
        source = f"unnest({arrays}) AS k({aliases})"
        parameters: list[Any] = [list(keys[name]) for name in names]
    else:
        parts = ", ".join(f"value ->> {position} AS {quote(name)}" for position, name in enumerate(names))
        source = f"(SELECT {parts} FROM json_each(%s)) AS k"  # noqa: S608
        parameters = [json.dumps(list(zip(*(keys[name] for name in names), strict=True)))]
    statement = f"SELECT {wanted} FROM {source} JOIN {table} AS t ON {matching}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def put(connection: BaseDatabaseWrapper, model: type[models.Model], rows: Columns) -> None:
    """Insert rows, or overwrite those with the same primary key.

    Args:
        connection: The database, inside of the caller's transaction.
        model: Whose table; its primary key decides which row is the same.
        rows: Values of each column, all of the same length.
    """
    names = list(rows)
    if not rows[names[0]]:
        return
    quote = connection.ops.quote_name
    keys = _key_columns(model)
    table, columns = quote(model._meta.db_table), ", ".join(map(quote, names))
    updates = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in names if name not in keys)
    conflict = f"ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {updates}"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            types = _types(model, connection.alias)
            arrays = ", ".join(f"%s::{types[name]}[]" for name in names)
            statement = f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({arrays}) {conflict}"  # noqa: S608
            cursor.execute(statement, [list(rows[name]) for name in names])
        else:
            marks = ", ".join(["%s"] * len(names))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks}) {conflict}"  # noqa: S608
            cursor.executemany(statement, list(zip(*(rows[name] for name in names), strict=True)))


def _key_columns(model: type[models.Model]) -> list[str]:
    return [str(field.column) for field in model._meta.pk_fields]


@cache
def _types(model: type[models.Model], alias: str) -> dict[str, str]:
    """Database types by column, as casts."""
    fields = model._meta.concrete_fields
    return {field.column: field.rel_db_type(connections[alias]) or "text" for field in fields if field.column}
