"""Keep a task from running, or end it while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from monitoring.jobs.runs.models import TaskRun
from monitoring.stream.heartbeats import Heartbeat

from .holders import holders
from .kind import Kind, Order, Site
from .outcomes import NoAnswerError, Outcome, RefusedError, State
from .remote import watch_for, words

_POOLS = ("prefork", "gevent", "eventlet")
_SIGNALS = ("TERM", "KILL")
_MAY_STILL_RUN = ("RETRY",)
_SECONDS = 1.5


@dataclass(frozen=True)
class Revoking:
    """Whether a run is ended, and by which signal."""

    terminate: bool = False
    signal: str = "TERM"


class RevokingSerializer(serializers.Serializer[Any]):
    """Whether a run is ended, too."""

    terminate = serializers.BooleanField(
        default=False, help_text="End it where it runs: its process is killed, and another one takes its place."
    )
    signal = serializers.ChoiceField(choices=_SIGNALS, default="TERM")


class Revoke(Kind[Revoking]):
    """Keep a task from running, in every worker that lives; workers remember it until the last of them restarts."""

    name = "revoke"
    parameters = Revoking
    serializer = RevokingSerializer

    def capable(self, worker: Heartbeat) -> str | None:
        """Return why a worker cannot end what it runs, or None."""
        pool = worker.state.get("pool")
        if pool in _POOLS:
            return None
        return f"{worker.node} runs it in a {pool} pool, where a task cannot be ended; {', '.join(_POOLS)} can."

    def look(self, target: str, parameters: Revoking, site: Site) -> dict[str, Any]:
        """See who holds the task, and whether they can end it."""
        if not site.alive:
            raise RefusedError("No worker is alive: none would hear of it.")
        held = holders(target, site)
        if parameters.terminate:
            for node in (node for node, state in held.items() if state == "active"):
                self.able(node, site)
        last = TaskRun.objects.filter(task_id=target).order_by("-ended").values_list("state", "ended").first()
        if not held and last is not None and last[0] not in _MAY_STILL_RUN:
            raise RefusedError(f"It has ended: {last[0]} at {last[1]:%Y-%m-%d %H:%M:%S} UTC, and no worker holds it.")
        return {"held": held, "workers": site.alive}

    def perform(self, order: Order[Revoking], site: Site) -> str:
        """Tell every worker."""
        wanted = order.parameters
        answers = site.remote.ask(
            order.before["workers"],
            "revoke",
            task_id=order.target,
            terminate=wanted.terminate,
            signal=f"SIG{wanted.signal}" if wanted.terminate else None,
        )
        if not answers:
            raise NoAnswerError("No worker answered.")
        return "; ".join(f"{node}: {words(answer)}" for node, answer in sorted(answers.items()))

    def verify(self, order: Order[Revoking], said: str, site: Site) -> Outcome:
        """See that every worker lists it as revoked, and that it no longer runs if it was to be ended."""
        told = order.before["workers"]
        lists = site.remote.ask(told, "revoked")
        knowing = sorted(node for node, ids in lists.items() if isinstance(ids, list) and order.target in ids)
        silent = sorted(set(told) - lists.keys())
        deaf = sorted(set(lists) - set(knowing))
        running = _running(order, site)
        facts = {"revoked_in": knowing, "silent": silent, "running_in": running, "answer": said}
        if running:
            return Outcome(*_still_running(order, running, site), facts)
        if silent:
            detail = f"{', '.join(silent)} did not answer; revoked in {', '.join(knowing) or 'no worker'}."
            return Outcome(State.UNKNOWN, detail, facts)
        if deaf:
            return Outcome(State.NO_EFFECT, f"{', '.join(deaf)} answered, but did not take it up.", facts)
        return Outcome(State.DONE, _done(order, knowing), facts)


def _running(order: Order[Revoking], site: Site) -> list[str]:
    """Return where it runs; one that is being ended gets a moment for it."""

    def look() -> list[str] | None:
        active = sorted(node for node, state in holders(order.target, site).items() if state == "active")
        return active if not active or not order.parameters.terminate else None

    seen = watch_for(look, _SECONDS)
    if seen is not None:
        return seen
    return sorted(node for node, state in holders(order.target, site).items() if state == "active")


def _still_running(order: Order[Revoking], running: list[str], site: Site) -> tuple[State, str]:
    where = ", ".join(running)
    if order.parameters.terminate:
        return State.NO_EFFECT, f"It still runs in {where}."
    able = all(node in site.workers and site.workers[node].state.get("pool") in _POOLS for node in running)
    hint = "terminate ends it." if able else "its pool cannot end it."
    return State.NO_EFFECT, f"It runs in {where} and goes on: revoking stops what has not started; {hint}"


def _done(order: Order[Revoking], knowing: list[str]) -> str:
    held, names = order.before["held"], ", ".join(knowing)
    if order.parameters.terminate and "active" in held.values():
        return f"It was ended; revoked in {names}."
    if held:
        return f"It was held by {', '.join(sorted(held))} and will not start; revoked in {names}."
    return f"No worker holds it; revoked in {names}, which will throw it away when it comes."
