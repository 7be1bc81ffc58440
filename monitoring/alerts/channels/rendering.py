"""What a message says, before it takes the form of a channel: its subject, its opening, and the rows of each incident.

Pure functions over `base.Message`. What comes out is safe as plain text; markup is the channels' concern.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import texts
from .base import IncidentView, Link, Message, MessageKind

SUBJECT = 150
_ROW, _FACT, _FACTS, _LABELS = 1_000, 300, 12, 20
_SHOWN = 20


@dataclass(frozen=True)
class Told:
    """One incident, ready to be shown.

    Attributes:
        heading: What happened, in one line.
        mark: How bad it is, or that it is over.
        rows: What is known, by short names, the most telling first.
        links: Those that lead somewhere.
    """

    heading: str
    mark: str
    rows: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]


def subject(message: Message) -> str:
    """Return the one line by which people decide whether to read on."""
    severity = texts.line(message.severity, 20).capitalize()
    beginnings = {
        MessageKind.FIRING: f"[{severity}, {_end(message)}] " if _is_over(message) else f"[{severity}] ",
        MessageKind.MILESTONE: f"[{severity}, goes on] ",
        MessageKind.ESCALATED: f"[{severity}, nobody is on it] ",
        MessageKind.DIGEST: f"[{severity}] ",
        MessageKind.ACKNOWLEDGED: "[Acknowledged] ",
        MessageKind.RESOLVED: "[Closed] " if _closed_because(message) else "[Resolved] ",
        MessageKind.TEST: "[Test] ",
    }
    return texts.shorten(beginnings[message.kind] + texts.line(message.title, SUBJECT), SUBJECT)


def opening(message: Message) -> str:
    """Return the first sentences: what it means for the reader."""
    first = message.incidents[0] if message.incidents else None
    said = [_meaning(message, first)]
    if message.reason:
        said.append(texts.line(message.reason, _ROW))
    return " ".join(filter(None, said))


def told(message: Message) -> list[Told]:
    """Return the incidents of a message, so many as people read."""
    single = len(message.incidents) == 1
    now = message.sent or message.at
    return [_told(incident, now, message.title if single else "") for incident in message.incidents[:_SHOWN]]


def more(message: Message) -> str:
    """Say how many incidents are not told; empty when all are."""
    left = message.omitted + max(len(message.incidents) - _SHOWN, 0)
    return f"And {left:,} more incident{'' if left == 1 else 's'}." if left > 0 else ""


def links(found: tuple[Link, ...]) -> tuple[Link, ...]:
    """Return the links that lead somewhere, with labels of one line."""
    good = (Link(one.kind, texts.line(one.label, 60), texts.address(one.url)) for one in found[:10])
    return tuple(one for one in good if one.url and one.label)


def text(message: Message) -> str:
    """Return the whole message as plain text."""
    parts = [subject(message), opening(message)]
    for one in told(message):
        head = [] if len(message.incidents) == 1 else [f"[{one.mark}] {one.heading}"]
        parts.append("\n".join([*head, *(f"{name}: {_indented(held)}" for name, held in one.rows)]))
        parts.append(_listed(one.links))
    parts += [more(message), _listed(links(message.links))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _meaning(message: Message, first: IncidentView | None) -> str:
    match message.kind:
        case MessageKind.TEST:
            said = "This is a test. Messages from Enginel arrive here; there is nothing to do."
        case MessageKind.DIGEST:
            count = len(message.incidents) + message.omitted
            said = f"{count:,} messages in one, so that they do not flood you. The worst come first."
        case MessageKind.RESOLVED if because := _closed_because(message):
            said = f"This was closed, and may go on unseen. {because}"
        case MessageKind.RESOLVED:
            lasted = f" It lasted {_lasted(first)}." if first is not None and first.resolved is not None else ""
            said = f"This is over, and there is nothing left to do about the alert.{lasted}"
        case MessageKind.ACKNOWLEDGED:
            by = texts.line(first.acknowledged_by, 100) if first is not None else ""
            said = f"{by or 'Somebody'} looks after this."
        case MessageKind.MILESTONE:
            counted = f", with {texts.occurrences(first.count)} by now" if first is not None and first.count else ""
            said = f"This still goes on{counted}."
        case MessageKind.ESCALATED:
            said = "This goes on." if message.reason else "This goes on, and nobody has acknowledged it yet."
        case MessageKind.FIRING if because := _closed_because(message):
            said = f"This happened, could not be told in time, was closed, and may go on unseen. {because}"
        case _ if first is not None and _is_over(message):
            said = f"This happened, and is over by now: it could not be told in time. It lasted {_lasted(first)}."
        case _:
            said = "This needs somebody to look at it."
    return said


def _is_over(message: Message) -> bool:
    """Whether a message that something fires tells of what is over by now."""
    return len(message.incidents) == 1 and message.incidents[0].resolved is not None


def _end(message: Message) -> str:
    return "closed" if _closed_because(message) else "over"


def _closed_because(message: Message) -> str:
    """Return why the incident of a message was closed though nobody saw it end."""
    return texts.line(message.incidents[0].closed_because, _ROW) if len(message.incidents) == 1 else ""


def _told(incident: IncidentView, at: datetime, title: str) -> Told:
    """Return an incident, ready to be shown.

    Args:
        incident: The incident.
        at: When the message is sent.
        title: Of a message about this one alone; empty among others, where less is told of each.
    """
    over = "closed" if incident.closed_because else "over"
    heading = texts.line(incident.summary or incident.rule, _FACT)
    summary = texts.block(incident.summary, _ROW)
    rows = [
        ("What happened", "" if summary in (heading if not title else "", texts.line(title, _FACT)) else summary),
        ("Since", _since(incident, at)),
        ("Until", texts.moment(incident.resolved) if incident.resolved is not None else ""),
        ("Closed because", "" if title else texts.line(incident.closed_because, _FACT)),
        ("How often", _how_often(incident)),
        ("Measured", texts.number(incident.value) if incident.value is not None and not incident.count else ""),
        ("Whom it hits", texts.line(incident.affected, _FACT)),
        ("Where", _where(incident)),
        ("What was tried", texts.block(incident.recovery, _ROW)),
        ("Who is on it", texts.line(incident.acknowledged_by, _FACT)),
        ("What to do", texts.block(incident.advice, _ROW)),
    ]
    if title:
        rows += [(texts.line(name, 60), texts.block(held, _FACT)) for name, held in incident.facts[:_FACTS]]
        rows.append(("Rule", texts.line(incident.rule, _FACT)))
    rows.append(("Labels", _labels(incident)))
    return Told(
        heading=heading,
        mark=texts.line(over if incident.resolved is not None else incident.severity, 20).capitalize(),
        rows=tuple((name, held) for name, held in rows if name and held),
        links=links(incident.links),
    )


def _since(incident: IncidentView, at: datetime) -> str:
    if incident.resolved is not None:
        return f"{texts.moment(incident.since)}, for {_lasted(incident)}"
    return f"{texts.moment(incident.since)}, {texts.span((at - incident.since).total_seconds())} before this message"


def _how_often(incident: IncidentView) -> str:
    if not incident.count:
        return ""
    if incident.first_seen is None:
        return texts.occurrences(incident.count)
    ever = f"{incident.count:,} since {texts.moment(incident.first_seen)}"
    return f"{texts.occurrences(incident.own)}; {ever}" if 0 < incident.own < incident.count else ever


def _lasted(incident: IncidentView) -> str:
    return texts.span(((incident.resolved or incident.since) - incident.since).total_seconds())


def _where(incident: IncidentView) -> str:
    known = (("", incident.service), ("in ", incident.environment), ("release ", incident.release))
    return ", ".join(f"{word}{texts.line(held, 100)}" for word, held in known if held)


def _labels(incident: IncidentView) -> str:
    held = list(incident.labels.items())[:_LABELS]
    return ", ".join(f"{texts.line(name, 60)}={texts.line(value, 100)}" for name, value in held)


def _listed(found: tuple[Link, ...]) -> str:
    return "\n".join(f"{one.label}: {one.url}" for one in found)


def _indented(held: str) -> str:
    # A row is known by its name at the start of a line, which nothing in another row can imitate.
    return held.replace("\n", "\n    ")
