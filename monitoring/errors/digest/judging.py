"""What an error is and how bad it is, by what travelled of it. Needs no model: processes judge their own errors too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.classification import Classification, classify, severity_of, worst

from . import portrait
from .sightings import Sighting, text

_UNHANDLED = 500


def type_of(one: Sighting) -> str:
    """Return the type of an error as people write it: the name of its class, or what its sender called it."""
    values = one.values or {}
    chain = values.get("chain")
    full = chain[0]["type"] if chain else ""
    return (full.rpartition(".")[2] or text(values, "error_type", 200) or str(one.status or ""))[:200]


def classification(one: Sighting) -> Classification:
    """Return what an error is, by its class and its status; what ended a task or a process is like a 500."""
    values = one.values or {}
    error_type = text(values, "error_type", 200) if values.get("kind") == "response" else ""
    status = one.status or (_UNHANDLED if _is_crash(values) else 0)
    return classified(values.get("chain") or [], status, one.environment, error_type)


def classified(chain: Sequence[Any], status: int, environment: str, error_type: str = "") -> Classification:
    """Return what an error is, by the classes of its exceptions as they travelled."""
    mro = chain[0]["mro"] or [chain[0]["type"]] if chain and chain[0]["type"] else []
    return classify(mro, status, portrait.module(chain), environment or "production", error_type)


def _is_crash(values: Mapping[str, Any]) -> bool:
    """Return whether an exception ended a task or a process that did not expect it."""
    return values.get("kind") == "exception" and not (values.get("handled") is True or values.get("expected") is True)


def severity(one: Sighting, found: Classification) -> str:
    """Return how bad an error is: as somebody said or as its class is, or the worse of both (`is_opinion`)."""
    values = one.values or {}
    said = severity_of(text(values, "severity", 20))
    if said is None or values.get("kind") != "exception" or is_opinion(values):
        return str((said or found.severity).value)
    return worst(said, found.severity).value


def is_opinion(values: Mapping[str, Any]) -> bool:
    """Return whether a severity was said of an exception that somebody has handled, and holds whatever its class is.

    The level of a line about it, and what was said of one that ended a request or task after all, only make it worse.
    """
    context = values.get("context")
    return values.get("handled") is True and not (isinstance(context, dict) and "logger" in context)
