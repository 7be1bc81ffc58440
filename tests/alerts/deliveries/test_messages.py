"""What a message says of incidents."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.channels import rendering
from monitoring.alerts.channels.base import IncidentView, LinkKind, Message, TemporaryError
from monitoring.alerts.deliveries import facts
from monitoring.alerts.deliveries.facts import NOT_TRIED, recovery
from monitoring.alerts.incidents.models import Incident
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.tally.models import ErrorMinute
from monitoring.storage import partitions
from tests.alerts.deliveries.making import Place, at, at_desk, channel, fire, happen, incident, rule, send
from tests.errors.groups.making import group, meet


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (None, NOT_TRIED),
        ("no mapping", NOT_TRIED),
        ({"recovery_attempted": False, "recovery_success": True}, NOT_TRIED),
        (
            {"recovery_attempted": True, "recovery_success": True, "recovery_strategy": "circuit_break"},
            "Recovery by circuit break took effect.",
        ),
        (
            {"recovery_attempted": True, "recovery_success": False, "recovery_strategy": "retry"},
            "Recovery by retry was tried, and failed.",
        ),
        ({"recovery_attempted": True, "recovery_success": None}, "Recovery was begun, and is under way."),
    ],
)
def test_what_was_tried_against_an_error_is_told(context: Any, said: str) -> None:
    assert recovery(context) == said


def trouble(**values: Any) -> ErrorGroup:
    """A group of errors with a bug, users, and two errors of which the newer one is told."""
    one = group("ValueError: no such part", culprit="shop.cart.add", **values)
    meet(one, ["u1", "u2"])
    ErrorGroup.objects.filter(pk=one.pk).update(users=2)
    KnownBug.objects.create(bug_id=f"B-{one.pk:03}", group=one, fingerprint=str(one.pk), title="No such part")
    for number in (1, 2):
        ErrorLog.objects.create(
            group=one,
            created=at(number),
            service="shop",
            release=f"1.{number}",
            environment="production",
            error_type="ValueError",
            exception_message="no such part, password=swordfish",
            url_pattern="api/cart/",
            user_key="u2",
            context={"recovery_attempted": True, "recovery_success": True, "recovery_strategy": "rollback"},
        )
    return one


def about(one: ErrorGroup, **values: Any) -> Incident:
    labels = {"group": str(one.pk), "service": "shop", "environment": "production", "route": "api/cart/"}
    evidence = {"group_id": one.pk, "title": one.title, "culprit": one.culprit, "release": "1.2", "window": 300}
    return fire(f"group {one.pk}", labels=labels, evidence=evidence, count=42, **values)


def told(place: Place, **settings: Any) -> tuple[Message, IncidentView]:
    send(0, place, **settings)
    (message,) = place.messages
    return message, message.incidents[0]


@pytest.mark.django_db
def test_a_message_says_what_since_when_where_how_often_whom_it_hits_and_what_to_do(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "PUBLIC_URL": "https://monitoring.example.com"}
    channel()
    one = trouble()
    about(one, of=rule(runbook_url="https://runbooks.example.com/cart"), summary="Many errors of the cart")
    message, view = told(Place())
    assert (message.title, message.severity, message.at) == ("Many errors of the cart", "high", at(0))
    assert (view.rule, view.state, view.since, view.count) == ("Too many errors", "firing", at(0), 42)
    assert (view.service, view.environment, view.release) == ("shop", "production", "1.2")
    assert (view.affected, view.recovery) == ("2 users", "Recovery by rollback took effect.")
    assert view.advice == "Follow the runbook: https://runbooks.example.com/cart"
    newest = ErrorLog.objects.latest("created")
    assert view.facts == (
        ("Error", "ValueError: no such part"),
        ("Route", "api/cart/"),
        ("Raised in", "shop.cart.add"),
        ("Last error", str(newest.error_id)),
        ("Known bug", f"B-{one.pk:03}"),
        ("Window", "300"),
    )
    assert (view.error["error_type"], view.error["endpoint"], view.error["user_id"]) == (
        "ValueError",
        "api/cart/",
        "u2",
    )
    links = {link.kind: link.url for link in view.links}
    assert list(links) == [
        LinkKind.ACKNOWLEDGE,
        LinkKind.SILENCE,
        LinkKind.RUNBOOK,
        LinkKind.VIEW,
        LinkKind.DETAILS,
    ]
    assert all(url.startswith("https://") for url in links.values())
    assert links[LinkKind.DETAILS].endswith(f"/errorgroup/{one.pk}/change/")
    assert "swordfish" not in str(dataclasses.asdict(message))
    assert "Recovery by rollback took effect." in rendering.text(message)


@pytest.mark.django_db
def test_what_no_error_is_behind_is_told_by_its_labels_and_evidence() -> None:
    channel()
    labels = {"queue": "designs", "route": "-"}
    fire(labels=labels, evidence={"oldest_age": 312.0, "workers": ["celery@one"], "token": "x"}, value=312.0)
    message, view = told(Place())
    assert (view.recovery, view.affected, view.value) == ("", "", 312.0)
    assert {("Oldest age", "312"), ("Workers", "celery@one")} <= set(view.facts)
    assert view.advice
    assert [link.url for link in view.links if link.kind is LinkKind.VIEW] == [""], (
        "without an address nobody gets there"
    )
    assert rendering.text(message)


@pytest.mark.django_db
def test_texts_of_unknown_origin_are_bounded_and_without_secrets() -> None:
    channel()
    fire(
        summary="password=swordfish " + "x" * 10_000,
        labels={"route": "y" * 10_000, "n" * 1_000: "-"},
        evidence={"note": "z" * 10_000, "group_id": "no number", "release": None},
    )
    message, view = told(Place())
    assert "swordfish" not in message.title
    assert len(str(dataclasses.asdict(message))) < 8_000
    assert all(len(value) <= 300 for value in view.labels.values())


@pytest.mark.django_db
def test_a_message_that_it_is_over_says_until_when_and_asks_for_nothing() -> None:
    channel()
    place = Place()
    one = fire()
    send(0, place)
    happen("resolved", one, minutes=7)
    send(7, place)
    view = place.messages[1].incidents[0]
    assert (view.state, view.resolved, view.advice) == ("resolved", at(7), "")
    assert {link.kind for link in view.links} == {LinkKind.VIEW}


@pytest.mark.django_db
def test_a_digest_tells_what_goes_on_before_what_is_over() -> None:
    channel()
    place = Place()
    many = [incident(f"route {number}", severity="critical") for number in range(6)]
    happen("firing", *many)
    send(0, place)
    happen("resolved", *many[:4], minutes=2)
    happen("firing", *[incident(f"new {number}", severity="high") for number in range(3)], minutes=2)
    send(2, place)
    message = place.messages[1]
    assert message.title == "7 alerts: 3 firing, 4 resolved"
    assert [view.state for view in message.incidents] == ["firing"] * 3 + ["resolved"] * 4


@pytest.mark.django_db
def test_an_incident_of_which_a_digest_tells_twice_is_told_once() -> None:
    channel()
    place = Place()
    many = [incident(f"route {number}") for number in range(4)]
    happen("firing", *many)
    happen("resolved", *many)
    happen("firing", *(again := [incident(f"route {number}") for number in range(6)]))
    send(0, place)
    assert len(place.messages[0].incidents) == len(again)
    assert "4 other messages were held back" in place.messages[0].reason


@pytest.mark.django_db
def test_what_is_read_for_a_message_does_not_grow_with_the_history() -> None:
    channel()
    found = [about(trouble()) for _ in range(2)]
    Incident.objects.all().update(state="firing")
    used = at_desk(0)
    with CaptureQueriesContext(connection) as queries:
        facts.views(found, "ops", used)
    assert len(queries) <= 4 + 2 * len(found)


@pytest.mark.django_db
@pytest.mark.parametrize("evidence", [["no", "mapping"], {"error_event": {"a": {1: object}}}, None])
def test_evidence_of_any_form_keeps_nobody_from_hearing_of_it(evidence: Any) -> None:
    channel()
    one = fire()
    one.evidence = evidence
    view = facts.views([one], "ops", at_desk(0))[0]
    assert (view.summary, view.state) == ("Many errors of checkout", "firing")


@pytest.mark.django_db
def test_why_something_was_closed_that_nobody_saw_end_is_told() -> None:
    channel()
    place, one, other = Place(), fire("cart"), fire("checkout")
    send(0, place)
    happen("resolved", one, minutes=61, reason="There has been no data for long.")
    happen("resolved", other, minutes=62)
    send(70, place)
    views = [view for message in place.messages for view in message.incidents if view.resolved is not None]
    assert {view.labels["route"]: view.closed_because for view in views} == {
        "cart": "There has been no data for long.",
        "checkout": "",
    }


@pytest.mark.django_db
def test_how_long_ago_it_began_counts_from_when_it_is_sent_and_a_late_message_says_that_it_is() -> None:
    channel()
    place = Place()
    fire()
    send(13, place)
    (message,) = place.messages
    assert dict(rendering.told(message)[0].rows)["Since"].endswith(", 13 minutes before this message")
    assert message.reason == "This was held back, or could not be sent before: it is 13 minutes late."


@pytest.mark.django_db
def test_what_failed_before_says_that_it_could_not_be_sent() -> None:
    channel()
    place = Place()
    fire()
    place.fails = TemporaryError("Not now.")
    send(0, place)
    place.fails = None
    send(10, place)
    assert place.messages[0].reason == "This could not be sent before: it is 10 minutes late."


@pytest.mark.django_db
def test_how_often_is_told_of_the_incident_itself_and_of_the_group_since_ever() -> None:
    channel()
    one = trouble()
    ErrorGroup.objects.filter(pk=one.pk).update(first_seen=at(-90))
    minute = int(at(0).timestamp() // 60)
    partitions.ensure(connection, ErrorMinute, [minute - 80, minute])
    for start, count in ((minute - 80, 41), (minute - 3, 1)):
        ErrorMinute.objects.create(start=start, group_id=one.pk, severity="high", name="x", count=count)
    about(one, of=rule())
    message, view = told(Place())
    assert (view.count, view.own) == (42, 1)
    rows = dict(rendering.told(message)[0].rows)
    assert rows["How often"] == "1 occurrence; 42 since 2026-11-22 10:30:00 UTC"


@pytest.mark.django_db
def test_a_worker_that_is_down_is_told_by_its_queues_and_with_the_page_that_helps() -> None:
    channel()
    evidence = {
        "lasting": 30.133144855499268,
        "host": "vm",
        "queues": ["designs", "mails"],
        "busy": 0,
        "waiting": 0,
        "last_heartbeat": "2026-11-22T11:59:00+00:00",
    }
    labels = {"finding": "worker_down", "worker": "designs@vm", "route": "-"}
    fire(labels=labels, evidence=evidence, value=30.133144855499268, count=1)
    message, view = told(Place())
    rows = dict(rendering.told(message)[0].rows)
    assert view.facts[1:] == (
        ("Host", "vm"),
        ("Queues", "designs, mails"),
        ("Last heartbeat", "2026-11-22 11:59:00 UTC"),
    )
    assert "docs/troubleshooting/workers-down.md" in rows["What to do"]
    assert not {"How often", "Measured"} & rows.keys()


@pytest.mark.django_db
def test_an_alert_of_a_condition_in_code_leads_to_its_error(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "PUBLIC_URL": "https://monitoring.example.com"}
    channel()
    one = trouble()
    error = ErrorLog.objects.latest("created").error_id
    fire(evidence={"message": "Look!", "error_event": {"error_id": str(error)}})
    _message, view = told(Place())
    assert ("Error id", str(error)) in view.facts
    (link,) = [link for link in view.links if link.kind is LinkKind.DETAILS]
    assert link.url.endswith(f"/errorgroup/{one.pk}/change/")


@pytest.mark.django_db
def test_an_alert_of_a_condition_in_code_names_its_error_before_that_is_stored() -> None:
    channel()
    fire(evidence={"error_event": {"error_id": "0d0f7f3e-2b60-4b57-9d52-6fd0a61d1b3c"}})
    _message, view = told(Place())
    assert view.advice.startswith("Look at the error 0d0f7f3e-2b60-4b57-9d52-6fd0a61d1b3c;")
