"""Whether a client wants a page or data."""

from __future__ import annotations

_MAX_HEADER, _MAX_RANGES = 2_000, 50
_PAGE = "text/html"
_DATA = frozenset({"application/json", "application/problem+json"})


def wants_page(accept: str) -> bool:
    """Return whether an `Accept` header names `text/html`, and JSON neither before it nor with a greater weight.

    Args:
        accept: The header; wildcards name nothing.
    """
    page, data = (0.0, 0), (0.0, 0)
    for place, part in enumerate(accept[:_MAX_HEADER].lower().split(",")[:_MAX_RANGES]):
        name, *parameters = (text.strip() for text in part.split(";"))
        weight = (_weight(parameters), -place)
        if name == _PAGE:
            page = max(page, weight)
        elif name in _DATA:
            data = max(data, weight)
    return page[0] > 0 and page >= data


def _weight(parameters: list[str]) -> float:
    """Return the q-value, 1 where there is none, and 0 for what is no number from 0 to 1."""
    given = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        weight = float(given)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
