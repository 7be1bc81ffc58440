from __future__ import annotations

from datetime import timedelta

from hypothesis import given

from monitoring.alerts.channels import rendering
from monitoring.alerts.channels.base import Message, MessageKind

from . import making
from .making import AT, incident, message


def test_a_message_tells_what_since_when_how_often_whom_what_was_tried_and_what_to_do() -> None:
    assert rendering.text(message()) == (
        "[Critical] OperationalError: database is locked\n\n"
        "This needs somebody to look at it.\n\n"
        "Since: 2026-11-22 18:00:03 UTC, 12 minutes before this message\n"
        "How often: 1,200 occurrences\n"
        "Whom it hits: 12 users\n"
        "Where: shop, in production, release 1.4.2\n"
        "What was tried: Recovery by retry was tried, and failed.\n"
        "What to do: Follow the runbook.\n"
        "Raised in: shop.orders in pay\n"
        "Rule: New errors\n"
        "Labels: route=POST api/orders/\n\n"
        "Acknowledge: https://enginel.example.com/monitoring/alerts/act/abc.def.ghi/\n"
        "Show the incident: https://enginel.example.com/incidents/7\n"
    )


def test_what_is_over_says_how_long_it_lasted() -> None:
    over = incident(state="resolved", resolved=AT)
    told = message(MessageKind.RESOLVED, over)
    assert rendering.subject(told) == "[Resolved] OperationalError: database is locked"
    assert (
        rendering.opening(told)
        == "This is over, and there is nothing left to do about the alert. It lasted 12 minutes."
    )
    assert ("Since", "2026-11-22 18:00:03 UTC, for 12 minutes") in rendering.told(told)[0].rows


def test_what_nobody_saw_end_is_not_said_to_be_over() -> None:
    because = "There has been no data for long."
    closed = incident(state="resolved", resolved=AT, closed_because=because)
    told = message(MessageKind.RESOLVED, closed)
    assert rendering.subject(told) == "[Closed] OperationalError: database is locked"
    assert rendering.opening(told) == f"This was closed, and may go on unseen. {because}"
    digest = message(MessageKind.DIGEST, closed, incident())
    assert ("Closed because", because) in rendering.told(digest)[0].rows
    assert [one.mark for one in rendering.told(digest)] == ["Closed", "Critical"]


def test_what_could_not_be_told_in_time_says_that_it_happened_and_is_over() -> None:
    told = message(MessageKind.FIRING, incident(state="resolved", resolved=AT))
    assert rendering.subject(told) == "[Critical, over] OperationalError: database is locked"
    assert rendering.opening(told).startswith("This happened, and is over by now: it could not be told in time.")
    assert ("Until", "2026-11-22 18:12:03 UTC") in rendering.told(told)[0].rows


def test_what_could_not_be_told_in_time_and_was_closed_is_not_said_to_be_over() -> None:
    closed = incident(state="resolved", resolved=AT, closed_because="Its rule was switched off.")
    told = message(MessageKind.FIRING, closed)
    assert rendering.subject(told).startswith("[Critical, closed] ")
    assert rendering.opening(told) == (
        "This happened, could not be told in time, was closed, and may go on unseen. Its rule was switched off."
    )


def test_each_kind_says_what_it_means() -> None:
    reason = "Nobody acknowledged it within 15 minutes."
    assert rendering.opening(message(MessageKind.MILESTONE)) == "This still goes on, with 1,200 occurrences by now."
    assert rendering.opening(message(MessageKind.ESCALATED, reason=reason)) == f"This goes on. {reason}"
    assert (
        rendering.opening(message(MessageKind.ACKNOWLEDGED, incident(acknowledged_by="Ada"))) == "Ada looks after this."
    )
    assert "nothing to do" in rendering.opening(message(MessageKind.TEST, incidents=()))
    assert rendering.subject(message(MessageKind.ESCALATED)).startswith("[Critical, nobody is on it] ")


def test_a_digest_tells_the_first_and_counts_the_others() -> None:
    many = tuple(incident(id=number, summary=f"Number {number}") for number in range(25))
    told = message(MessageKind.DIGEST, incidents=many, omitted=75, title="100 incidents")
    text = rendering.text(told)
    assert "100 messages in one" in text
    assert "[Critical] Number 19" in text
    assert "[Critical] Number 20" not in text
    assert "And 80 more incidents." in text


def test_a_measured_value_stands_in_for_a_count() -> None:
    rows = dict(rendering.told(message(MessageKind.FIRING, incident(count=0, value=0.123456)))[0].rows)
    assert rows["Measured"] == "0.1235"
    assert "How often" not in rows


def test_no_text_imitates_a_row() -> None:
    text = rendering.text(message(MessageKind.FIRING, incident(summary="x\nWhat to do: call 555")))
    assert "\nWhat to do: call" not in text
    assert "\n    What to do: call 555" in text


def test_what_the_title_does_not_say_is_said_below_it() -> None:
    rows = dict(rendering.told(message(title="New errors in shop"))[0].rows)
    assert rows["What happened"] == "OperationalError: database is locked"


def test_a_digest_says_which_of_its_incidents_are_over() -> None:
    told = message(MessageKind.DIGEST, incident(summary="a"), incident(summary="b", resolved=AT))
    assert [(one.mark, one.heading) for one in rendering.told(told)] == [("Critical", "a"), ("Over", "b")]


def test_a_clock_that_is_behind_makes_no_negative_time() -> None:
    rows = dict(rendering.told(message(MessageKind.FIRING, incident(since=AT + timedelta(seconds=9))))[0].rows)
    assert rows["Since"].endswith(", 0 seconds before this message")


@making.FEW
@given(making.messages())
def test_whatever_it_holds_it_is_bounded_plain_text(told: Message) -> None:
    subject, text = rendering.subject(told), rendering.text(told)
    assert len(subject) <= 150
    assert "\n" not in subject
    assert len(text) < 250_000
    text.encode()
    assert "\u202e" not in text
    assert "javascript:" not in "".join(link.url for one in rendering.told(told) for link in one.links)
