"""The documented keys say who is blocked; deleting one unblocks, and losing all of them does not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.forms import network
from monitoring.protection import telling
from monitoring.protection.blocks import actions
from monitoring.protection.blocks.models import Block
from monitoring.protection.keys import counts
from monitoring.protection.keys.blocked import ENDED_BY, synchronize
from tests.protection.failing import BAD, OTHER, ROUTE, count, times

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]
KEY = f"blocked_ip:{BAD}"


def run(client: Any, at: datetime | None = None) -> int:
    return synchronize(client, get_config().stream_prefix, at)


def block(text: str = BAD, seconds: float = 3600, addresses: list[str] | None = None) -> Block:
    now = datetime.now(UTC)
    row = actions.block(network(text), now + timedelta(seconds=seconds), "", "ada", now)  # type: ignore[arg-type]
    if addresses is not None:
        Block.objects.filter(pk=row.pk).update(addresses=addresses)
    return row


def test_a_blocked_address_has_its_key_for_as_long_as_the_block_lasts(redis_client: Any) -> None:
    block()
    run(redis_client)
    assert redis_client.get(KEY) == b"True"
    assert 3590 < redis_client.ttl(KEY) <= 3600


def test_nothing_is_written_again_that_is_there(redis_client: Any) -> None:
    block()
    run(redis_client)
    redis_client.set(KEY, "mine", keepttl=True)
    assert run(redis_client) == 0
    assert redis_client.get(KEY) == b"mine"


def test_deleting_the_key_unblocks(redis_client: Any) -> None:
    row, other = block(), block(OTHER)
    run(redis_client)
    redis_client.delete(KEY)
    assert run(redis_client) == 1
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.ended is not None, row.ended_by, other.ended) == (True, ENDED_BY, None)
    assert run(redis_client) == 0
    assert not redis_client.exists(KEY)
    assert redis_client.exists(f"blocked_ip:{OTHER}")


def test_deleting_one_of_its_keys_unblocks_an_ipv6_network(redis_client: Any) -> None:
    addresses = ["2001:db8:1:2::1", "2001:db8:1:2::2"]
    row = block("2001:db8:1:2::/64", addresses=addresses)
    run(redis_client)
    assert all(redis_client.exists(f"blocked_ip:{address}") for address in addresses)
    redis_client.delete(f"blocked_ip:{addresses[0]}")
    assert run(redis_client) == 1
    row.refresh_from_db()
    assert row.ended is not None
    assert not redis_client.exists(f"blocked_ip:{addresses[1]}")


def test_a_redis_that_lost_everything_unblocks_nobody(redis_client: Any) -> None:
    row = block()
    run(redis_client)
    redis_client.flushdb()
    assert run(redis_client) == 0
    row.refresh_from_db()
    assert row.ended is None
    assert redis_client.exists(KEY)


def test_a_key_that_somebody_writes_blocks_nobody(redis_client: Any) -> None:
    redis_client.set(KEY, "True")
    run(redis_client)
    assert not Block.objects.exists()


def test_the_key_of_a_block_that_was_ended_goes(redis_client: Any) -> None:
    row = block()
    run(redis_client)
    actions.end(Block.objects.filter(pk=row.pk), "bob", datetime.now(UTC))
    run(redis_client)
    assert not redis_client.exists(KEY)
    row.refresh_from_db()
    assert row.ended_by == "bob"


def test_a_key_whose_time_has_passed_was_not_deleted_by_anybody(redis_client: Any) -> None:
    row = block(seconds=0.3)
    run(redis_client)
    while redis_client.exists(KEY):
        time.sleep(0.01)
    assert run(redis_client, row.started) == 0  # by a clock that is behind
    row.refresh_from_db()
    assert row.ended is None


def test_a_later_block_of_the_same_address_has_a_key_of_its_own_time(redis_client: Any) -> None:
    block(seconds=60)
    run(redis_client)
    later = block(seconds=7200)
    run(redis_client)
    assert redis_client.ttl(KEY) > 7000
    later.refresh_from_db()
    assert later.ended is None


def test_more_blocks_than_one_transaction_looks_at(redis_client: Any) -> None:
    now = datetime.now(UTC)
    hosts = [f"10.0.{place // 250}.{place % 250}" for place in range(1_100)]
    rows = [
        Block(network=f"{host}/32", prefix=32, addresses=[host], started=now, expires=now + timedelta(hours=1))
        for host in hosts
    ]
    Block.objects.bulk_create(rows)
    run(redis_client)
    assert len(redis_client.keys("blocked_ip:*")) == 1_100
    redis_client.delete(*(f"blocked_ip:{host}" for host in hosts[::100]))
    assert run(redis_client) == 11


def test_counts_are_shown_for_as_long_as_the_window(redis_client: Any) -> None:
    count(times(BAD, 3) + times("2001:db8:1:2::1", 2))
    assert counts.write(redis_client) == 3
    assert redis_client.get(f"error_count:ip:{BAD}") == b"3"
    assert redis_client.get("error_count:ip:2001:db8:1:2::/64") == b"2"
    assert redis_client.get(f"error_count:route:{ROUTE}") == b"5"
    assert 590 < redis_client.ttl(f"error_count:ip:{BAD}") <= 600


def test_without_errors_no_counts_are_written(redis_client: Any) -> None:
    assert counts.write(redis_client) == 0


def test_what_led_to_a_block_that_has_ended_is_counted_no_more(redis_client: Any) -> None:
    count(times(BAD, 6) + times(OTHER, 2))
    block()
    counts.write(redis_client)
    assert redis_client.get(f"error_count:ip:{BAD}") == b"6"
    actions.end(Block.objects.all(), "ada", datetime.now(UTC) + timedelta(milliseconds=1))
    counts.write(redis_client)
    assert not redis_client.exists(f"error_count:ip:{BAD}")
    count(times(BAD, 3, at=int(time.time() * 1000) + 1_000))
    counts.write(redis_client)
    assert redis_client.get(f"error_count:ip:{BAD}") == b"3"
    assert redis_client.get(f"error_count:ip:{OTHER}") == b"2"


def test_what_a_person_decides_shows_in_the_keys_at_once(
    redis_client: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        row = block()
        telling.tell("default")
    assert redis_client.exists(KEY)
    with django_capture_on_commit_callbacks(execute=True):
        actions.end(Block.objects.filter(pk=row.pk), "ada", datetime.now(UTC))
        telling.tell("default")
    assert not redis_client.exists(KEY)
