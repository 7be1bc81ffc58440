"""What a function of the project says that it has done, read with patience. Pure functions over values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RECOVERED, DEGRADED = "recovered", "degraded"
_MAX_TEXT = 200


@dataclass(frozen=True)
class Result:
    """What a function has done.

    Attributes:
        strategy: What it calls what it did; its own name unless it says so.
        success: Whether that took effect; a degraded service is one that goes on.
        message: It in one sentence.
    """

    strategy: str
    success: bool
    message: str

    @property
    def action(self) -> Mapping[str, Any]:
        """It as an action of the member `recovery`."""
        return {"strategy": self.strategy, "success": self.success}


def of_status(value: Any, name: str) -> Result:
    """Read `{"status": "recovered" or "degraded", "action": …}`; everything else means that nothing was recovered.

    Args:
        value: As the function returned it.
        name: Of the function.
    """
    told = value if isinstance(value, Mapping) else {}
    action = _text(told.get("action")) or name
    status = told.get("status")
    if status == RECOVERED:
        return Result(action, success=True, message=f"Recovery successful: {action}")
    if status == DEGRADED:
        return Result(action, success=True, message=f"Recovery successful, with a degraded service: {action}")
    return Result(action, success=False, message=f"{action} did not recover it.")


def of_success(value: Any, label: str) -> Result:
    """Read `{"success": …, "message": …}`; everything else means that it did not take effect.

    Args:
        value: As the function returned it.
        label: Of the strategy, for a result without a message.
    """
    told = value if isinstance(value, Mapping) else {}
    success = told.get("success") is True
    otherwise = f"{label} was done." if success else f"{label} did not take effect."
    return Result(label, success=success, message=_text(told.get("message")) or otherwise)


def _text(value: Any) -> str:
    return " ".join(value.split())[:_MAX_TEXT] if isinstance(value, str) else ""
