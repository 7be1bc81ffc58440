"""What this process can say of every component without waiting: `board.parts()`.

The first question starts the follower. While no snapshot is there, what can be checked from here is checked once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.component import Status
from monitoring.conf import Config, get_config

from .follower import SILENT_SECONDS, Follower
from .registry import load
from .report import Limits, Seen, judge
from .runner import Runner
from .snapshot import Part, advance, parts

_FIRST_ANSWER_SECONDS = 0.3
_INLINE_SECONDS = 0.4


@dataclass
class _Following:
    """A process that follows.

    Attributes:
        known: Set when there is something to answer with.
        inline: What this process found out by itself.
    """

    config: Config
    follower: Follower
    began: float = field(default_factory=time.monotonic)
    known: threading.Event = field(default_factory=threading.Event)
    inline: Mapping[str, Part] = field(default_factory=dict)

    def open(self) -> None:
        """Wait for the first answer; without a snapshot, look around here. Runs in a thread of its own."""
        try:
            self.follower.asked.wait(_FIRST_ANSWER_SECONDS)
            if self.follower.copy is None:
                self.inline = look_around(self.config)
        finally:
            self.known.set()


class Board:
    """The health of the platform as one process sees it. Use the module's `board`."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._starting = threading.Lock()
        self._following: _Following | None = None

    def reset(self) -> None:
        """Forget everything: when settings change."""
        if (following := self._following) is not None:
            following.follower.stop()
        self._begin()

    def begin_in_child(self) -> None:
        """Begin anew after a fork, whose child has none of its parent's threads."""
        self._begin()

    def pending(self) -> threading.Event | None:
        """Return what is set once there is something to answer with; None when there is already."""
        known = self._follow().known
        return None if known.is_set() else known

    def parts(self) -> dict[str, Part]:
        """Return every component as it is known now. Waits for nothing, touches nothing."""
        following = self._follow()
        config, follower, now = following.config, following.follower, time.monotonic()
        copy, answered = follower.copy, follower.answered
        seen = Seen(
            age=now - copy.seen if copy else None,
            silence=now - (answered if answered is not None else following.began),
            following=now - following.began,
        )
        limits = Limits(config.health_stale_seconds, SILENT_SECONDS, config.health_grace_seconds)
        return judge(copy.parts if copy else following.inline, load(config).components, seen, limits)

    def statuses(self) -> dict[str, Status]:
        """Return the status of every component."""
        return {name: part.status for name, part in self.parts().items()}

    def _follow(self) -> _Following:
        following = self._following
        if following is not None:
            return following
        with self._starting:
            if self._following is None:
                config = get_config()
                made = _Following(config, Follower(config))
                try:
                    threading.Thread(target=made.open, name="enginel-health-opening", daemon=True).start()
                    made.follower.start()
                except RuntimeError:  # no more threads in this system; the next question tries again
                    made.known.set()
                    return made
                self._following = made
            return self._following


def look_around(config: Config) -> dict[str, Part]:
    """Evaluate what can be evaluated from any process, in a short time."""
    checks = [check for check in load(config).checks if check.inline]
    outcomes = Runner().run(checks, _INLINE_SECONDS)
    found = advance(None, checks, outcomes, version=1, now=time.time(), fall=1, rise=1)
    return parts(found.checks.values())


board = Board()
os.register_at_fork(after_in_child=board.begin_in_child)
