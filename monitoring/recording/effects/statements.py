"""The statement timeout of PostgreSQL that settings offer (`STATEMENT_TIMEOUTS`): set on each connection, and raised.

A connection belongs to the thread that uses it, so each is told by its own next statement: a comparison where nothing
has changed, one round trip more where something has.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from monitoring.conf import get_config

from . import timing
from .held import effects

FIRST = "database"
_IDLE, _IN_TRANSACTION = 0, 2
_MARK = "_enginel_statement_timeout"
_POOLED = "Its connections go through a pooler that may give them to others between transactions."


class _Set(NamedTuple):
    """What a connection was told, and whether in a transaction, whose roll-back takes it back."""

    milliseconds: int
    tentative: bool


def follow() -> None:
    """Have the statement timeouts of this process's connections raised when recovery says so."""
    timing.register(FIRST, _apply, held)


def held() -> dict[str, Any] | None:
    """Return what can be raised, by alias, in seconds; `refusal` where it cannot."""
    found: dict[str, Any] = {}
    for alias in get_config().statement_timeouts:
        refusal = _refusal(alias)
        default, most = _offered(alias)
        found[alias] = {"refusal": refusal} if refusal else {"default": default, "most": most, "now": in_force(alias)}
    return found or None


def in_force(alias: str) -> float:
    """Return the seconds that a statement may take now."""
    default, most = _offered(alias)
    value = effects.standing(timing.KIND, f"{FIRST}:{alias}")
    seconds = value.get("seconds") if value is not None else None
    return min(max(float(seconds), default), most) if isinstance(seconds, int | float) else default


def watch(connection: Any = None, **_: Any) -> None:
    """Set it on a database connection; called when Django has made it."""
    alias = connection.alias
    if alias not in get_config().statement_timeouts or _refusal(alias):
        return
    if not any(getattr(one, "func", None) is _execute for one in connection.execute_wrappers):
        connection.execute_wrappers.append(partial(_execute, alias))


def _offered(alias: str) -> tuple[float, float]:
    default, most = get_config().statement_timeouts[alias]
    return float(default), float(most)


def _refusal(alias: str) -> str:
    from django.db import connections

    settings = connections.settings.get(alias)
    if settings is None:
        return "There is no such database."
    if "postgresql" not in settings["ENGINE"] and "postgis" not in settings["ENGINE"]:
        return "It is not PostgreSQL."
    return _POOLED if settings.get("DISABLE_SERVER_SIDE_CURSORS") else ""


def _apply(alias: str, value: dict[str, Any] | None) -> str | None:
    del value  # each connection looks for itself
    if alias not in get_config().statement_timeouts:
        return f"STATEMENT_TIMEOUTS does not name the database {alias!r}."
    return _refusal(alias) or None


def _execute(alias: str, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    raw = context["connection"].connection
    wanted = int(in_force(alias) * 1000)
    known: _Set | None = getattr(raw, _MARK, None)
    if known is None or known.tentative or known.milliseconds != wanted:
        _tell(raw, known, wanted)
    return execute(sql, params, many, context)


def _tell(raw: Any, known: _Set | None, wanted: int) -> None:
    """Set the timeout, unless the transaction is broken already, or has been told."""
    status = int(raw.info.transaction_status)
    if status not in (_IDLE, _IN_TRANSACTION):
        return
    begun = status == _IN_TRANSACTION
    if known is not None and known.tentative and begun and known.milliseconds == wanted:
        return
    with raw.cursor() as cursor:
        cursor.execute(f"SET statement_timeout = {wanted:d}")
    setattr(raw, _MARK, _Set(wanted, begun or not raw.autocommit))
