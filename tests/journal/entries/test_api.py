"""The journal over HTTP: what waits to be sealed and what is sealed are one list, and nobody changes it."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import router
from django.test import Client
from django.urls import reverse

from monitoring.access import tokens
from monitoring.journal.audit import sealing
from monitoring.journal.audit.models import JournalEntry, PendingEntry
from monitoring.journal.audit.writing import NewEntry, write
from monitoring.journal.entries import reading
from monitoring.journal.entries.api import in_turns
from tests.protection.asking import assert_for_staff_alone, assert_problem

URL = "/api/monitoring/journal/"
pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def entry(number: int = 0, **values: Any) -> NewEntry:
    known: dict[str, Any] = {
        "entry_id": uuid.UUID(int=number + 1),
        "stream": "audit",
        "at": NOW - timedelta(seconds=number),
        "service": "shop",
        "environment": "production",
        "action": "block.lift",
        "outcome": "success",
        "actor": "ada",
        "user_id": "1",
        "token": "",
        "client": "198.51.100.7",
        "target_type": "block",
        "target_id": str(number),
        "trace_id": "a" * 32,
        "request_id": "r",
        "task_id": "",
        "details": {"number": number},
    }
    return NewEntry(**{**known, **values})


def keep(*entries: NewEntry) -> None:
    write(entries, router.db_for_write(PendingEntry))


def seal() -> None:
    sealing.seal(router.db_for_write(JournalEntry), datetime.now(UTC))


@pytest.fixture
def api() -> Client:
    """Ada, with a session: it leaves no entry of a token."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("ada", password=None))
    PendingEntry.objects.all().delete()
    return client


def targets(found: Iterable[dict[str, Any]]) -> list[str]:
    return [one["target_id"] for one in found]


def listed(api: Client, **query: Any) -> list[str]:
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    return targets(answer.json()["results"])


@pytest.mark.parametrize("path", ["", f"{uuid.UUID(int=1)}/", "export/"])
def test_it_is_for_staff_alone(path: str) -> None:
    assert_for_staff_alone("GET", URL + path)


def test_sealed_entries_and_those_that_wait_are_one_list(api: Client) -> None:
    keep(*(entry(number) for number in range(2, 5)))
    seal()
    keep(entry(0), entry(1))
    pages, address = [], f"{URL}?limit=2"
    while address:
        page = api.get(address).json()
        pages.append(targets(page["results"]))
        address = page["next"]
    assert pages == [["0", "1"], ["2", "3"], ["4"]]
    back = api.get(page["previous"]).json()
    assert targets(back["results"]) == ["2", "3"]
    newest, *_, oldest = api.get(URL).json()["results"]
    assert (newest["sequence"], newest["digest"]) == (None, None)
    assert (oldest["sequence"] is not None, len(oldest["digest"])) == (True, 64)


def test_an_entry_that_is_sealed_between_two_pages_is_shown_once(api: Client) -> None:
    keep(*(entry(number) for number in range(4)))
    first = api.get(f"{URL}?limit=2").json()
    seal()
    assert targets(first["results"]) + targets(api.get(first["next"]).json()["results"]) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["0", "1", "2"]),
        ({"stream": "business"}, ["1"]),
        ({"stream": "business,audit"}, ["0", "1", "2"]),
        ({"action": "order.pay"}, ["1"]),
        ({"action": "block"}, ["0", "2"]),
        ({"action": "bloc"}, []),
        ({"outcome": "denied"}, ["2"]),
        ({"actor": "bob@example.com"}, ["2"]),
        ({"user_id": "7"}, ["1"]),
        ({"target": "order"}, ["1"]),
        ({"target": "block:2"}, ["2"]),
        ({"client": "2001:db8::1"}, ["1"]),
        ({"trace_id": "b" * 32}, ["1", "3"]),
        ({"request_id": "r"}, ["0", "1", "2"]),
        ({"text": "NEEDLE"}, ["1"]),
        ({"since": (NOW - timedelta(days=3)).isoformat(), "until": (NOW - timedelta(hours=1)).isoformat()}, ["3"]),
    ],
)
@pytest.mark.parametrize("sealed", [False, True])
def test_entries_are_narrowed_down(api: Client, query: dict[str, str], found: list[str], sealed: bool) -> None:
    other = {"stream": "business", "action": "order.pay", "target_type": "order", "user_id": "7"}
    keep(
        entry(0),
        entry(1, **other, client="2001:db8::1", trace_id="b" * 32, details={"note": "a needle in hay"}),
        entry(2, outcome="denied", actor=scrubbed("bob@example.com")),
        entry(3, at=NOW - timedelta(days=2), trace_id="b" * 32),
    )
    if sealed:
        seal()
    assert listed(api, **query) == found


def scrubbed(name: str) -> str:
    from monitoring.recording.scrub import person

    return person(name)


@pytest.mark.parametrize(
    "query",
    [
        {"stream": "gossip"},
        {"outcome": "maybe"},
        {"odd": "1"},
        {"since": "yesterday"},
        {"since": NOW.isoformat(), "until": NOW.isoformat()},
        {"cursor": "x"},
        {"limit": "0"},
    ],
)
def test_what_makes_no_sense_is_refused(api: Client, query: dict[str, str]) -> None:
    assert_problem(api.get(URL, query), 400)


def test_one_is_read_by_its_id_sealed_or_not(api: Client) -> None:
    keep(entry(1))
    address = f"{URL}{uuid.UUID(int=2)}/"
    waiting = api.get(address).json()
    assert (waiting["id"], waiting["sequence"], waiting["details"]) == (f"{2:032x}", None, {"number": 1})
    seal()
    assert api.get(address).json() == {
        **waiting,
        "sequence": 1,
        "previous": api.get(address).json()["previous"],
        "digest": api.get(address).json()["digest"],
    }
    assert_problem(api.get(f"{URL}{uuid.UUID(int=9)}/"), 404)


def test_all_of_them_are_streamed_as_lines_oldest_first(api: Client) -> None:
    keep(entry(2), entry(3))
    seal()
    keep(entry(0), entry(1))
    answer = api.get(f"{URL}export/?action=block", headers={"accept": "application/x-ndjson"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in b"".join(answer).splitlines()]  # type: ignore[call-overload]
    assert targets(lines) == ["3", "2", "1", "0"]
    assert [one["sequence"] is None for one in lines] == [False, False, True, True]


def test_an_entry_that_is_sealed_while_it_is_exported_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(entry(0), entry(1))
    merge = reading.heapq.merge

    def sealed_meanwhile(*rows: Any, **options: Any) -> Any:
        seal()
        return merge(*rows, **options)

    monkeypatch.setattr(reading.heapq, "merge", sealed_meanwhile)
    assert [row.target_id for row in reading.each({})] == ["1", "0"]


@pytest.mark.usefixtures("eager")
def test_an_export_is_an_entry_itself() -> None:
    ada = get_user_model().objects.create_superuser("ada", password=None)
    bearer = Client(headers={"authorization": f"Bearer {tokens.issue(ada, 1)}"})
    assert bearer.get(f"{URL}export/").status_code == 200
    (one,) = bearer.get(URL, {"action": "journal.export"}).json()["results"]
    assert (one["actor"], one["outcome"]) == ("ada", "success")


def test_a_list_costs_two_queries_however_long_it_is(api: Client, django_assert_num_queries: Any) -> None:
    keep(*(entry(number) for number in range(20)))
    seal()
    keep(*(entry(number) for number in range(20, 40)))
    with django_assert_num_queries(4):  # two for the session and its user
        assert len(listed(api)) == 40


@pytest.mark.parametrize("model", [PendingEntry, JournalEntry])
def test_the_admin_shows_and_changes_nothing(api: Client, model: Any) -> None:
    keep(entry(0))
    if model is JournalEntry:
        seal()
    name = model._meta.model_name
    row = model.objects.get()
    assert b"block.lift" in api.get(reverse(f"admin:monitoring_{name}_changelist")).content
    page = reverse(f"admin:monitoring_{name}_change", args=[row.pk])
    assert api.get(page).status_code == 200
    assert api.post(page, {"actor": "mallory"}).status_code == 403
    assert api.post(reverse(f"admin:monitoring_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert api.get(reverse(f"admin:monitoring_{name}_add")).status_code == 403


def test_under_an_asgi_server_lines_are_sent_part_by_part() -> None:
    taken: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(450):
            taken.append(number)
            yield b"%d\n" % number

    async def first_part() -> bytes:
        async for part in in_turns(lines()):
            return part
        return b""

    assert asyncio.run(first_part()).count(b"\n") == len(taken) == 200
