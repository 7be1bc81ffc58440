"""What is in force, worked out once after each change of the decisions: which lengths to look up, which throttles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from monitoring.conf import Config
from monitoring.recording.decisions import Copy
from monitoring.stream.decisions import Entry

from . import lookup, throttle
from .lookup import Lengths
from .throttles import Throttles

ENFORCE, DRY_RUN, OFF = "enforce", "dry_run", "off"
_MILDNESS = {ENFORCE: 0, DRY_RUN: 1, OFF: 2}
_MOST_PROCESSES = 100_000


@dataclass(frozen=True, eq=False)
class Rules:
    """The decisions as they are asked for.

    Attributes:
        mark: That of the copy.
        ready: Whether the decisions were read; in eager mode there is nothing to read.
        mode: `enforce`, `dry_run` or `off`.
        blocks: Blocked networks by key.
        lengths: Lengths of those.
        allows: Networks that are never refused, by key.
        settings: Networks that are never refused, as this process was told: the trusted proxies among them.
        throttles: Those that stand.
    """

    mark: object
    ready: bool
    mode: str
    blocks: Mapping[str, Entry]
    lengths: Lengths
    allows: Mapping[str, Entry]
    settings: tuple[str, ...]
    throttles: Throttles

    @cached_property
    def _allowed_lengths(self) -> Lengths:
        return lookup.lengths_of(tuple(self.allows))

    def allow(self, client: str) -> bool:
        """Whether a client is never refused. Few are asked about: those that would be."""
        if lookup.is_within(client, self.settings):
            return True
        return (
            bool(self.allows) and lookup.first(self.allows, lookup.keys_of(client, self._allowed_lengths)) is not None
        )


def read(copy: Copy, config: Config) -> Rules:
    """Work out what is in force.

    Args:
        copy: The decisions as this process knows them.
        config: This installation's settings.
    """
    mark = copy.mark  # first: what changes meanwhile is worked out the next time
    return Rules(
        mark=mark,
        ready=mark is not None or config.eager,
        mode=_mode(copy, config),
        blocks=copy.all("block"),
        lengths=lookup.lengths(frozenset(tuple(copy.all("block_length")))),
        allows=copy.all("allow"),
        settings=config.trusted_proxies + config.allowed_clients,
        throttles=_throttles(copy),
    )


def _mode(copy: Copy, config: Config) -> str:
    """Return the milder of what was decided for all and of what this process was told: both are to let go."""
    modes = (config.protection, copy.get("protection", "mode"))
    return max((mode for mode in modes if mode in _MILDNESS), key=lambda mode: _MILDNESS[mode], default=ENFORCE)


def _throttles(copy: Copy) -> Throttles:
    processes = _processes(copy)
    found = (throttle.read(key, entry, processes) for key, entry in tuple(copy.all("throttle").items()))
    return Throttles(one for one in found if one is not None)


def _processes(copy: Copy) -> int:
    """Return how many processes share a limit, this one among them."""
    counted = copy.get("process_count", "web") or ""
    return min(max(int(counted), 1), _MOST_PROCESSES) if counted.isdecimal() else 1
