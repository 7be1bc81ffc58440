"""Whether the processes that an effect is meant for have applied it: by what their heartbeats say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitoring.recovery.strategies.base import Site
from monitoring.stream.heartbeats import Heartbeat

from .models import Effect

Wanted = Callable[[Heartbeat], str | None]
"""Returns None where an effect is meant for a process, else why it is not."""


@dataclass(frozen=True)
class Acknowledgement:
    """What processes say of an effect.

    Attributes:
        targets: The living ones that it is meant for, by name.
        done: Those that applied it.
        waiting: Those that have not said anything of it yet.
        refused: Those that cannot, and why.
    """

    targets: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def effect(self) -> bool | None:
        """Whether it took effect: wherever it is meant to (True), nowhere (False), or not known yet (None)."""
        if self.waiting:
            return None
        return bool(self.done)

    def says(self) -> str:
        """Return it in one sentence."""
        if not self.targets:
            return "No process lives that could."
        text = f"{len(self.done)} of {len(self.targets)} processes applied it"
        if self.waiting:
            text += f"; {len(self.waiting)} have not said so yet"
        if self.refused:
            process, reason = next(iter(self.refused.items()))
            text += f"; {len(self.refused)} cannot ({process}: {reason})"
        return f"{text}."

    def facts(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "targets": len(self.targets),
            "done": len(self.done),
            "waiting": list(self.waiting[:20]),
            "refused": dict(list(self.refused.items())[:20]),
        }


def process_name(one: Heartbeat) -> str:
    """Return the name that tells a process from all others, for people."""
    pid = one.state.get("pid")
    return f"{one.node}#{pid}" if isinstance(pid, int) else one.node


def living(site: Site, service: str) -> list[Heartbeat]:
    """Return the living processes of a service that follow decisions: web, workers, their children, and others.

    Args:
        site: Where.
        service: Its name; empty for all.
    """
    everybody = [*site.processes(), *site.workers().values()]
    return [one for one in everybody if one.alive and (not service or one.state.get("service") == service)]


def targets(site: Site, service: str, wanted: Wanted) -> list[Heartbeat]:
    """Return the living processes of a service that an effect would be meant for."""
    return [one for one in living(site, service) if wanted(one) is None]


def acknowledgement(effect: Effect, site: Site, wanted: Wanted) -> Acknowledgement:
    """Return what the processes that an effect is meant for say of it; who died meanwhile is not among them.

    Args:
        effect: It.
        site: Where.
        wanted: Returns None for a process that it is meant for, else why it is not.
    """
    names, done, waiting, refused = [], [], [], {}
    for one in targets(site, effect.service, wanted):
        name, said = process_name(one), one.state.get("effects")
        reason = said.get(str(effect.pk)) if isinstance(said, dict) else None
        names.append(name)
        if reason is None:
            waiting.append(name)
        elif reason:
            refused[name] = str(reason)
        else:
            done.append(name)
    return Acknowledgement(tuple(names), tuple(done), tuple(waiting), refused)
