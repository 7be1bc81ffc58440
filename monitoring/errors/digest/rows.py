"""Errors as rows of the log: in full, or as slim as can be.

A drain writes thousands of them, so that they are values by column and never objects of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any

import msgspec
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.conf import get_config
from monitoring.errors.log.models import ErrorLog
from monitoring.storage import bulk

from . import judging, portrait
from .sightings import Sighting, text

_MAX_URL = 2_000
_NOTHING: dict[str, Any] = {
    "error_type": "",
    "severity": "",
    "url_pattern": "",
    "full_url": "",
    "method": "",
    "user_agent": "",
    "request_data": "{}",
    "exception_type": "",
    "exception_message": "",
    "traceback": "",
    "chain": "[]",
    "crumbs": "[]",
    "context": "{}",
    "resolved": False,
    "handled": False,
    "task_id": "",
    "request_id": "",
}
"""What a repetition that travelled as a key has nothing of."""


def write(seen: Sequence[Sighting], connection: BaseDatabaseWrapper) -> None:
    """Write errors into the log, in one statement.

    An id that is taken already is somebody's mistake, and no reason to refuse the errors beside it.
    """
    rows = [row(one) for one in seen]
    columns = {title: [values[title] for values in rows] for title in rows[0]}
    for title, adapt in _adapters(connection).items():
        columns[title] = [adapt(value) for value in columns[title]]
    bulk.insert(connection, ErrorLog, columns)


def row(one: Sighting) -> dict[str, Any]:
    """Return the columns of an error; of one whose payload is not kept, what is known of any repetition."""
    values: dict[str, Any] = {
        **_NOTHING,
        "error_id": one.error_id,
        "created": datetime.fromtimestamp(one.at / 1000, UTC),
        "group_id": one.group_id,
        "fingerprint": one.fingerprints[0],
        "service": one.service,
        "release": one.release,
        "environment": one.environment,
        "name": one.name,
        "status_code": one.status,
        "trace_id": one.trace_id,
        "user_key": one.user,
        "user_id": _user(one.user) if one.user and one.service == get_config().service else None,
        "ip_address": _address(one.client),
        "kept": one.kept,
    }
    if one.values is not None:
        values |= _described(one, one.values)
        if one.kept:
            values |= _payload(one.values)
    return values


def _described(one: Sighting, values: dict[str, Any]) -> dict[str, Any]:
    """Return what every error has that travelled in full."""
    context, request = values["context"], values["request"]
    return {
        "error_type": judging.type_of(one),
        "exception_type": values["chain"][0]["type"] if values["chain"] else "",
        "severity": judging.severity(one, judging.classification(one)),
        "handled": values.get("handled") is True,
        "url_pattern": text(values, "route", 500),
        "method": text(request, "method", 10),
        "task_id": text(context, "task_id", 200),
        "request_id": text(context, "request_id", 64),
    }


def _payload(values: dict[str, Any]) -> dict[str, Any]:
    request = values["request"]
    return {
        "exception_message": values["chain"][0]["message"] if values["chain"] else "",
        "traceback": portrait.traceback(values["chain"]),
        "chain": _json(values["chain"]),
        "crumbs": _json(values["crumbs"]),
        "context": _json(_context(values)),
        "request_data": _json(request),
        "full_url": text(request, "url", _MAX_URL),
        "user_agent": text(request, "user_agent", 500),
    }


def _context(values: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of an error, with who it happened to: the node of a worker, or the service and host."""
    worker = text(values, "worker", 200)
    return {**values["context"], "worker": worker} if worker else dict(values["context"])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@lru_cache(maxsize=10_000)
def _address(client: str) -> str | None:
    try:
        return str(ip_address(client)) if client else None
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def _user(user: str) -> Any:
    """Return the primary key of the user, where it has the form of one of this project's users."""
    field = _key_of_users()
    try:
        return field.clean(field.to_python(user), None)
    except (ValidationError, ValueError, TypeError):
        return None


@cache
def _key_of_users() -> Any:
    return get_user_model()._meta.pk


def _adapters(connection: BaseDatabaseWrapper) -> dict[str, Callable[[Any], Any]]:
    """Return how the database is given values that it may have no form of its own for."""

    def adapt(field: Any) -> Callable[[Any], Any]:
        return lambda value: None if value is None else field.get_db_prep_save(value, connection)

    return {
        "error_id": adapt(ErrorLog._meta.get_field("error_id")),
        "user_id": adapt(_key_of_users()),
        "created": connection.ops.adapt_datetimefield_value,
    }
