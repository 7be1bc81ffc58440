"""A message as JSON of version 1, which `schema.json` describes. Fields may be added; a change of one is a version."""

from __future__ import annotations

from typing import Any

from .. import rendering, texts
from ..base import IncidentView, Link, Message

VERSION = 1
_INCIDENTS = 100


def payload(message: Message) -> dict[str, Any]:
    """Return what is posted; every text and list has a bound."""
    told = message.incidents[:_INCIDENTS]
    return {
        "version": VERSION,
        "id": message.idempotency_key,
        "kind": message.kind.value,
        "at": texts.plain(message.at),
        "title": texts.line(message.title, 200),
        "severity": texts.line(message.severity, 20),
        "reason": texts.line(message.reason, 500),
        "text": rendering.text(message).rstrip(),
        "incidents": [_incident(incident) for incident in told],
        "omitted": message.omitted + len(message.incidents) - len(told),
        "links": _links(message.links),
    }


def _incident(incident: IncidentView) -> dict[str, Any]:
    moments = ("since", "fired", "resolved", "last_active")
    lines = ("key", "rule", "severity", "state", "affected", "acknowledged_by", "service", "environment", "release")
    longer = ("summary", "closed_because", "recovery", "advice")
    return {
        "id": incident.id,
        **{name: texts.line(getattr(incident, name), 200) for name in lines},
        **{name: texts.block(getattr(incident, name), 2_000) for name in longer},
        **{name: texts.plain(getattr(incident, name)) for name in moments},
        "count": incident.count,
        "value": texts.plain(incident.value),
        "labels": {texts.line(name, 200): texts.line(value, 200) for name, value in list(incident.labels.items())[:50]},
        "facts": [{"name": texts.line(name, 60), "text": texts.block(held, 500)} for name, held in incident.facts[:20]],
        "error": texts.plain(incident.error),
        "links": _links(incident.links),
    }


def _links(found: tuple[Link, ...]) -> list[dict[str, str]]:
    return [{"kind": one.kind.value, "label": one.label, "url": one.url} for one in rendering.links(found)]
