"""When a queue is in trouble: pure functions, fed with samples of every five seconds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.jobs.queues.stalls import STALLED, UNCONSUMED, Limits, Motion, follow, verdicts

LIMITS = Limits(unconsumed=30.0, stalled=60.0, gap=20.0)
CLEAR = {UNCONSUMED: False, STALLED: False}


class Queue:
    """Samples of a queue, one after the other."""

    def __init__(self) -> None:
        self.at, self.motion, self.mark = 1_000_000.0, None, 0
        self.motion: Motion | None

    def sample(
        self, depth: int, *, taken: bool = False, heads: Sequence[str] = (), consumed: bool = True, idle: bool = True
    ) -> dict[str, bool]:
        self.at += 5
        self.mark += taken
        self.motion = follow(self.motion, self.at, depth, heads, str(self.mark), LIMITS)
        return verdicts(self.motion, consumed, idle, LIMITS)

    def raised_after(self, kind: str, samples: int = 30, **seen: bool) -> int | None:
        """How many seconds until a finding is raised about a queue of ten messages that does not move."""
        for number in range(samples):
            if self.sample(10, **seen).get(kind):
                return number * 5
        return None


def test_a_queue_that_nobody_consumes_is_found() -> None:
    assert Queue().raised_after(UNCONSUMED, consumed=False) == 30


def test_a_queue_that_an_idle_worker_does_not_take_from_is_found() -> None:
    assert Queue().raised_after(STALLED) == 60


def test_a_queue_whose_workers_are_all_busy_is_not_stalled() -> None:
    assert Queue().raised_after(STALLED, idle=False) is None


def test_a_queue_that_moves_is_well() -> None:
    queue = Queue()
    assert queue.raised_after(STALLED, taken=True) is None
    assert queue.raised_after(UNCONSUMED, taken=True, consumed=False) is None


def test_an_empty_queue_is_well() -> None:
    queue = Queue()
    assert all(queue.sample(0, consumed=consumed) == CLEAR for consumed in (True, False) for _ in range(30))


@pytest.mark.parametrize(
    ("heads", "stalls"),
    [
        ([("a", "")] * 30, True),
        ([(f"a{number}", "b") for number in range(30)], False),
        ([("a", "")] * 10 + [("a", "b")] * 20, True),
        ([()] * 30, True),
    ],
)
def test_another_next_message_is_a_sign_of_life_and_a_first_one_is_not(
    heads: list[tuple[str, ...]], stalls: bool
) -> None:
    queue = Queue()
    found = [queue.sample(10, heads=one).get(STALLED) for one in heads]
    assert (True in found) == stalls
    assert found.index(True) * 5 == LIMITS.stalled if stalls else True


def test_one_message_taken_does_not_end_a_stall_that_goes_on() -> None:
    queue = Queue()
    queue.raised_after(STALLED)
    assert STALLED not in queue.sample(10, taken=True)
    assert STALLED not in queue.sample(10)


def test_a_stall_ends_once_the_queue_keeps_moving() -> None:
    queue = Queue()
    queue.raised_after(STALLED)
    ended = [queue.sample(10, taken=True).get(STALLED) for _ in range(10)]
    assert ended.index(False) * 5 == LIMITS.stalled / 2
    assert True not in ended


def test_an_emptied_queue_ends_everything_at_once() -> None:
    queue = Queue()
    queue.raised_after(STALLED)
    assert queue.sample(0) == CLEAR


def test_a_worker_that_comes_ends_the_want_of_one() -> None:
    queue = Queue()
    queue.raised_after(UNCONSUMED, consumed=False)
    assert queue.sample(10)[UNCONSUMED] is False


def test_somebody_unknown_who_takes_messages_ends_the_want_of_a_worker() -> None:
    queue = Queue()
    queue.raised_after(UNCONSUMED, consumed=False)
    assert queue.sample(10, taken=True, consumed=False)[UNCONSUMED] is False


def test_nobody_knows_what_happened_while_nobody_looked() -> None:
    queue = Queue()
    queue.sample(10)
    queue.at += LIMITS.gap + 100
    assert STALLED not in {kind for kind, wrong in queue.sample(10).items() if wrong}


samples = st.tuples(st.integers(0, 3), st.booleans(), st.booleans(), st.booleans())


@given(st.lists(samples, max_size=60))
def test_only_a_queue_that_stood_still_is_found(history: list[tuple[int, bool, bool, bool]]) -> None:
    queue, moved, depth_before = Queue(), 0.0, 0
    for number, (depth, taken, consumed, idle) in enumerate(history):
        found = queue.sample(depth, taken=taken, consumed=consumed, idle=idle)
        if taken or depth == 0 or depth < depth_before or number == 0:
            moved = queue.at
        depth_before = depth
        if found.get(UNCONSUMED):
            assert depth
            assert not consumed
            assert queue.at - moved >= LIMITS.unconsumed
        if found.get(STALLED):
            assert depth
            assert consumed
            assert idle
            assert queue.at - moved >= LIMITS.stalled
