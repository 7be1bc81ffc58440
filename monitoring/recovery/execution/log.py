"""What a recovery tells the error log: the documented keys of `ErrorLog.context`, and `resolved`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, JSONField, Q, Value
from django.db.models.sql.compiler import SQLCompiler

from monitoring.errors.log.models import ErrorLog


class _Merged(Func):
    """An object with some keys of another: in the database, so that nothing is lost of what others write meanwhile."""

    output_field = JSONField()

    def __init__(self, field: str, values: dict[str, Any]) -> None:
        super().__init__(F(field), Value(json.dumps(values)))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """Return it for SQLite."""
        return super().as_sql(compiler, connection, function="json_patch", **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """Return it for PostgreSQL."""
        template = "(%(expressions)s::jsonb)"
        return super().as_sql(compiler, connection, template=template, arg_joiner=" || ", **context)


def note(error_id: UUID, alias: str, *, success: bool | None, strategy: str, resolved: bool = False) -> None:
    """Write down with an error what became of its recovery, inside of the caller's transaction.

    What a function in code has recovered stays so, whatever else could not be done.

    Args:
        error_id: The error's.
        alias: The write database.
        success: Whether an action took effect; None while that is open.
        strategy: Which one; empty for none.
        resolved: Whether its signal has cleared.
    """
    told = {"recovery_attempted": True, "recovery_success": success, "recovery_strategy": strategy or None}
    values: dict[str, Any] = {"context": _Merged("context", {k: v for k, v in told.items() if v is not None})}
    if resolved:
        values["resolved"] = True
    rows = ErrorLog.objects.using(alias).filter(error_id=error_id)
    if success is False:
        # Of what is not there the database cannot say that it is not true.
        rows = rows.filter(Q(context__recovery_success__isnull=True) | ~Q(context__recovery_success=True))
    rows.update(**values)
