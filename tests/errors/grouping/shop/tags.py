"""A filter of templates."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.filter
def euros(value: Any) -> str:
    return f"{value / 100:.2f} EUR"
