"""Errors as rows of the log: in full, or as slim as can be."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from monitoring.conf import get_config
from monitoring.errors.log.models import ErrorLog

from . import grouping, portrait
from .sightings import Sighting, text

_MAX_URL = 2_000


def row(one: Sighting) -> ErrorLog:
    """Return the row of an error; of one whose payload is not kept, what is known of any repetition."""
    entry = ErrorLog(
        error_id=one.error_id,
        created=datetime.fromtimestamp(one.at / 1000, UTC),
        group_id=one.group_id,
        fingerprint=one.fingerprints[0],
        service=one.service,
        release=one.release,
        environment=one.environment,
        name=one.name,
        status_code=one.status,
        trace_id=one.trace_id,
        user_key=one.user,
        user_id=_user(one),
        ip_address=_address(one.client),
        kept=one.kept,
    )
    if one.values is not None:
        _describe(entry, one, one.values)
        if one.kept:
            _fill(entry, one.values)
    return entry


def _describe(entry: ErrorLog, one: Sighting, values: dict[str, Any]) -> None:
    """Fill in what every error has that travelled in full."""
    context, request = values["context"], values["request"]
    entry.error_type = grouping.name_of(one)
    entry.exception_type = values["chain"][0]["type"] if values["chain"] else ""
    entry.severity = grouping.severity(one, grouping.classification(one))
    entry.handled = values.get("handled") is True
    entry.url_pattern = text(values, "route", 500)
    entry.method = text(request, "method", 10)
    entry.task_id = text(context, "task_id", 200)
    entry.request_id = text(context, "request_id", 64)


def _fill(entry: ErrorLog, values: dict[str, Any]) -> None:
    """Fill in the payload."""
    request = values["request"]
    entry.exception_message = values["chain"][0]["message"] if values["chain"] else ""
    entry.traceback = portrait.traceback(values["chain"])
    entry.chain = values["chain"]
    entry.crumbs = values["crumbs"]
    entry.context = values["context"]
    entry.request_data = request
    entry.full_url = text(request, "url", _MAX_URL)
    entry.user_agent = text(request, "user_agent", 500)


def _address(client: str) -> str | None:
    try:
        return str(ip_address(client)) if client else None
    except ValueError:
        return None


def _user(one: Sighting) -> Any:
    """Return the primary key of the user, where it has the form of one of this project's users."""
    if not one.user or one.service != get_config().service:
        return None
    field = _key_of_users()
    try:
        return field.clean(field.to_python(one.user), None)
    except (ValidationError, ValueError, TypeError):
        return None


@cache
def _key_of_users() -> Any:
    return get_user_model()._meta.pk
