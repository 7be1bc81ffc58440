"""What only a process knows, recorded for the journal: it travels as a fact, and costs its caller microseconds.

Light and without Django, as it runs in any process. What happens in a transaction is told with `storage.trail` instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import time_ns
from typing import Any

from monitoring.recording import facets
from monitoring.recording.context import current
from monitoring.recording.events import Entry
from monitoring.recording.ids import getrandbits
from monitoring.recording.recorder import SWALLOWED, recorder

STREAMS = ("audit", "business", "security")
OUTCOMES = ("success", "failure", "denied")
_LEFT_OUT = {"business": facets.NO_BUSINESS, "audit": facets.NO_AUDIT}


def record(stream: str, action: str, **values: Any) -> str:
    """Record an entry of the journal. Never raises, never waits, touches neither database nor network.

    Args:
        stream: `audit`, `business` or `security`.
        action: What was done, as object and verb: `user.login`, `order.pay`.
        **values: As of `made`: `outcome`, `actor`, `user_id`, `token`, `target_type`, `target_id`, `client`,
            `details`, `ids`.

    Returns:
        The entry's id, 32 hexadecimal digits.
    """
    entry = made(stream, action, **values)
    if not is_unwanted(stream):
        recorder.record_fact(entry)
    return f"{entry.entry_id:032x}"


def is_unwanted(stream: str) -> bool:
    """Whether a middleware of the running request was told to leave such entries out."""
    context = current.get()
    return context is not None and bool(context.facets & _LEFT_OUT.get(stream, 0))


def made(  # noqa: PLR0913  # the fields of an entry; keywords say which is which
    stream: str,
    action: str,
    *,
    outcome: str = "success",
    actor: str = "",
    user_id: str = "",
    token: str = "",
    target_type: str = "",
    target_id: str = "",
    client: str = "",
    details: Mapping[str, Any] | None = None,
    ids: Mapping[str, str] | None = None,
) -> Entry:
    """Return an entry without recording it. Never raises.

    What is not given is taken from the request or task that runs: its ids, its user, and its client's address.

    Args:
        stream: `audit`, `business` or `security`.
        action: What was done, as object and verb.
        outcome: `success`, `failure` or `denied`.
        actor: Name of who did it.
        user_id: Primary key of that user.
        token: First characters of the digest of the token they came with.
        target_type: What it was done to: `order`.
        target_id: Which one.
        client: Address of who did it.
        details: What else is known; scrubbed before it leaves the process.
        ids: `trace_id`, `request_id` and `task_id`, where they are not those of what runs.
    """
    entry_id = getrandbits(128) or 1
    values: dict[str, Any] = {}
    try:
        values.update(surroundings())
        told = {
            "actor": actor,
            "user_id": user_id,
            "token": token,
            "target_type": target_type,
            "target_id": target_id,
            "client": client,
            **(ids or {}),
        }
        values.update({key: str(value) for key, value in told.items() if value})
        values["details"] = dict(details or {})
    except SWALLOWED:  # whatever a caller gives must not disturb what it does
        recorder.failed()
    values["outcome"] = outcome if outcome in OUTCOMES else "failure"
    return Entry(time_ns(), entry_id, stream, action, values)


def surroundings() -> dict[str, str]:
    """Return the ids of the request or task that runs, and the address of its client; those that there are."""
    context = current.get()
    if context is None:
        return {}
    known = {
        "trace_id": context.trace_id,
        "request_id": context.request_id,
        "task_id": context.task_id,
        "user_id": context.user_id,
        "client": context.client,
    }
    return {key: value for key, value in known.items() if value}
