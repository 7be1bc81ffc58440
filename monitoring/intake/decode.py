"""From stream entries to columns: open payloads, check them, and put the events of one kind side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.recording import wire
from monitoring.storage.folding import Columns, Fact

from .consumers import COLUMNS, FACT_KINDS, LATER_COLUMNS, NAME_COLUMNS, NOTES

Array = np.ndarray[Any, Any]

_DTYPES = {"B": "u1", "H": "<u2", "I": "<u4", "Q": "<u8", "q": "<i8", "d": "<f8"}
_NANOSECONDS_PER_MILLISECOND = 1_000_000


@dataclass(frozen=True)
class Bounds:
    """The times, in milliseconds since the epoch, that event times are clamped to."""

    earliest: int
    latest: int


@dataclass
class _Pile:
    """Segments of one kind on their way to become columns."""

    names: list[tuple[str, str]] = field(default_factory=list)
    index: dict[tuple[str, str], int] = field(default_factory=dict)
    as_sent: dict[str, dict[str, int]] = field(default_factory=dict)
    parts: dict[str, list[Array]] = field(default_factory=dict)

    def positions(self, service: str, names: list[str]) -> Array:
        """Return where a segment's names stand among those of the pile; batches mostly repeat them."""
        known = self.as_sent.setdefault(service, {})
        found = list(map(known.get, names))
        if None in found:
            for name in names:
                if name not in known:
                    known[name] = self._position((service, wire.name(name)))
            found = list(map(known.get, names))
        return np.array(found, np.int64)

    def _position(self, key: tuple[str, str]) -> int:
        position = self.index.setdefault(key, len(self.names))
        if position == len(self.names):
            self.names.append(key)
        return position


@dataclass
class Decoded:
    """The events of many batches.

    Attributes:
        measures: Columns by kind.
        facts: Facts by kind.
        noted: Counts of what was clamped.
    """

    measures: dict[str, Columns]
    facts: dict[str, list[Fact]]
    noted: Counter[str]


def counts(payload: wire.Payload | None) -> Counter[str]:
    """Return how many events of each kind a payload carries."""
    found: Counter[str] = Counter()
    if payload is not None:
        for segment in payload.segments:
            found[segment.kind] += segment.rows
        found.update(record.kind for record in payload.records)
    return found


def check(payload: wire.Payload) -> None:
    """Make sure that every segment has the columns of its kind, and that names point into its dictionary.

    Raises:
        WireError: It does not.
    """
    for segment in payload.segments:
        if segment.kind not in COLUMNS:
            raise wire.WireError(f"unknown kind {segment.kind[:50]!r}")
        if len(segment.names) > segment.rows * len(NAME_COLUMNS):
            raise wire.WireError(f"segment {segment.kind!r} has more names than its rows can use")
        for title, code in COLUMNS[segment.kind].items():
            if title in segment.columns or title not in LATER_COLUMNS:
                _check(segment, title, code)
    for record in payload.records:
        if record.kind not in FACT_KINDS:
            raise wire.WireError(f"unknown kind {record.kind[:50]!r}")


def _check(segment: wire.Segment, title: str, code: str) -> None:
    column = segment.columns.get(title)
    if column is None or column.code != code:
        raise wire.WireError(f"segment {segment.kind!r} lacks column {title!r} of type {code!r}")
    if code == wire.TEXT:
        wire.read_texts(column)
    elif title in NAME_COLUMNS and segment.rows and int(_array(column).max()) >= len(segment.names):
        raise wire.WireError(f"column {title!r} of segment {segment.kind!r} points outside of its names")


def gather(payloads: Iterable[wire.Payload], bounds: Bounds) -> Decoded:
    """Put the events of checked payloads side by side."""
    piles: dict[str, _Pile] = {}
    facts: dict[str, list[Fact]] = {}
    noted: Counter[str] = Counter()
    for payload in payloads:
        noted.update({title: count for title, count in payload.noted.items() if title in NOTES and 0 < count < 2**32})
        service, base = wire.name(payload.service), payload.base // _NANOSECONDS_PER_MILLISECOND
        for segment in payload.segments:
            if segment.rows:
                _pile_up(piles.setdefault(segment.kind, _Pile()), segment, service, base)
        origin = {key: wire.clean(text) for key, text in payload.origin.items()}
        for record in payload.records:
            at = _clamp(record.at // _NANOSECONDS_PER_MILLISECOND, bounds, noted)
            facts.setdefault(record.kind, []).append(Fact(record.kind, service, at, wire.clean(record.values), origin))
    measures = {kind: _columns(pile, bounds, noted) for kind, pile in piles.items()}
    return Decoded(measures, facts, noted)


def _array(column: wire.Column) -> Array:
    if column.code == wire.TEXT:
        return np.array(wire.read_texts(column), np.object_)
    return np.frombuffer(column.data, _DTYPES[column.code])


def _pile_up(pile: _Pile, segment: wire.Segment, service: str, base: int) -> None:
    positions = pile.positions(service, segment.names)
    for title in COLUMNS[segment.kind]:
        if title not in segment.columns:
            values = _absent(pile, segment, service, title)
        elif title in NAME_COLUMNS:
            values = positions[_array(segment.columns[title]).astype(np.int64, copy=False)]
        else:
            values = _array(segment.columns[title])
        if title == "at":
            values = values.astype(np.int64) + base
        pile.parts.setdefault(title, []).append(values)


def _absent(pile: _Pile, segment: wire.Segment, service: str, title: str) -> Array:
    """Return empty values for a column that an earlier release did not send."""
    if title in NAME_COLUMNS:
        return np.full(segment.rows, pile.positions(service, [""])[0], np.int64)
    code = COLUMNS[segment.kind][title]
    return np.full(segment.rows, "", np.object_) if code == wire.TEXT else np.zeros(segment.rows, _DTYPES[code])


def _columns(pile: _Pile, bounds: Bounds, noted: Counter[str]) -> Columns:
    joined = {title: np.concatenate(parts) for title, parts in pile.parts.items()}
    at = joined.pop("at")
    outside = (at < bounds.earliest) | (at > bounds.latest)
    if outside.any():
        noted["times_clamped"] += int(outside.sum())
        at = at.clip(bounds.earliest, bounds.latest)
    return Columns(pile.names, joined.pop("name"), at, joined)


def _clamp(at: int, bounds: Bounds, noted: Counter[str]) -> int:
    clamped = min(max(at, bounds.earliest), bounds.latest)
    noted["times_clamped"] += clamped != at
    return clamped
