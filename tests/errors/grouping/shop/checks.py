"""What others call to have something checked: that they fail is their callers' doing."""

from __future__ import annotations

from typing import Any

FLAGS = {"banner": True, "search": False}


def require(value: Any, name: str) -> Any:
    if not value:
        raise ValueError(f"{name} is missing")
    return value


def flag(name: str) -> bool:
    return FLAGS[name]
