"""What an answer says is wrong."""

from __future__ import annotations

from typing import Any


def wrong_fields(answer: Any) -> list[str]:
    """The fields that are wrong, in REST framework's own format or in the project's."""
    body = answer.json()
    return list(body.get("errors", body))
