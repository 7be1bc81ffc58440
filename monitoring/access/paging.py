"""Pages of a list, by `limit` and `offset`; wrong values are refused instead of being passed over."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from .fields import WholeNumberField

MAX_LIMIT = 500
_MAX_OFFSET = 2**31 - 1


class Pages(LimitOffsetPagination):
    """Pages of 50, or of as many as asked for, up to 500."""

    default_limit = 50
    max_limit = MAX_LIMIT

    def get_limit(self, request: Request) -> int:
        """Return how long the page is.

        Raises:
            ValidationError: `limit` is not a number within the bounds.
        """
        return _number(request, "limit", 1, MAX_LIMIT, self.default_limit)

    def get_offset(self, request: Request) -> int:
        """Return how many entries come before the page.

        Raises:
            ValidationError: `offset` is not a number within the bounds.
        """
        return _number(request, "offset", 0, _MAX_OFFSET, 0)


def _number(request: Request, name: str, low: int, high: int, default: int) -> int:
    given = request.query_params.get(name)
    if given is None:
        return default
    try:
        return int(WholeNumberField(min_value=low, max_value=high).run_validation(given))
    except serializers.ValidationError as error:
        raise serializers.ValidationError({name: error.detail}) from error
