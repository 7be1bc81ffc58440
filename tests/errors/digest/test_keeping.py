"""Which errors keep their payload."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitoring.errors.digest.keeping import NEW, RARE, RARE_UP_TO, SAMPLE, TURNING, Memory, judge

HOUR = 3_600_000


def kept(count: int, *, step: int = 1_000, releases: int = 1) -> list[str]:
    memory = Memory(0, 0)
    return [judge(memory, 10 * HOUR + number * step, str(number * releases // count)) for number in range(count)]


def test_the_first_is_new_and_rare_ones_stay() -> None:
    assert kept(RARE_UP_TO) == [NEW, *[RARE] * (RARE_UP_TO - 1)]


def test_a_new_release_a_return_and_one_after_a_quiet_day_are_turning_points() -> None:
    memory = Memory(1_000, 10 * HOUR, {"1"})
    assert judge(memory, 10 * HOUR + 1, "2") == TURNING
    assert judge(memory, 34 * HOUR + 2, "2") == TURNING
    memory.returned = True
    assert judge(memory, 34 * HOUR + 3, "2") == TURNING
    assert judge(memory, 34 * HOUR + 4, "2") == ""


def test_one_an_hour_is_kept_however_many_there_are() -> None:
    memory = Memory(10**6 + 1, 10 * HOUR, {"1"})
    assert judge(memory, 11 * HOUR, "1") == SAMPLE


@given(st.integers(100, 5_000))
def test_what_is_kept_grows_with_the_logarithm_and_the_count_is_exact(count: int) -> None:
    found = kept(count, step=0)
    assert RARE_UP_TO <= sum(map(bool, found)) <= RARE_UP_TO * (count.bit_length() - 3)
    memory = Memory(0, 0)
    for _ in range(count):
        judge(memory, 5, "")
    assert memory.count == count
