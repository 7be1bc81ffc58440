"""What this process has made of the effects that recovery decided upon: the ones in force here, and what it refused."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from monitoring.conf import get_config
from monitoring.stream.decisions import Entry

KINDS = ("timeout", "pool", "cache", "degraded", "priority", "restart")
"""Kinds of decisions that are effects."""
NEVER = float("inf")
_MOST = 200
_MAX_REASON = 200

Apply = Callable[[str, dict[str, Any] | None], str | None]
"""Applies an effect to this process, or takes it back (None); returns why it cannot, or None."""
Decisions = Mapping[str, Mapping[str, Entry]]


class _Held(NamedTuple):
    """An effect that this process knows of, as it was decided, and what came of it."""

    entry: Entry
    id: str
    value: dict[str, Any]
    refusal: str

    def in_force(self, now: float) -> bool:
        return self.entry.expires is None or now * 1000 < self.entry.expires


class _Offer(NamedTuple):
    """What a process can do, as told by whoever can."""

    describe: Callable[[], Any]
    volatile: bool


class Effects:
    """The effects of one process. Use those of `monitoring.recording.effects`."""

    def __init__(self) -> None:
        self._appliers: dict[str, Apply] = {}
        self._offers: dict[str, _Offer] = {}
        self._held: dict[tuple[str, str], _Held] = {}
        self._begin()

    def _begin(self) -> None:
        """Begin anew in a forked child: what its parent had applied stands in its memory, too."""
        self._lock = threading.RLock()
        self._decisions: Decisions = {}

    def register(self, kind: str, apply: Apply) -> None:
        """Say who applies the effects of a kind in this process, and in those that it forks.

        Args:
            kind: One of `KINDS`.
            apply: Called with the key and the value when an effect comes or changes, with None when it ends. It runs on
                the thread that follows the decisions and must not block.
        """
        with self._lock:
            self._appliers[kind] = apply
            self._bring_kind(kind, time.time())

    def offer(self, name: str, describe: Callable[[], Any], *, volatile: bool = False) -> None:
        """Say what this process can do, for its heartbeats.

        Args:
            name: Under which it is told.
            describe: Returns it as plain JSON; None where there is nothing to tell. It must not block.
            volatile: It changes all the time, and so is no reason for a heartbeat before the next one is due.
        """
        self._offers[name] = _Offer(describe, volatile)

    def capabilities(self, *, lasting: bool = False) -> dict[str, Any]:
        """Return what this process can do, as plain JSON.

        Args:
            lasting: Only what does not change all the time.
        """
        told: dict[str, Any] = {"effects": sorted(self._appliers)}
        for name, (describe, volatile) in tuple(self._offers.items()):
            if lasting and volatile:
                continue
            try:
                found = describe()
            except Exception as error:  # a heartbeat says what it can
                found = {"error": type(error).__name__}
            if found is not None:
                told[name] = found
        return told

    def applied(self) -> dict[str, str]:
        """Return the effects that stand here by their id: an empty text, or why this process cannot."""
        held = list(self._held.values())  # copied at once: others look while the follower changes it
        # The latest are waited for: they stand last.
        return {one.id: one.refusal for one in held[-_MOST:]}

    def standing(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """Return the value of an effect that is in force here, or None: two look-ups, no lock.

        Args:
            kind: One of `KINDS`; somebody has registered for it.
            key: What it is about.
        """
        held = self._held.get((kind, key))
        if held is None or held.refusal:
            return None
        return held.value if held.entry.expires is None or held.in_force(time.time()) else None

    def follow(self, decisions: Decisions) -> None:
        """Bring this process in line with the decisions. What is as it was costs next to nothing.

        Args:
            decisions: All of them by kind and key.
        """
        with self._lock:
            self._decisions = decisions
            now = time.time()
            for kind in tuple(self._appliers):
                self._bring_kind(kind, now)

    def expire(self) -> float:
        """Take back what is over by its own expiry; return the seconds until the next one is."""
        if not self._held:
            return NEVER
        with self._lock:
            now = time.time()
            for (kind, key), held in tuple(self._held.items()):
                if not held.in_force(now):
                    self._end(kind, key)
            ends = [held.entry.expires for held in self._held.values() if held.entry.expires is not None]
        return max(min(ends) / 1000 - now, 0.0) if ends else NEVER

    def forget(self) -> None:
        """Take everything back: when settings change."""
        with self._lock:
            for kind, key in tuple(self._held):
                self._end(kind, key)
            self._decisions = {}

    def _bring_kind(self, kind: str, now: float) -> None:
        wanted: dict[str, Entry] = {}
        # Copied at once: the follower of another copy might change it meanwhile.
        for name, entry in tuple(self._decisions.get(kind, {}).items()):
            service, _, key = name.partition(":")
            if service in ("", get_config().service) and (entry.expires is None or now * 1000 < entry.expires):
                wanted[key] = entry
        for held_kind, key in tuple(self._held):
            if held_kind == kind and key not in wanted:
                self._end(kind, key)
        for key, entry in wanted.items():
            held = self._held.get((kind, key))
            if held is None or held.entry != entry:
                self._apply(kind, key, entry)

    def _apply(self, kind: str, key: str, entry: Entry) -> None:
        try:
            value = msgspec.json.decode(entry.value, type=dict[str, Any])
        except (msgspec.DecodeError, ValueError, RecursionError):  # a stranger's
            return
        refusal = self._told(kind, key, value)
        self._held.pop((kind, key), None)
        self._held[kind, key] = _Held(entry, str(value.get("id") or ""), value, refusal)

    def _end(self, kind: str, key: str) -> None:
        self._held.pop((kind, key), None)
        self._told(kind, key, None)

    def _told(self, kind: str, key: str, value: dict[str, Any] | None) -> str:
        """Have an effect applied; return why that cannot be, or an empty text."""
        try:
            return str(self._appliers[kind](key, value) or "")[:_MAX_REASON]
        except Exception as error:  # the process goes on, and says that this did not work
            return f"{type(error).__name__}: {error}"[:_MAX_REASON]


effects = Effects()
"""Those of this process."""
os.register_at_fork(after_in_child=effects._begin)
