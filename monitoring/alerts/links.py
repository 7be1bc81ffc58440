"""Links in messages that act without a login: signed, for one incident and one action each, and of limited life."""

from __future__ import annotations

from typing import Literal

Action = Literal["acknowledge", "silence"]


def act_url(incident_id: int, action: Action, who: str = "") -> str:
    """Return the address of the page where an incident is acknowledged or silenced.

    Args:
        incident_id: Of the incident.
        action: What the page does.
        who: To whom the link is sent, such as a destination's label: in whose name the page acts.

    Returns:
        The absolute address; empty when `PUBLIC_URL` is not set, since a path leads nowhere from a mail.
    """
    raise NotImplementedError
