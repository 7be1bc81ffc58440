"""What noting costs, what gathering tells, and that both are bounded whoever comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from monitoring.recording import visits
from monitoring.recording.events import Counter, Entry, Tried, TriedOf, Visit

from .attackers import ATTACKS, BROWSER

CLIENT = "203.0.113.7"


@pytest.fixture(autouse=True)
def nothing_noted() -> Iterator[None]:
    visits.forget()
    yield
    visits.forget()


def _of(kind: Any) -> list[Any]:
    return [event for event in visits.gather() if isinstance(event, kind)]


def test_noting_reads_no_text_and_parses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost on the request's thread, by what is called there: one append, and nothing of ours."""

    def never(*_: Any) -> Any:
        raise AssertionError("called on the request's thread")

    for name in ("address_of", "digest_of", "what_hash", "gather"):
        monkeypatch.setattr(visits, name, never)
    monkeypatch.setattr(visits.patterns, "worth", never)
    monkeypatch.setattr(visits.patterns, "hits", never)
    monkeypatch.setattr(visits.scrub, "text", never)
    query, agent = "id=1'", "sqlmap"
    visits.note(CLIENT, None, 404, "/x", query, "Bearer t", agent)
    (noted,) = visits._notes
    assert noted[4] is query
    assert noted[6] is agent


def test_a_request_is_read_from_once_per_header() -> None:
    asked = []

    class Meta(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.append(key)
            return super().get(key, default)

    class Request:
        META = Meta(REMOTE_ADDR=CLIENT)
        path = "/"

    visits.note_request(Request(), 200)
    assert len(asked) == len(set(asked)) == 5
    assert [(one.client, one.requests) for one in _of(Visit)] == [(CLIENT, 1)]


def test_counts_are_told_by_client_once() -> None:
    for status in (200, 404, 401, 403, 500):
        visits.note(CLIENT, None, status, "/x/")
    (one,) = _of(Visit)
    assert (one.requests, one.missing, one.denied) == (5, 1, 2)
    assert visits.gather() == []


def test_a_token_leaves_as_the_beginning_of_its_digest_once_a_minute() -> None:
    for status in (200, 200, 401):
        visits.note(CLIENT, None, status, "/", "", "Bearer s3cr3t-token")
    told = _of(Tried)
    assert sorted(one.of for one in told) == [TriedOf.REFUSED, TriedOf.USED]
    assert all(len(one.what) == 16 and "s3cr3t" not in one.what for one in told)
    visits.note(CLIENT, None, 200, "/", "", "Bearer s3cr3t-token")
    assert _of(Tried) == []


def test_missing_paths_leave_scrubbed_and_bounded() -> None:
    visits.note(CLIENT, None, 404, "/reset/ann@example.com/" + "x" * 500)
    (one,) = _of(Tried)
    assert "ann@example.com" not in one.what
    assert len(one.what) <= 120


def test_a_million_clients_take_bounded_memory_and_are_counted() -> None:
    peak = 0
    for number in range(1_000_000):
        visits._notes.append((f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", None, 200, "/", "", "", ""))
        if len(visits._notes) > visits.MOST_NOTES:
            visits._shed()
        peak = max(peak, len(visits._notes))
    assert peak == visits.MOST_NOTES
    events = visits.gather()
    told = [event for event in events if isinstance(event, Visit)]
    counters = {event.name: event.value for event in events if isinstance(event, Counter)}
    assert len(told) == visits.MOST_CLIENTS
    assert counters[visits.NOTES_DROPPED] == 1_000_000 - visits.MOST_NOTES
    assert counters[visits.CLIENTS_FOLDED] == visits.MOST_NOTES - visits.MOST_CLIENTS


def test_hits_of_a_client_and_of_all_are_bounded_and_counted() -> None:
    for number in range(100):
        visits.note(CLIENT, None, 200, f"/{number}", *ATTACKS["sql"][0][1:2], "", BROWSER)
    events = visits.gather()
    assert sum(isinstance(event, Entry) for event in events) == visits.HITS_OF_CLIENT
    assert {event.name: event.value for event in events if isinstance(event, Counter)} == {visits.HITS_DROPPED: 80.0}


def test_missing_paths_of_a_client_are_bounded() -> None:
    for number in range(5_000):
        visits.note(CLIENT, None, 404, f"/{number}/")
    assert len(_of(Tried)) == visits.MOST_PATHS
    assert len(visits._known.told) == visits.MOST_PATHS
