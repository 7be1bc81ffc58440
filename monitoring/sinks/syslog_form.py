"""Messages of syslog as RFC 5424 has them. Pure functions."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .records import LINE, Record
from .told import tell

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock"),
    *(f"local{number}" for number in range(8)),
)
"""By their numbers."""
_SEVERITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7
_NIL = "-"
_NAME_LIMITS = {"host": 255, "app": 48, "procid": 128}
_MAX_VALUE = 500
_ID = "enginel@32473"
"""Of the structured data: a name of our own has to have a number; this one is nobody's (RFC 5612)."""
_BOM = b"\xef\xbb\xbf"


def message(record: Record, facility: int, most: int) -> bytes:
    """Return a record as one message.

    Args:
        record: A line or an error.
        facility: By its number.
        most: Bytes that a message may have; its text is cut so that it does, between characters.
    """
    level, text, data, service = _line(record) if record.kind == LINE else _error(record)
    priority = facility * 8 + severity(level)
    at = datetime.fromtimestamp(record.at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    host = _name(_host(record.values), "host")
    process = _name(str(record.values.get("pid") or ""), "procid")
    header = f"<{priority}>1 {at} {host} {_name(service, 'app')} {process} {record.kind}"
    structured = _structured({**data, "environment": record.environment, "release": record.release})
    head = f"{header} {structured} ".encode() + _BOM
    if len(head) > most:  # ids are worth more than all that is said beside them
        head = f"{header} {_NIL} ".encode() + _BOM
    return head + _plain(text).encode("utf-8", "replace")[: max(most - len(head), 0)].decode("utf-8", "ignore").encode()


def severity(level: int) -> int:
    """Return syslog's number of one of logging's levels."""
    return next((number for least, number in _SEVERITIES if level >= least), _DEBUG)


def _line(record: Record) -> tuple[int, str, dict[str, Any], str]:
    values = record.values
    data = {"logger": values.get("logger"), **(values.get("ids") or {})}
    return values.get("level", logging.INFO), str(values.get("text", "")), data, record.service


def _error(record: Record) -> tuple[int, str, dict[str, Any], str]:
    told = tell(record)
    data = {
        "error_id": told.error_id,
        "fingerprint": told.fingerprint,
        "type": told.type,
        "name": told.name,
        "status": told.status or None,
        "severity": told.severity,
        **told.ids,
    }
    return told.level, told.title, data, told.service


def _structured(data: Mapping[str, Any]) -> str:
    parts = [f'{key}="{_escaped(str(value))}"' for key, value in data.items() if value not in (None, "")]
    return f"[{_ID} {' '.join(parts)}]" if parts else _NIL


def _escaped(value: str) -> str:
    value = _plain(value)[:_MAX_VALUE]
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _plain(text: str) -> str:
    """Return a text on one line: whoever reads files of messages takes a line break for the end of one."""
    text = text.replace("\r\n", " ").replace("\n", " ")
    return "".join(one if one.isprintable() else " " for one in text)


def _name(text: str, of: str) -> str:
    """Return a name in the header's form: printable ASCII without spaces."""
    found = "".join(one if "!" <= one <= "~" else "_" for one in text)[: _NAME_LIMITS[of]]
    return found or _NIL


def _host(values: Mapping[str, Any]) -> str:
    """Return on which host it was recorded, where that travelled: a worker's node, or service and host."""
    host = values.get("host") or str(values.get("worker") or "").rpartition("@")[2]
    return str(host)
