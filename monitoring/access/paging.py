"""Pages of a list, by `limit` and `offset` or by cursor; wrong values are refused instead of being passed over."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import Q
from rest_framework import serializers
from rest_framework.pagination import CursorPagination, LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from .fields import WholeNumberField

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_MAX_CURSOR = 1_000
_MAX_OFFSET = 2**31 - 1


class Pages(LimitOffsetPagination):
    """Pages of 50, or of as many as asked for, up to 500."""

    default_limit = DEFAULT_LIMIT
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


class CursorPages(CursorPagination):
    """Pages that go on exactly after the last row of the one before, whatever is added or removed meanwhile.

    A cursor holds that row's values of all columns it is ordered by, so that rows of the same time are neither shown
    twice nor left out, however many they are. `ordering` names columns that hold no NULL, all in the same direction;
    together they are unique.
    """

    page_size = DEFAULT_LIMIT
    page_size_query_param = "limit"
    ordering: tuple[str, ...] = ("-pk",)

    def get_page_size(self, request: Request) -> int:
        """Return how long the page is.

        Raises:
            ValidationError: `limit` is not a number within the bounds.
        """
        return _number(request, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT)

    def paginate_queryset(
        self,
        queryset: Any,
        request: Request,
        view: Any = None,  # noqa: ARG002  # REST framework's signature
    ) -> list[Any]:
        """Return the rows of a page, by one query.

        Raises:
            ValidationError: `limit` or `cursor` is wrong.
        """
        self.base_url = request.build_absolute_uri()
        size = self.get_page_size(request)
        place = self._place(request, queryset.model)
        backwards, after = place or (False, None)
        descending = self.ordering[0].startswith("-") is not backwards
        columns = [column.removeprefix("-") for column in self.ordering]
        found = self.rows(queryset, columns, after, descending, size + 1)
        more, page = len(found) > size, found[:size]
        if backwards:
            page.reverse()
        self._next = self._link(False, page[-1]) if page and (more or backwards) else None
        self._previous = self._link(True, page[0]) if page and (more if backwards else place is not None) else None
        self.page = page
        return page

    def rows(
        self, queryset: Any, columns: Sequence[str], after: Sequence[Any] | None, descending: bool, number: int
    ) -> list[Any]:
        """Return the first rows that come after a place.

        Args:
            queryset: What is listed.
            columns: By what it is ordered.
            after: Values of these columns at the place; None for the beginning.
            descending: Whether the greatest come first.
            number: How many rows at most.
        """
        rows = queryset.order_by(*(f"-{column}" if descending else column for column in columns))
        if after is not None:
            rows = rows.filter(_beyond(columns, after, "lt" if descending else "gt"))
        return list(rows[:number])

    def get_next_link(self) -> str | None:
        """Return the address of the page that follows."""
        return self._next

    def get_previous_link(self) -> str | None:
        """Return the address of the page before."""
        return self._previous

    def _link(self, backwards: bool, row: models.Model) -> str:
        values = [str(_value(getattr(row, column.removeprefix("-")))) for column in self.ordering]
        text = json.dumps([int(backwards), *values], separators=(",", ":"))
        cursor = urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return replace_query_param(str(self.base_url), self.cursor_query_param, cursor)

    def _place(self, request: Request, model: type[models.Model]) -> tuple[bool, list[Any]] | None:
        """Read the cursor: whether the page lies before its row, and that row's values."""
        given = request.query_params.get(self.cursor_query_param)
        if given is None:
            return None
        try:
            return _read(given, model, [column.removeprefix("-") for column in self.ordering])
        except (ValueError, OverflowError, RecursionError, DjangoValidationError) as error:
            raise serializers.ValidationError(
                {self.cursor_query_param: ["This is not a cursor of this list."]}
            ) from error


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(cursor: str, model: type[models.Model], columns: Sequence[str]) -> tuple[bool, list[Any]]:
    """Read a cursor.

    Raises:
        ValueError: It is none, or a list in another order has made it.
        ValidationError: A value in it is none of its column.
    """
    if len(cursor) > _MAX_CURSOR:
        raise ValueError("too long")
    found = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    if not isinstance(found, list) or len(found) != len(columns) + 1 or found[0] not in (0, 1):
        raise ValueError("of another form")
    if not all(isinstance(text, str) and text.encode() and "\0" not in text for text in found[1:]):
        raise ValueError("of another form")
    return bool(found[0]), [_parse(model, column, text) for column, text in zip(columns, found[1:], strict=True)]


def _parse(model: type[models.Model], column: str, text: str) -> Any:
    field = model._meta.pk if column == "pk" else model._meta.get_field(column)
    value = field.to_python(text)  # type: ignore[union-attr]
    field.run_validators(value)  # type: ignore[union-attr]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without its zone")
        return value.astimezone(UTC)
    return value


def _beyond(columns: Sequence[str], values: Sequence[Any], compared: str) -> Q:
    """Return the condition that a row comes after these values; its first part lets an index find where to begin."""
    condition = Q()
    for place in range(len(columns)):
        equal = dict(zip(columns[:place], values[:place], strict=True))
        condition |= Q(**equal, **{f"{columns[place]}__{compared}": values[place]})
    return Q(**{f"{columns[0]}__{compared}e": values[0]}) & condition


def _number(request: Request, name: str, low: int, high: int, default: int) -> int:
    given = request.query_params.get(name)
    if given is None:
        return default
    try:
        return int(WholeNumberField(min_value=low, max_value=high).run_validation(given))
    except serializers.ValidationError as error:
        raise serializers.ValidationError({name: error.detail}) from error
