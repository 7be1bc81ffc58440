"""How many messages may go to one destination."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.deliveries.bucket import Bucket

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_new_bucket_allows_a_sixth_of_an_hour_at_once() -> None:
    assert Bucket(60, 0.0, None).at(NOW) == 10.0
    assert Bucket(2, 0.0, None).at(NOW) == 1.0, "one at least"


def test_it_fills_at_the_rate_of_the_hour_and_never_beyond_what_it_holds() -> None:
    empty = Bucket(60, 0.0, NOW)
    assert empty.at(later(60)) == 1.0
    assert empty.at(later(86_400)) == 10.0
    assert empty.at(later(-60)) == 0.0, "a clock that was put back takes nothing away"
    assert empty.ready(NOW) == later(60)
    assert Bucket(60, 3.0, NOW).ready(NOW) == NOW


def test_without_a_limit_everything_may_be_sent() -> None:
    assert Bucket(0, 0.0, NOW).at(NOW) == float("inf")
    assert Bucket(0, 0.0, NOW).ready(NOW) == NOW


@given(limit=st.integers(1, 1_000), gaps=st.lists(st.floats(0, 600), max_size=100))
def test_within_any_time_no_more_is_sent_than_the_burst_and_what_came_in(limit: int, gaps: list[float]) -> None:
    bucket, now, sent = Bucket(limit, 0.0, None), NOW, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        if bucket.at(now) >= 1.0:
            bucket = Bucket(limit, bucket.at(now) - 1.0, now)
            sent += 1
    passed = (now - NOW).total_seconds()
    assert sent <= bucket.capacity + passed * limit / 3600 + 1e-6
