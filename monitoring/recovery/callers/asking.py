"""Asking for the recovery of an error, and waiting for what becomes of it."""

from __future__ import annotations

import time

from monitoring.conf import Config
from monitoring.recording.events import RecoveryRequest
from monitoring.recording.recorder import recorder
from monitoring.recovery.in_code import attendant

from . import member, outcomes
from .caught import Caught
from .places import places

AUTOMATIC, MIDDLEWARE, DECORATOR, CONTEXT, MANUAL, PREVENTIVE = (
    "automatic",
    "middleware",
    "decorator",
    "context",
    "manual",
    "preventive",
)


def recover(caught: Caught, trigger: str, *, waits: bool = True) -> member.Member:
    """Ask for the recovery of an error that was caught; functions of the project's own come first.

    Args:
        caught: What was caught, and until when its caller waits.
        trigger: Who asks.
        waits: Whether the caller waits, if there is a place.

    Returns:
        What became of it, as far as that is known by then. It never raises.
    """
    try:
        return _recover(caught, trigger, waits=waits)
    except Exception:  # whatever it is, the caller has an exception of its own to go on with
        recorder.failed()
        return member.refused("Recovery could not be asked for.")


def request(config: Config, error_id: str, trigger: str, *, waits: bool) -> None:
    """Record that somebody asks for the recovery of an error that is recorded already.

    Args:
        config: This installation's settings.
        error_id: As 32 hexadecimal digits.
        trigger: Who asks.
        waits: Whether somebody waits for the outcome.
    """
    recorder.record_fact(RecoveryRequest(time.time_ns(), error_id, trigger, waits and not config.eager))


def outcome(config: Config, error_id: str, deadline: float) -> member.Member | None:
    """Wait for the outcome, in a place that was taken, and tell the others whether it came in time."""
    found = outcomes.wait(config, error_id, deadline)
    places.came(in_time=found is not None)
    return found


def why_not(caught: Caught) -> str:
    """Return why nothing is asked for, or an empty string."""
    if not caught.error_id:
        return "The error is not recorded, so nothing recovers it."
    if caught.config.recovery == "off":
        return "Recovery is switched off."
    if not caught.full:
        return "It is a repetition: recovery was asked for with the first errors of its kind."
    return ""


def _recover(caught: Caught, trigger: str, *, waits: bool) -> member.Member:
    if reason := why_not(caught):
        return member.refused(reason)
    with places.one(wanted=waits and not caught.config.eager) as waiting:
        own = attendant.result(caught.error_id, caught.left if waiting else 0.0)
        if own is not None and own.success:
            return member.member(attempted=True, success=True, message=own.message, actions=[own.action])
        request(caught.config, caught.hex_id, trigger, waits=waiting)
        found = outcome(caught.config, caught.hex_id, caught.deadline) if waiting else None
    return member.after(found or member.queued(), [own.action] if own is not None else [])
