"""Links in messages that act without a login: signed, for one incident and one action each, and of limited life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast, get_args

from django.core import signing
from django.urls import NoReverseMatch, reverse

from monitoring.conf import get_config

from .channels import texts

Action = Literal["acknowledge", "silence"]
ACTIONS: tuple[Action, ...] = get_args(Action)
LIFE = timedelta(days=7)
_SALT = "monitoring.alerts.act"
_PATH = "/monitoring/alerts/act/{}/"
_MAX_WHO = 100


class ExpiredError(Exception):
    """The link was ours, and is too old."""


class InvalidError(Exception):
    """Nobody here made the link."""


@dataclass(frozen=True)
class Act:
    """What a link is for.

    Attributes:
        incident_id: Of the incident.
        action: What is done to it.
        who: To whom the link was sent.
    """

    incident_id: int
    action: Action
    who: str


def act_url(incident_id: int, action: Action, who: str = "") -> str:
    """Return the address of the page where an incident is acknowledged or silenced.

    Args:
        incident_id: Of the incident.
        action: What the page does.
        who: To whom the link is sent, such as a destination's label: in whose name the page acts.

    Returns:
        The absolute address; empty when `PUBLIC_URL` is not set, since a path leads nowhere from a mail.
    """
    public_url = get_config().public_url.rstrip("/")
    if not public_url:
        return ""
    token = make(Act(incident_id, action, who))
    try:
        path = reverse("monitoring:act", args=[token])
    except (NoReverseMatch, ImportError):  # a worker of a project whose URLs are loaded elsewhere
        path = _PATH.format(token)
    return f"{public_url}{path}"


def make(act: Act) -> str:
    """Return the part of the address that says what to do, signed."""
    return _signer().sign_object([act.incident_id, act.action, texts.line(act.who, _MAX_WHO)])


def read(token: str) -> Act:
    """Return what a link is for.

    Raises:
        ExpiredError: It was made too long ago.
        InvalidError: It was not made here, or by another secret key.
    """
    try:
        incident_id, action, who = _signer().unsign_object(token, max_age=LIFE)
    except signing.SignatureExpired:
        raise ExpiredError from None
    except (signing.BadSignature, ValueError, TypeError):
        raise InvalidError from None
    if action not in ACTIONS:
        raise InvalidError
    return Act(int(incident_id), cast("Action", action), str(who))


def _signer() -> signing.TimestampSigner:
    # A colon is a character that some programs end an address at.
    return signing.TimestampSigner(salt=_SALT, sep=".")
