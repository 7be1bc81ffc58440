"""Which notices are written: with the decision or not at all, once within a cooldown, and never many."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from monitoring.protection.notices import texts
from monitoring.protection.notices.models import SEVERAL, Notice
from monitoring.protection.notices.planning import cooldowns, plan_patch
from monitoring.protection.notices.totals import totals
from monitoring.storage import outbox
from tests.faults.processes import Thread
from tests.protection.notices.making import MINUTE, NOW, ROUTE, Failing, ask, blocked, only, tell


@pytest.fixture(autouse=True)
def addresses(settings: Any) -> None:
    settings.SLACK_NOTIFICATION_URL = settings.CODEX_TRIGGER_URL = "http://127.0.0.1:1/"


@pytest.mark.django_db
def test_where_there_is_nobody_to_tell_nothing_is_written(settings: Any) -> None:
    settings.SLACK_NOTIFICATION_URL = settings.CODEX_TRIGGER_URL = ""
    assert not tell()
    assert not ask()
    assert not Notice.objects.exists()
    assert cooldowns(NOW, "default") == {}


@pytest.mark.django_db
def test_a_block_is_told_in_words_and_in_fields(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SERVICE": "R&D", "PUBLIC_URL": "https://mon.example"}
    assert tell()
    told = only().message
    assert (only().kind, only().subject, only().complete) == ("block", "198.51.100.7", True)
    assert told["text"].splitlines() == [
        f":no_entry: *R&amp;D*: 198.51.100.7 is blocked until {NOW + 60 * MINUTE:%Y-%m-%d %H:%M:%S} UTC.",
        "The client caused 6 server errors within 600 seconds. Most of them: POST api/basket/&lt;int:pk&gt;/",
        "To unblock it: `python manage.py unblock 198.51.100.7`",
        "<https://mon.example/admin/monitoring/block/7/change/|What led to it>",
    ]
    assert (
        told.items()
        >= {
            "event": "client_blocked",
            "ip": "198.51.100.7",
            "route": ROUTE,
            "count": 6,
            "window_seconds": 600,
            "until": texts.iso(NOW + 60 * MINUTE),
            "reason": "The client caused 6 server errors within 600 seconds.",
            "unblock": "python manage.py unblock 198.51.100.7",
        }.items()
    )


@pytest.mark.django_db
def test_what_is_not_decided_after_all_is_not_told() -> None:
    with transaction.atomic():
        assert tell()
        assert ask()
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    assert set(totals().values()) == {0}
    assert ask(), "the cooldown was not taken"


@pytest.mark.django_db
def test_of_many_blocks_the_first_are_told_one_by_one_and_the_others_together() -> None:
    now = [tell(blocked(number, NOW + number * timedelta(milliseconds=1))) for number in range(1, 121)]
    assert now == [True] * 5 + [False] * 115
    *_single, together = Notice.objects.order_by("pk")
    assert Notice.objects.count() == 6
    assert (together.subject, together.next_at) == (SEVERAL, NOW + MINUTE + timedelta(milliseconds=6))
    assert together.message["blocked"] == 115
    assert len(together.message["blocks"]) == 100
    assert "115 further clients are blocked: 198.51.100.6, " in together.message["text"]
    assert "198.51.100.15 and 105 more." in together.message["text"]
    assert tell(blocked(121, NOW + 2 * MINUTE)), "it is quiet again"


@pytest.mark.django_db
def test_what_is_being_sent_gathers_no_more() -> None:
    for number in range(1, 8):
        tell(blocked(number))
    (taken,) = outbox.claim(Notice.objects.filter(subject=SEVERAL), 1, 30, NOW + MINUTE)
    tell(blocked(8, NOW + timedelta(seconds=59)))
    waiting = Notice.objects.exclude(pk=taken.pk).get(subject=SEVERAL)
    assert (taken.message["blocked"], waiting.message["blocked"]) == (2, 1)


@pytest.mark.django_db
def test_a_patch_is_asked_for_once_within_the_cooldown_of_each_route(settings: Any) -> None:
    settings.CODEX_TRIGGER_COOLDOWN_SECONDS = 60
    error = uuid4()
    assert ask(errors=(error,))
    assert not ask(at=NOW + MINUTE - timedelta(seconds=1))
    assert ask("GET api/other/")
    assert cooldowns(NOW, "default") == {ROUTE: NOW + MINUTE, "GET api/other/": NOW + MINUTE}
    assert cooldowns(NOW + MINUTE, "default") == {}
    assert ask(at=NOW + MINUTE)
    message = Notice.objects.filter(subject=ROUTE).order_by("pk")[0].message
    assert (message["method"], message["route"]) == ("POST", "api/basket/<int:pk>/")
    assert (message["count"], message["errors"]) == (6, [str(error)])
    assert totals()["patch", "planned"] == 3


@pytest.mark.usefixtures("database")
def test_of_many_who_ask_for_a_patch_at_once_one_does() -> None:
    together = threading.Barrier(4)

    def decide() -> list[bool]:
        together.wait(30)
        asked = []
        for n in range(3):
            with transaction.atomic():
                asked.append(plan_patch(Failing(f"GET api/{n}/", 6, 600), NOW, "default"))
        return asked

    deciders = [Thread(decide) for _ in range(4)]
    asked = [answer for decider in deciders for answer in decider.result()]  # type: ignore[attr-defined]
    assert asked.count(True) == 3
    assert sorted(Notice.objects.values_list("subject", flat=True)) == ["GET api/0/", "GET api/1/", "GET api/2/"]
    assert totals()["patch", "planned"] == 3


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("GET api/x/", ("GET", "api/x/")),
        ("_OTHER api/x/", ("_OTHER", "api/x/")),
        ("GET", ("", "GET")),
        ("a task", ("", "a task")),
    ],
)
def test_a_route_has_a_method_where_it_begins_with_one(name: str, parts: tuple[str, str]) -> None:
    assert texts.split(name) == parts
