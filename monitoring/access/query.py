"""Reading the parameters in an address: those that do not exist are refused, as wrong values are.

A misspelt filter that was passed over would answer with everything, and look as if it had found it.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.pagination import BasePagination, CursorPagination, LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.settings import api_settings

_MOST_NAMED, _LONGEST_NAME = 10, 100


def read(
    request: Request, parameters: type[serializers.Serializer[Any]], pages: type[BasePagination] | None = None
) -> dict[str, Any]:
    """Return the values of the parameters of a request.

    Args:
        request: The request.
        parameters: Which parameters there are, beside those of pages.
        pages: How the answer is cut into pages, where it is.

    Raises:
        ValidationError: One of them is wrong, or there is no such parameter.
    """
    given = parameters(data=request.query_params.dict())
    known = [*given.fields, *_of(pages)]
    ignored = api_settings.URL_FORMAT_OVERRIDE
    if unknown := sorted(name for name in request.query_params if name not in known and name != ignored):
        message = f"There is no such parameter. There are: {', '.join(known)}."
        raise serializers.ValidationError({name[:_LONGEST_NAME]: [message] for name in unknown[:_MOST_NAMED]})
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _of(pages: type[BasePagination] | None) -> list[str]:
    """Return the parameters of pages."""
    if pages is None:
        return []
    if issubclass(pages, CursorPagination):
        return [str(pages.page_size_query_param), pages.cursor_query_param]
    if issubclass(pages, LimitOffsetPagination):
        return [pages.limit_query_param, pages.offset_query_param]
    raise TypeError(f"{pages.__name__} is none of ours")
