"""Making rows of the journal out of deeds and of recorded entries: bounded and scrubbed, the same for both."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from monitoring.conf import get_config
from monitoring.journal.audit.writing import NewEntry
from monitoring.journal.record import OUTCOMES, STREAMS, made
from monitoring.recording import process, scrub
from monitoring.recording.context import current
from monitoring.recording.events import Entry
from monitoring.storage.folding import Fact
from monitoring.storage.trail import Deed

_MAX_DETAILS = 16_384
"""Bytes of an entry's details as JSON."""
_TEXTS = (
    "actor",
    "user_id",
    "token",
    "client",
    "target_type",
    "target_id",
    "trace_id",
    "request_id",
    "task_id",
)


def of_deed(deed: Deed) -> NewEntry:
    """Return the row of a deed. Who did it and from where is, unless it says so, whoever made the running request.

    Args:
        deed: What was done.
    """
    entry = made(
        "audit",
        deed.action,
        outcome=deed.outcome,
        actor=deed.actor or _name_of_user(),
        user_id=deed.user_id,
        token=deed.token or _token(),
        client=deed.client,
        target_type=deed.target_type,
        target_id=deed.target_id,
        details=deed.details,
    )
    return of_entry(entry)


def of_entry(entry: Entry) -> NewEntry:
    """Return the row of an entry that this process keeps itself, in a transaction of its own database.

    Names stay as they are: they never leave the database that knows their users anyhow.

    Args:
        entry: As `journal.record` makes them.
    """
    config = get_config()
    return _row(
        UUID(int=entry.entry_id),
        entry.stream,
        entry.action,
        {**entry.values, "details": scrub.mapping(entry.values.get("details") or {})},
        datetime.fromtimestamp(entry.at / 1e9, UTC),
        (config.service, config.environment),
    )


def of_fact(fact: Fact) -> NewEntry | None:
    """Return the row of an entry that arrived as a fact, scrubbed where it was recorded; None for one without meaning.

    Args:
        fact: Of kind `entry`.
    """
    told = fact.values
    stream, values = told.get("stream"), told.get("values")
    if stream not in STREAMS or not isinstance(values, Mapping):
        return None
    try:
        entry_id = UUID(hex=str(told.get("id")))
    except ValueError:
        return None
    at = datetime.fromtimestamp(fact.at / 1000, UTC)
    return _row(
        entry_id, stream, str(told.get("action")), values, at, (fact.service, fact.origin.get("environment", ""))
    )


def _row(
    entry_id: UUID, stream: str, action: str, values: Mapping[str, Any], at: datetime, of: tuple[str, str]
) -> NewEntry:
    outcome = values.get("outcome")
    return NewEntry(
        entry_id=entry_id,
        stream=stream,
        at=at,
        service=of[0],
        environment=of[1],
        action=action,
        outcome=str(outcome) if outcome in OUTCOMES else "success",
        details=_bounded(values.get("details")),
        **{name: str(values.get(name) or "") for name in _TEXTS},
    )


def _bounded(details: Any) -> dict[str, Any]:
    """Return details as they can be stored; of those that are too long, as many as there is room for."""
    if not isinstance(details, Mapping):
        return {}
    kept: dict[str, Any] = {}
    left = _MAX_DETAILS
    for name, value in details.items():
        left -= len(json.dumps([name, value], default=str).encode("utf-8", "replace"))
        if left < 0:
            return {**kept, "truncated": True}
        kept[str(name)] = value
    return kept


def _name_of_user() -> str:
    """Return the name of who made the running request, or types the running command; empty where nobody did.

    Nobody is loaded from the database for it.
    """
    if current.get() is None and process.is_command(sys.argv):
        return f"{process.title(sys.argv)} ({_person()})"
    user = _user()
    try:
        return str(user.get_username()) if user is not None else ""
    except Exception:  # a user model of the project's own
        return ""


def _person() -> str:
    """Return who types a command, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without a name, as containers have
        return "nobody known"


def _user() -> Any:
    context = current.get()
    if context is None or context.request is None or not context.user_id:
        return None
    return getattr(context.request, "user", None)


def _token() -> str:
    """Return the first characters of the digest of the token that the running request came with."""
    context = current.get()
    held = getattr(context.request, "auth", None) if context is not None else None
    digest = getattr(held, "digest", "")
    return digest[:TOKEN_LENGTH] if isinstance(digest, str) else ""


TOKEN_LENGTH = 8
"""Characters of a token's digest by which it is known in the journal: enough to tell tokens apart, of no use else."""
