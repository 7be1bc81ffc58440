"""The member `recovery` of answers: what became of an error, in the documented form. Pure functions over values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Member = dict[str, Any]
"""`attempted`, `success` (null while not known), `message`, `actions`, and `outcome` (null until the soak is over)."""

OUTCOMES = (None, "cleared", "persisted", "unknown")
QUEUED = "Recovery is queued; its outcome is not known yet."
FAILED, NOTHING = "Recovery failed.", "Nothing was done."
_MAX_ACTIONS = 20
_MAX_TEXT = 500


def member(*, attempted: bool, success: bool | None, message: str, actions: Sequence[Mapping[str, Any]] = ()) -> Member:
    """Return the member.

    Args:
        attempted: Whether recovery was queued, or done here.
        success: Whether an action took effect; None while that is not known.
        message: It in one sentence, for people.
        actions: What was done, each with `strategy` and `success`.
    """
    return {
        "attempted": attempted,
        "success": success,
        "message": message,
        "actions": [{"strategy": one["strategy"], "success": one["success"]} for one in actions],
        "outcome": None,
    }


def queued() -> Member:
    """Return what is said while it is not known what becomes of an error."""
    return member(attempted=True, success=None, message=QUEUED)


def refused(why: str) -> Member:
    """Return what is said where nothing is attempted."""
    return member(attempted=False, success=False, message=why)


def read(value: Any) -> Member | None:
    """Return the member as it was sent by who recovered; None for what is none.

    Args:
        value: As decoded from JSON.
    """
    if not isinstance(value, dict) or not isinstance(value.get("attempted"), bool):
        return None
    success, outcome, actions = value.get("success"), value.get("outcome"), value.get("actions")
    found = member(
        attempted=value["attempted"],
        success=success if isinstance(success, bool) else None,
        message=str(value.get("message", ""))[:_MAX_TEXT],
        actions=[one for one in actions if _is_action(one)][:_MAX_ACTIONS] if isinstance(actions, list) else (),
    )
    return found | {"outcome": outcome if outcome in OUTCOMES else None}


def after(found: Member, earlier: Sequence[Mapping[str, Any]]) -> Member:
    """Return a member whose actions begin with those that were tried before."""
    return found | {"actions": [*earlier, *found["actions"]]} if earlier else found


def public(found: Member) -> Member:
    """Return what visitors are told: whether it was recovered, and by what; never why not, which is for people here."""
    if found["success"]:
        return found
    if found["success"] is None:
        return found | {"message": QUEUED}
    return found | {"message": FAILED if found["actions"] else NOTHING}


def _is_action(value: Any) -> bool:
    known = isinstance(value, dict) and isinstance(value.get("strategy"), str)
    return known and (value.get("success") is None or isinstance(value.get("success"), bool))
