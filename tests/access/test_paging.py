"""Pages by cursor: every row once, in both directions, also among rows of one time and while others come and go."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.request import Request
from rest_framework.serializers import ValidationError
from rest_framework.test import APIRequestFactory

from monitoring.access.paging import CursorPages
from monitoring.jobs.findings import Finding

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Newest(CursorPages):
    ordering = ("-opened", "-id")


class Oldest(CursorPages):
    ordering = ("opened", "id")


def find(*ages: int) -> list[int]:
    """Store findings of these ages in minutes; return their ids."""
    rows = [
        Finding(kind="task_lost", subject=str(n), opened=NOON - timedelta(minutes=age)) for n, age in enumerate(ages)
    ]
    for row in rows:
        row.closed = row.opened
    return [row.pk for row in Finding.objects.bulk_create(rows)]


def page(link: str | None = "/", pages: type[CursorPages] = Newest, **query: Any) -> tuple[list[int], CursorPages]:
    assert link is not None
    request = Request(APIRequestFactory().get(link, query or parse_qs(urlsplit(link).query)))
    one = pages()
    return [row.pk for row in one.paginate_queryset(Finding.objects.all(), request)], one


def walk(pages: type[CursorPages], limit: int) -> list[list[int]]:
    rows, one = page(pages=pages, limit=limit)
    found = [rows]
    while one.get_next_link():
        rows, one = page(one.get_next_link(), pages)
        found.append(rows)
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_every_row_is_shown_once_also_where_times_are_the_same(limit: int) -> None:
    find(1, 0, 0, 0, 0, 2, 3)
    newest = list(Finding.objects.order_by("-opened", "-id").values_list("pk", flat=True))
    walked = walk(Newest, limit)
    assert [*chain(*walked)] == newest
    assert [len(rows) for rows in walked[:-1]] == [limit] * (len(walked) - 1)
    assert [*chain(*walk(Oldest, limit))] == newest[::-1]


def test_the_way_back_shows_the_same_pages() -> None:
    find(*[0] * 3, *range(5))
    there = []
    rows, one = page(limit=3)
    assert one.get_previous_link() is None
    while one.get_next_link():
        there.append(rows)
        rows, one = page(one.get_next_link())
    assert one.get_next_link() is None
    back = []
    while one.get_previous_link():
        rows, one = page(one.get_previous_link())
        back.append(rows)
    assert back[::-1] == there


def test_rows_that_come_or_go_meanwhile_shift_nothing() -> None:
    ids = find(1, 2, 3, 4)
    first, one = page(limit=2)
    find(0, 0)
    Finding.objects.filter(pk=ids[1]).delete()
    assert (first, page(one.get_next_link())[0]) == (ids[:2], ids[2:])


def test_a_page_costs_one_query(django_assert_num_queries: Any) -> None:
    find(*range(30))
    _, one = page(limit=10)
    with django_assert_num_queries(1):
        page(one.get_next_link())


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "", "1.0"])
def test_a_wrong_limit_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError) as refused:
        page(limit=limit)
    assert list(refused.value.detail) == ["limit"]


def encoded(values: Any) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "\0",
        "é",
        "x" * 5_000,
        encoded({}),
        encoded([]),
        encoded([2, NOON.isoformat(), "1"]),
        encoded([0, NOON.isoformat()]),
        encoded([0, NOON.isoformat(), "1", "1"]),
        encoded([0, NOON.isoformat(), 1]),
        encoded([0, NOON.isoformat(), "x"]),
        encoded([0, NOON.isoformat(), "\0"]),
        encoded([0, NOON.isoformat(), "9" * 30]),
        encoded([0, "yesterday", "1"]),
        encoded([0, "2026-11-22T12:00:00", "1"]),
        encoded([0, "0001-01-01T00:00:00+14:00", "1"]),
        encoded([0, "\ud800", "1"]),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    find(0)
    with pytest.raises(ValidationError) as refused:
        page(cursor=cursor)
    assert list(refused.value.detail) == ["cursor"]


def test_a_cursor_holds_the_values_of_its_row() -> None:
    (first, _) = find(0, 1)
    _, one = page(limit=1)
    (cursor,) = parse_qs(urlsplit(one.get_next_link() or "").query)["cursor"]
    assert json.loads(urlsafe_b64decode(cursor + "==")) == [0, NOON.isoformat(), str(first)]
