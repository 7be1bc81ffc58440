from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.releases.onset import LOOKED_AT, SOON, began
from monitoring.analysis.releases.timeline import MARKED, SEEN, Known
from tests.properties import MANY

T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def known(release: str, minutes: float, source: str = MARKED) -> Known:
    return Known("shop", "production", release, T0 + timedelta(minutes=minutes), source)


def test_it_names_the_latest_release_before_and_how_long_before() -> None:
    found = began(T0, [known("1.9", -60 * 24 * 10), known("2.0", -4), known("2.1", 30)])

    assert found is not None
    assert found.release.release == "2.0"
    assert found.seconds == 240
    assert found.words == "began 4 minutes after release 2.0"


def test_nothing_is_held_against_a_release_of_yesterday() -> None:
    assert began(T0, [known("2.0", -60 * 24)]) is None
    assert began(T0, []) is None


def test_a_release_that_serves_before_it_is_marked_is_still_the_one() -> None:
    found = began(T0, [known("1.9", -3000), known("2.0", 0.5)])

    assert found is not None
    assert found.words.startswith("began with release 2.0")


def test_a_release_that_only_its_errors_tell_of_has_no_time_and_no_chance() -> None:
    found = began(T0, [known("2.0", 0, SEEN)])

    assert found is not None
    assert found.chance is None
    assert found.words == "began with the first errors of release 2.0"
    later = began(T0, [known("2.0", -10, SEEN)])
    assert later is not None
    assert later.words == "began 10 minutes after the first error of release 2.0"


def test_where_there_is_a_release_every_hour_nearness_says_little_and_that_is_said() -> None:
    found = began(T0, [known(f"1.{hour}", -30 - 60 * hour) for hour in range(24 * 30)])

    assert found is not None
    assert found.chance is not None
    assert 0.45 < found.chance < 0.55
    assert found.words.endswith("; by chance 50% of all moments are as close")


@given(st.lists(st.integers(-60 * 24 * 40, 200), max_size=30))
@MANY
def test_whatever_releases_there_were_it_is_the_latest_and_the_chance_is_a_share(minutes: list[int]) -> None:
    releases = [known(str(place), minute) for place, minute in enumerate(minutes)]
    recent = [one for one in releases if one.at >= T0 - LOOKED_AT]
    found = began(T0, recent)

    before = [one.at for one in recent if one.at <= T0 + timedelta(minutes=1)]
    if not before or T0 - max(before) > SOON:
        assert found is None
    else:
        assert found is not None
        assert found.release.at == max(before)
        assert found.chance is None or 0 <= found.chance <= 1
        assert (found.chance is None) == (T0 - min(before) < timedelta(days=1))
