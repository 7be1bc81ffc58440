"""Which errors make their group want a known bug, and when it does. Pure functions over what travels of an error.

All of them do, but those that `BUGS_NOT_FOR` names and those that their task says it may end with. Repetitions travel
as keys, of which nobody can tell: they count, and what came in full has decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from monitoring.conf import get_config
from monitoring.errors.rules import application, rule

NAME = "BUGS_NOT_FOR"
FIELDS = (*rule.FIELDS, "severity")
"""What its entries can look at."""
MAX_ENTRIES = 200
CANDIDATE, WANTED, FILED, NEVER = "candidate", "wanted", "filed", "never"
"""A group's `bug_state`: it may have a bug, and is below the threshold; a bug is to be filed; there is one; none is to
be unless somebody asks for it."""
_latest: dict[str, Any] = {}  # what was read, and the configuration that it was read from


def configured() -> tuple[rule.Patterns, ...]:
    """Return for which errors no bugs are made in this installation."""
    config = get_config()
    if _latest.get("config") is not config:
        _latest.update(config=config, entries=read_all(config.bugs_not_for))
    entries: tuple[rule.Patterns, ...] = _latest["entries"]
    return entries


def read_all(values: Sequence[Any]) -> tuple[rule.Patterns, ...]:
    """Read the setting; what has another form is left out (`problems` reports it)."""
    entries = []
    for value in values[:MAX_ENTRIES]:
        try:
            entries.append(rule.patterns(value, FIELDS))
        except ValueError:
            continue
    return tuple(entries)


def problems(values: Sequence[Any]) -> list[str]:
    """Say, one line each, what is wrong with the setting and which form is accepted."""
    setting = f"MONITORING['{NAME}']"
    found = [] if len(values) <= MAX_ENTRIES else [f"{setting} can have {MAX_ENTRIES} entries, not {len(values)}."]
    for place, value in enumerate(values):
        try:
            rule.patterns(value, FIELDS)
        except ValueError as error:
            found.append(f"{setting}[{place}] {error}.")
    return found


def may_have_bug(
    values: Mapping[str, Any],
    service: str,
    status: int,
    severity: Callable[[], str],
    entries: Sequence[rule.Patterns],
) -> bool:
    """Whether an error is one that somebody may have to fix.

    Args:
        values: The error, in the form in which the digest reads it.
        service: The service that it is of.
        status: Its status, 0 where none is known.
        severity: Returns its severity; called only if an entry asks for that.
        entries: For which errors no bugs are made.
    """
    if values.get("expected") is True:
        return False
    texts = {"status": [str(status or "")]}
    if any(name == "severity" for entry in entries for name, _pattern in entry):
        texts["severity"] = [severity()]
    return not any(application.meets(entry, values, service, texts) for entry in entries)


def state(before: str, *, may: Callable[[], bool], counted: bool) -> str:
    """Return a group's `bug_state` after some of its errors were counted.

    Args:
        before: The state that it had.
        may: Whether one of these errors may have a bug; called only if no earlier one was known to.
        counted: Whether the group occurred often enough, and has no other group's bug.
    """
    now = CANDIDATE if not before and may() else before
    return WANTED if now == CANDIDATE and counted else now
