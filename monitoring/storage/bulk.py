"""Many rows in one statement: read by key, and write as absolute values.

PostgreSQL takes the values of a column as one array in its binary form, SQLite as parameters; both were measured to be
the fastest way that needs no temporary table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
        columns: Columns to return, in this order; the first ones must be those of the keys.
    """
    names = list(keys)
    if not keys[names[0]]:
        return []
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    if connection.vendor != "postgresql":
        return _fetch_joined(connection, table, keys, columns)
    # Joining with the keys makes the planner compare every key with every row of a minute; a list for each column is
    # looked up in the index, and what it finds too much is left out here.
    types = _types(model, connection.alias)
    with _postgresql_cursor(connection) as (cursor, mark):
        matching = " AND ".join(f"{quote(name)} = ANY({mark}::{types[name]}[])" for name in names)
        statement = f"SELECT {', '.join(map(quote, columns))} FROM {table} WHERE {matching}"  # noqa: S608
        cursor.execute(statement, [list(set(keys[name])) for name in names])
        wanted = set(zip(*keys.values(), strict=True))
        return [row for row in cursor.fetchall() if row[: len(names)] in wanted]


def _fetch_joined(
    connection: BaseDatabaseWrapper, table: str, keys: Columns, columns: Sequence[str]
) -> list[tuple[Any, ...]]:
    quote = connection.ops.quote_name
    wanted = ", ".join(f"t.{quote(column)}" for column in columns)
    matching = " AND ".join(f"t.{quote(name)} = k.{quote(name)}" for name in keys)
    parts = ", ".join(f"value ->> {position} AS {quote(name)}" for position, name in enumerate(keys))
    source = f"(SELECT {parts} FROM json_each(%s)) AS k"  # noqa: S608
    statement = f"SELECT {wanted} FROM {source} JOIN {table} AS t ON {matching}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(list(zip(*keys.values(), strict=True)))])
        return list(cursor.fetchall())


def reserve(connection: BaseDatabaseWrapper, model: type[models.Model], count: int) -> list[int]:
    """Return primary keys that nobody else will get, for rows that are about to be inserted.

    Args:
        connection: The database, inside of a transaction; on SQLite of one that has written.
        model: Whose table; the database makes its primary keys, which are integers.
        count: How many.
    """
    table, column = model._meta.db_table, _key_columns(model)[0]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            cursor.execute(statement, [connection.ops.quote_name(table), column, count])
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        (last,) = cursor.fetchone()
    return list(range(last + 1, last + 1 + count))


def insert(connection: BaseDatabaseWrapper, model: type[models.Model], rows: Columns) -> None:
    """Insert rows; those that another row rules out are left out.

    Args:
        connection: The database, inside of the caller's transaction.
        model: Whose table.
        rows: Values of each column, all of the same length; without the primary key where the database makes it.
    """
    _insert(connection, model, rows, "ON CONFLICT DO NOTHING")


def put(connection: BaseDatabaseWrapper, model: type[models.Model], rows: Columns) -> None:
    """Insert rows, or overwrite those with the same primary key; rows that are nothing but a key stay as they are.

    Args:
        connection: The database, inside of the caller's transaction.
        model: Whose table; its primary key decides which row is the same.
        rows: Values of each column, all of the same length.
    """
    keys = _key_columns(model)
    quote = connection.ops.quote_name
    updates = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in rows if name not in keys)
    _insert(connection, model, rows, _on_conflict(connection, model, updates))


def _on_conflict(connection: BaseDatabaseWrapper, model: type[models.Model], changes: str) -> str:
    """Say what becomes of rows that are there; nothing where there are no changes."""
    keys = ", ".join(map(connection.ops.quote_name, _key_columns(model)))
    return f"ON CONFLICT ({keys}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"


def _insert(connection: BaseDatabaseWrapper, model: type[models.Model], rows: Columns, conflict: str) -> None:
    """Insert rows, with this clause about those that are there."""
    names = list(rows)
    if not rows[names[0]]:
        return
    quote = connection.ops.quote_name
    table, columns = quote(model._meta.db_table), ", ".join(map(quote, names))
    if connection.vendor == "postgresql":
        types = _types(model, connection.alias)
        with _postgresql_cursor(connection) as (cursor, mark):
            arrays = ", ".join(f"{mark}::{types[name]}[]" for name in names)
            statement = f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({arrays}) {conflict}"  # noqa: S608
            cursor.execute(statement, [list(rows[name]) for name in names])
        return
    marks = ", ".join(["%s"] * len(names))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({marks}) {conflict}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(zip(*rows.values(), strict=True)))


def add(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    rows: Columns,
    added: Sequence[str],
    least: Sequence[str] = (),
) -> None:
    """Insert rows, or add to those with the same primary key.

    Args:
        connection: The database, inside of the caller's transaction.
        model: Whose table; its primary key decides which row is the same.
        rows: Values of each column, all of the same length, each key once; in one order everywhere, against deadlocks.
        added: Columns whose values are added to what is there.
        least: Columns of which the lesser value stays; all others stay as they are.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    quoted = {name: connection.ops.quote_name(name) for name in (*added, *least)}
    smaller = "LEAST" if connection.vendor == "postgresql" else "MIN"
    changes = [f"{quoted[name]} = {table}.{quoted[name]} + excluded.{quoted[name]}" for name in added]
    changes += [f"{quoted[name]} = {smaller}({table}.{quoted[name]}, excluded.{quoted[name]})" for name in least]
    _insert(connection, model, rows, _on_conflict(connection, model, ", ".join(changes)))


def overwrite(connection: BaseDatabaseWrapper, model: type[models.Model], rows: Columns) -> None:
    """Change columns of rows that exist; keys without a row are passed over.

    Args:
        connection: The database, inside of the caller's transaction.
        model: Whose table.
        rows: Values of each column, all of the same length; those of the primary key say which rows.
    """
    names, keys = list(rows), _key_columns(model)
    if not rows[names[0]]:
        return
    quote = connection.ops.quote_name
    table, changed = quote(model._meta.db_table), [name for name in names if name not in keys]
    if connection.vendor == "postgresql":
        types = _types(model, connection.alias)
        with _postgresql_cursor(connection) as (cursor, mark):
            arrays = ", ".join(f"{mark}::{types[name]}[]" for name in names)
            assigned = ", ".join(f"{quote(name)} = k.{quote(name)}" for name in changed)
            matching = " AND ".join(f"t.{quote(name)} = k.{quote(name)}" for name in keys)
            source = f"unnest({arrays}) AS k({', '.join(map(quote, names))})"
            statement = f"UPDATE {table} AS t SET {assigned} FROM {source} WHERE {matching}"  # noqa: S608
            cursor.execute(statement, [list(rows[name]) for name in names])
        return
    assigned = ", ".join(f"{quote(name)} = %s" for name in changed)
    matching = " AND ".join(f"{quote(name)} = %s" for name in keys)
    statement = f"UPDATE {table} SET {assigned} WHERE {matching}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(zip(*(rows[name] for name in (*changed, *keys)), strict=True)))


@contextmanager
def _postgresql_cursor(connection: BaseDatabaseWrapper) -> Iterator[tuple[Any, str]]:
    """Yield a cursor and its parameter mark: binary parameters where the driver knows them (psycopg 3)."""
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    if not is_psycopg3:
        with connection.cursor() as plain:
            yield plain, "%s"
        return
    import psycopg

    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.format = psycopg.pq.Format.BINARY
        yield cursor, "%b"


def _key_columns(model: type[models.Model]) -> list[str]:
    return [str(field.column) for field in model._meta.pk_fields]


@cache
def _types(model: type[models.Model], alias: str) -> dict[str, str]:
    """Database types by column, as casts."""
    fields = model._meta.concrete_fields
    return {field.column: field.rel_db_type(connections[alias]) or "text" for field in fields if field.column}
