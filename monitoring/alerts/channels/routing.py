"""Where a message goes: by severity, by the names of channels, or by escalation; and the channel behind a key.

Keys of destinations are stored with deliveries. They begin with where the destination is known from: `settings:` and a
digest of the recipient, `channel:` and a row, or `code:` and a name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from django.db import router
from django.utils.crypto import salted_hmac

from monitoring.alerts.in_code import discovery
from monitoring.recipients import Recipient, get_recipients

from . import registry
from .apprise.services import host_of, schema_of
from .base import Channel, Destination
from .code import CodeChannel
from .email.channel import part_of
from .models import AlertChannel

_SALT = "monitoring.alerts.channels.recipient"


def for_severity(severity: str) -> list[Destination]:
    """Return where incidents of a severity go: recipients of the settings, rows, and channels registered in code."""
    severity = severity.lower()
    rows = [row for row in _rows() if isinstance(row.severities, list) and severity in row.severities]
    found = [*map(_of_recipient, get_recipients().of(severity)), *_of_rows(rows), *map(_of_code, discovery.shared())]
    return _once(found)


def for_names(names: Iterable[str]) -> list[Destination]:
    """Return the destinations of channels by name, rows before code; unknown and disabled ones are left out."""
    wanted = list(dict.fromkeys(names))
    rows = {row.name: row for row in _rows()}
    in_code = [_of_code(name) for name in wanted if name not in rows and name in discovery.shared()]
    return _once([*_of_rows(rows[name] for name in wanted if name in rows), *in_code])


def escalation() -> list[Destination]:
    """Return where incidents go that nobody acknowledged in time."""
    rows = [row for row in _rows() if row.escalation]
    return _once([*map(_of_recipient, get_recipients().escalation), *_of_rows(rows)])


def everywhere() -> list[Destination]:
    """Return every destination there is, of whatever source."""
    found = [*map(_of_recipient, get_recipients()), *_of_rows(_rows()), *map(_of_code, discovery.shared())]
    return _once(found)


def destination(key: str) -> Channel | None:
    """Return the channel behind a destination's key; None when it is gone, disabled, or its settings are wrong."""
    source, _, rest = key.partition(":")
    match source:
        case "settings":
            found = next((one for one in get_recipients() if _digest(one) == rest), None)
            return registry.of_recipient(found) if found is not None else None
        case "code":
            function = discovery.shared().get(rest)
            return CodeChannel(rest, function) if function is not None else None
        case "channel":
            pk, _, part = rest.partition(":")
            row = next((row for row in _rows() if str(row.pk) == pk), None)
            return of_row(row).get(part) if row is not None else None
        case _:
            return None


def of_row(row: AlertChannel) -> dict[str, Channel]:
    """Return the channels of a row by a part of their keys; none when its settings are wrong."""
    with contextlib.suppress(ValueError):
        return dict(registry.make(row.kind, row.settings))
    return {}


def _rows() -> list[AlertChannel]:
    return list(AlertChannel.objects.using(router.db_for_write(AlertChannel)).filter(enabled=True).order_by("pk"))


def _of_rows(rows: Iterable[AlertChannel]) -> Iterator[Destination]:
    for row in rows:
        digest = row.kind not in registry.KINDS or registry.KINDS[row.kind].digest
        for part, label in parts(row):
            key = f"channel:{row.pk}{f':{part}' if part else ''}"
            yield Destination(key, label, row.kind, digest=digest, hourly_limit=row.hourly_limit)


def parts(row: AlertChannel) -> list[tuple[str, str]]:
    """Return the parts of a row with their labels; one, of what cannot work, so that it is seen failing."""
    settings = row.settings if isinstance(row.settings, dict) else {}
    addresses = settings.get("addresses") if row.kind == "email" else None
    if isinstance(addresses, list) and addresses:
        return [(part_of(str(one)), f"{row.name}: {one}"[:200]) for one in addresses]
    return [("", row.name)]


def _of_recipient(recipient: Recipient) -> Destination:
    digest = _digest(recipient)
    match recipient.kind:
        case "email":
            label = recipient.target
        case "slack":
            label = f"Slack webhook {digest[:6]}"
        case _:
            label = f"{host_of(recipient.target) or f'{schema_of(recipient.target)}://'} {digest[:6]}"
    return Destination(f"settings:{digest}", label, recipient.kind)


def _of_code(name: str) -> Destination:
    return Destination(f"code:{name}", f"{name} (code)", "code", digest=False, hourly_limit=0)


def _digest(recipient: Recipient) -> str:
    """Return what a recipient is known by; keyed, since some of what it is made of can be guessed."""
    text = f"{recipient.kind} {recipient.target}"
    return salted_hmac(_SALT, text, algorithm="sha256").hexdigest()[:24]


def _once(found: Iterable[Destination]) -> list[Destination]:
    return list({one.key: one for one in found}.values())
