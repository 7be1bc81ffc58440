"""What becomes of a notice, whatever its receiver answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from monitoring.protection.notices import retention, sending
from monitoring.protection.notices.models import Notice, PatchCooldown
from monitoring.protection.notices.totals import totals
from tests.outbound.server import Play, Server, drips, in_turn, says
from tests.protection.notices.making import KNOWN, MINUTE, NOW, ROUTE, ask, blocked, only, received, run, tell

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LARGE = drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 300_000)


def test_a_block_is_told_once_to_an_address_that_may_be_private(receiver: Server) -> None:
    tell()
    assert run() == 1
    assert run(HOUR) == 0
    (got,) = received(receiver)
    assert got.body == only().message
    assert got.key == str(only().idempotency_key)
    assert receiver.requests[0].startswith("POST /hook HTTP/1.1")
    assert (only().state, only().attempts) == ("sent", 1)
    assert (totals()["block", "sent"], totals()["block", "failed"]) == (1, 0)


def test_a_patch_says_what_was_known_when_it_was_sent_first(serve: Callable[..., Server]) -> None:
    receiver = serve(in_turn(says(503), says(200)))
    ask()
    run(evidence=lambda message: {"traceback": f"first of {message['route']}"})
    run(HOUR, evidence=lambda _message: {"traceback": "second"})
    first, second = received(receiver)
    assert first == second
    assert first.body["traceback"] == "first of api/basket/<int:pk>/"
    assert first.body["event"] == "route_failing"


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (says(500), "SLACK_NOTIFICATION_URL answered 500."),
        (says(429), "SLACK_NOTIFICATION_URL answered 429."),
        (lambda _server, _connection: None, "SLACK_NOTIFICATION_URL did not answer: ConnectionError."),
    ],
)
def test_a_receiver_in_trouble_is_tried_again_until_it_takes_it(
    play: Play, told: str, serve: Callable[..., Server]
) -> None:
    receiver = serve(in_turn(play, play, says()))
    tell()
    assert run() == 0
    assert (only().state, only().last_error) == ("pending", told)
    assert run(HOUR) == 0
    assert run(2 * HOUR) == 1
    assert len({got.key for got in received(receiver)}) == 1
    assert (totals()["block", "failed"], totals()["block", "sent"]) == (2, 1)


def test_a_receiver_says_for_how_long_it_wants_to_be_left_alone(serve: Callable[..., Server]) -> None:
    serve(says(429, Retry_After="600"))
    tell()
    run()
    assert only().next_at > datetime.now(UTC) + 9 * MINUTE


@pytest.mark.parametrize("status", [400, 401, 404, 410, 301, 302])
def test_a_receiver_that_will_never_take_it_is_not_asked_again_and_that_is_seen(
    status: int, serve: Callable[..., Server]
) -> None:
    receiver = serve(says(status, Location="/elsewhere"))
    tell()
    run()
    run(HOUR)
    assert len(receiver.requests) == 1
    assert (only().state, only().last_error) == ("dead", f"SLACK_NOTIFICATION_URL answered {status}.")
    assert totals()["block", "dead"] == 1


def test_a_receiver_that_is_away_for_long_gets_it_from_a_person_at_last(serve: Callable[..., Server]) -> None:
    serve(says(500))
    tell()
    for hour in range(Notice.max_attempts):
        run(hour * HOUR)
    assert (only().state, only().attempts) == ("dead", Notice.max_attempts)
    assert (totals()["block", "failed"], totals()["block", "dead"]) == (Notice.max_attempts, 1)


def test_an_answer_that_is_too_long_was_an_answer(serve: Callable[..., Server]) -> None:
    serve(LARGE)
    tell()
    assert run() == 1


def test_one_who_does_not_answer_is_left_alone_and_the_other_one_is_told(
    serve: Callable[..., Server], receiver: Server
) -> None:
    broken = serve(says(500), "SLACK_NOTIFICATION_URL")
    for number in range(3):
        tell(blocked(number))
    ask()
    assert run() == 1
    assert len(broken.requests) == 1
    assert [got.body["event"] for got in received(receiver)] == ["route_failing"]


def test_what_nobody_is_told_of_any_more_is_dropped(receiver: Server, settings: Any) -> None:
    tell()
    settings.SLACK_NOTIFICATION_URL = ""
    run()
    assert (only().state, only().last_error) == ("dropped", "SLACK_NOTIFICATION_URL is not set any more.")
    assert receiver.requests == []


def test_errors_that_cannot_be_read_do_not_lose_a_patch(receiver: Server) -> None:
    def fail(_message: Any) -> Any:
        raise LookupError

    ask()
    with pytest.raises(LookupError):
        run(evidence=fail)
    assert run(2 * MINUTE) == 1
    assert received(receiver)[0].body.items() >= KNOWN.items()


def test_what_came_of_it_is_noted_and_counted_or_neither(receiver: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    tell()
    with monkeypatch.context() as broken:
        broken.setattr(sending.totals, "add", Mock(side_effect=LookupError))
        with pytest.raises(LookupError):
            run()
    assert (only().state, totals()["block", "sent"]) == ("sending", 0)
    run(2 * MINUTE)
    assert (only().state, totals()["block", "sent"]) == ("sent", 1)


def test_a_secret_in_the_address_is_in_no_message(settings: Any) -> None:
    settings.SLACK_NOTIFICATION_URL = "http://user:s3cret@127.0.0.1:1/s3cret"
    tell()
    run()
    assert only().state == "pending"
    assert "s3cret" not in str(Notice.objects.values().get())


def test_metadata_of_the_cloud_is_not_told_even_where_an_operator_says_so(settings: Any) -> None:
    settings.SLACK_NOTIFICATION_URL = "http://169.254.169.254/latest/meta-data"
    tell()
    run()
    assert only().state == "dead"
    assert "SLACK_NOTIFICATION_URL is not reached." in only().last_error


def test_settled_notices_and_old_cooldowns_go_when_their_time_is_up_and_totals_stay(receiver: Server) -> None:
    from monitoring.conf import get_config

    tell(blocked(1))
    run()
    tell(blocked(2))
    ask()
    long_ago = NOW - timedelta(days=15)
    Notice.objects.update(created=long_ago)
    Notice.objects.filter(state="sent").update(settled=long_ago)
    PatchCooldown.objects.update(until=long_ago)
    retention.prune(get_config())
    assert {one.subject for one in Notice.objects.all()} == {"198.51.100.2", ROUTE}
    assert not PatchCooldown.objects.exists()
    assert totals()["block", "sent"] == 1


def test_the_task_sends_what_is_due(receiver: Server, redis_client: Any) -> None:
    from tasks.protection import send

    tell()
    ask()
    send()
    assert [got.body["event"] for got in received(receiver)] == ["client_blocked", "route_failing"]
