"""Messages to send, friendly and hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from monitoring.alerts.channels.base import IncidentView, Link, LinkKind, Message, MessageKind

AT = datetime(2026, 11, 22, 18, 12, 3, tzinfo=UTC)
KEY = "0d0f7f3e-2b60-4b57-9d52-6fd0a61d1b3c"
LINKS = (
    Link(LinkKind.ACKNOWLEDGE, "Acknowledge", "https://enginel.example.com/monitoring/alerts/act/abc.def.ghi/"),
    Link(LinkKind.VIEW, "Show the incident", "https://enginel.example.com/incidents/7"),
)
HOSTILE = "<b>x</b> & <!channel> @everyone *bold*\r\nBcc: victim@example.com\u202egnp.exe\x00\ud800"


def incident(**other: Any) -> IncidentView:
    values: dict[str, Any] = {
        "id": 7,
        "key": "ab" * 32,
        "rule": "New errors",
        "severity": "critical",
        "state": "firing",
        "summary": "OperationalError: database is locked",
        "since": AT - timedelta(minutes=12),
        "fired": AT - timedelta(minutes=11),
        "count": 1200,
        "affected": "12 users",
        "recovery": "Recovery by retry was tried, and failed.",
        "advice": "Follow the runbook.",
        "service": "shop",
        "environment": "production",
        "release": "1.4.2",
        "labels": {"route": "POST api/orders/"},
        "facts": (("Raised in", "shop.orders in pay"),),
        "error": {"error_type": "database_error", "endpoint": "api/orders/", "user_id": "42"},
        "links": LINKS,
    }
    return IncidentView(**values | other)


def message(kind: MessageKind = MessageKind.FIRING, *incidents: IncidentView, **other: Any) -> Message:
    told = incidents or (incident(),)
    values: dict[str, Any] = {
        "kind": kind,
        "title": "OperationalError: database is locked",
        "severity": "critical",
        "incidents": told,
        "idempotency_key": KEY,
        "at": AT,
    }
    return Message(**values | other)


def hostile() -> Message:
    said = incident(
        summary=HOSTILE,
        rule=HOSTILE,
        affected=HOSTILE,
        recovery=HOSTILE,
        advice=HOSTILE,
        service=HOSTILE,
        acknowledged_by=HOSTILE,
        labels={HOSTILE: HOSTILE},
        facts=((HOSTILE, HOSTILE),),
        error={HOSTILE: HOSTILE},
        links=(Link(LinkKind.RUNBOOK, HOSTILE, "javascript:alert(1)"),),
    )
    return message(MessageKind.FIRING, said, title=HOSTILE, reason=HOSTILE)


FEW = settings(max_examples=20)
"""For examples that are whole messages."""
# Any text at all, surrogates included, and often far too long.
texts = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.sampled_from(
        [HOSTILE, "&" * 5_000, "<@U123>" * 900, "x" * 100_000, "a\n" * 4_000, "\u202e" * 300, "*_~`" * 1_000]
    ),
)


def incidents() -> st.SearchStrategy[IncidentView]:
    names = (
        "summary",
        "rule",
        "affected",
        "recovery",
        "advice",
        "service",
        "environment",
        "release",
        "acknowledged_by",
    )
    return st.builds(
        incident,
        **dict.fromkeys(names, texts),
        count=st.integers(0, 10**12),
        value=st.one_of(st.none(), st.floats()),
        labels=st.dictionaries(texts, texts, max_size=4),
        facts=st.lists(st.tuples(texts, texts), max_size=15).map(tuple),
        error=st.dictionaries(
            st.text(max_size=5), st.one_of(texts, st.floats(), st.lists(texts, max_size=2)), max_size=3
        ),
        links=st.lists(st.builds(Link, st.sampled_from(LinkKind), texts, texts), max_size=4).map(
            lambda x: LINKS + tuple(x)
        ),
    )


def messages() -> st.SearchStrategy[Message]:
    return st.builds(
        lambda kind, told, title, reason, omitted: message(
            kind, title=title, reason=reason, omitted=omitted, incidents=told
        ),
        st.sampled_from(MessageKind),
        st.lists(incidents(), max_size=4).map(tuple),
        texts,
        texts,
        st.integers(0, 1_000),
    )
