"""The documented settings that say who is told of incidents, as one frozen value.

They are read once: from the Django settings where there are any, else from the environment variables of the same names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

ALERT, ESCALATION, BY_SEVERITY = "ERROR_ALERT_RECIPIENTS", "ERROR_ESCALATION_RECIPIENTS", "ALERTS_BY_SEVERITY"
SLACK_WEBHOOK_URL = "SLACK_WEBHOOK_URL"
NAMES = (ALERT, ESCALATION, BY_SEVERITY, SLACK_WEBHOOK_URL)
SEVERITIES = ("critical", "high", "medium", "low")
_MAX_LENGTH, _MAX_ADDRESS = 2_000, 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]{1,253}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_SLACK_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_FORMS = (
    "an e-mail address (ops@example.com), a Slack webhook (https://hooks.slack.com/services/…) "
    "or an Apprise URL (such as discord://… or tgram://…)"
)


@dataclass(frozen=True)
class Recipient:
    """Who is told.

    Attributes:
        kind: `email`, `slack` or `apprise`.
        target: The address or URL, which may be all it takes to write there.
    """

    kind: str
    target: str = field(repr=False)


@dataclass(frozen=True)
class Recipients:
    """Who is told of what.

    Attributes:
        alert: Who is told, of every severity that has none of its own.
        escalation: Who is told of what nobody acknowledged in time.
        by_severity: Who is told instead, by severity; nobody where it is empty.
    """

    alert: tuple[Recipient, ...] = ()
    escalation: tuple[Recipient, ...] = ()
    by_severity: Mapping[str, tuple[Recipient, ...]] = field(default_factory=dict)

    def of(self, severity: str) -> tuple[Recipient, ...]:
        """Return who is told of incidents of a severity."""
        return self.by_severity.get(severity, self.alert)

    def __iter__(self) -> Iterator[Recipient]:
        """Go through all of them, each once."""
        lists = (self.alert, self.escalation, *self.by_severity.values())
        return iter(dict.fromkeys(one for several in lists for one in several))


def recipient(entry: Any) -> Recipient | None:
    """Return whom an entry of a list names; None for what is none of the accepted forms."""
    if not isinstance(entry, str):
        return None
    text = entry.strip()
    if len(text) > _MAX_LENGTH or not text.isprintable():
        return None
    if is_address(text):
        return Recipient("email", text)
    if not _SCHEME.fullmatch(text):
        return None
    return Recipient("slack" if _is_slack_webhook(text) else "apprise", text)


def is_address(text: Any) -> bool:
    """Whether a text is an e-mail address, and nothing that could be a header besides."""
    return isinstance(text, str) and len(text) <= _MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None


def load(values: Mapping[str, Any]) -> Recipients:
    """Build the value from settings by their names, ill-formed entries left out (`problems` reports them)."""
    hook = _hook(values.get(SLACK_WEBHOOK_URL))
    table = values.get(BY_SEVERITY)
    table = table if isinstance(table, Mapping) else {}
    return Recipients(
        alert=_all(values.get(ALERT), hook),
        escalation=_all(values.get(ESCALATION)),
        by_severity={
            name.strip().lower(): _all(entries)
            for name, entries in table.items()
            if isinstance(name, str) and name.strip().lower() in SEVERITIES and isinstance(entries, list | tuple)
        },
    )


def problems(values: Mapping[str, Any]) -> list[str]:
    """Say, one line each, what is wrong and which form is accepted; never an entry itself, which may be secret."""
    found = [*_of_list(ALERT, values.get(ALERT)), *_of_list(ESCALATION, values.get(ESCALATION))]
    table = values.get(BY_SEVERITY)
    if table is not None and not isinstance(table, Mapping):
        found.append(f"{BY_SEVERITY} must be a dict of lists by severity, like {{'critical': ['ops@example.com']}}.")
    for name, entries in (table or {}).items() if isinstance(table or {}, Mapping) else ():
        if not isinstance(name, str) or name.strip().lower() not in SEVERITIES:
            found.append(f"{BY_SEVERITY}[{str(name)[:30]!r}] is no severity; there are: {', '.join(SEVERITIES)}.")
        else:
            found += _of_list(f"{BY_SEVERITY}[{name!r}]", entries if entries is not None else "")
    hook = values.get(SLACK_WEBHOOK_URL)
    if hook not in (None, "") and _hook(hook) is None:
        found.append(f"{SLACK_WEBHOOK_URL} must be an http(s) URL, like https://hooks.slack.com/services/…, or empty.")
    return found


@cache
def get_recipients() -> Recipients:
    """Return what this process was told, read once."""
    return load(given())


def given() -> dict[str, Any]:
    """Return those of the settings that are there, by name."""
    try:
        from django.conf import settings

        return {name: getattr(settings, name) for name in NAMES if hasattr(settings, name)}
    except Exception:  # no Django, or none that is configured
        return {name: read(name, os.environ[name]) for name in NAMES if os.environ.get(name)}


def read(name: str, text: str) -> Any:
    """Read an environment variable: lists are separated by commas, or JSON; what is neither stays a text.

    Args:
        name: Of the setting.
        text: What the variable holds.
    """
    if name == SLACK_WEBHOOK_URL:
        return text.strip()
    if name == BY_SEVERITY or text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _all(entries: Any, *more: Recipient | None) -> tuple[Recipient, ...]:
    found = [recipient(entry) for entry in entries] if isinstance(entries, list | tuple) else []
    return tuple(dict.fromkeys(one for one in (*found, *more) if one is not None))


def _of_list(name: str, entries: Any) -> list[str]:
    if entries is None:
        return []
    if not isinstance(entries, list | tuple):
        return [f"{name} must be a list of recipients, like ['ops@example.com']."]
    return [
        f"Entry {number} of {name} is left out: it must be {_FORMS}."
        for number, entry in enumerate(entries, 1)
        if recipient(entry) is None
    ]


def _hook(value: Any) -> Recipient | None:
    """Return the webhook of Slack, or of what understands the same."""
    if not isinstance(value, str) or not value.isprintable() or " " in value or len(value) > _MAX_LENGTH:
        return None
    return Recipient("slack", value) if _host(value, ("http", "https")) else None


def _is_slack_webhook(text: str) -> bool:
    return _host(text, ("https",)) in _SLACK_HOSTS


def _host(text: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme.lower() in schemes else ""
