"""`track_duration` on whatever can be timed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from celery import Celery, shared_task
from celery.exceptions import Ignore, Reject, Retry

from monitoring.performance import PerformanceMonitor
from monitoring.performance.models import SlowSample
from monitoring.recording.recorder import recorder

pytestmark = pytest.mark.usefixtures("eager")


def stats(name: str = "work") -> dict[str, Any]:
    return PerformanceMonitor.get_operation_stats(name)


def test_a_function_keeps_its_name_arguments_and_result() -> None:
    @PerformanceMonitor.track_duration("work")
    def double(number: int, *, plus: int = 0) -> int:
        """Double it."""
        return number * 2 + plus

    assert double(2, plus=1) == 5
    assert (double.__name__, double.__doc__) == ("double", "Double it.")
    assert stats()["count"] == 1


def test_an_exception_counts_as_an_error_and_goes_on() -> None:
    @PerformanceMonitor.track_duration("work")
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        fail()
    assert (stats()["count"], stats()["error_count"], stats()["error_rate"]) == (1, 1, 1.0)


@pytest.mark.django_db(transaction=True)
def test_a_coroutine_function_stays_one() -> None:
    @PerformanceMonitor.track_duration("work")
    async def wait() -> str:
        await asyncio.sleep(0.01)
        return "done"

    assert inspect.iscoroutinefunction(wait)
    assert asyncio.run(wait()) == "done"
    recorder.flush()
    assert stats()["min_duration"] >= 0.01


def test_a_generator_is_timed_until_it_ends() -> None:
    @PerformanceMonitor.track_duration("work")
    def count() -> Iterator[int]:
        yield from range(3)

    assert list(count()) == [0, 1, 2]
    abandoned = count()
    next(abandoned)
    abandoned.close()
    assert (stats()["count"], stats()["error_count"]) == (2, 0)


@pytest.mark.django_db(transaction=True)
def test_an_async_generator_is_timed_until_it_ends() -> None:
    @PerformanceMonitor.track_duration("work")
    async def count() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0.01)
            yield number

    async def use() -> None:
        assert [number async for number in count()] == [0, 1, 2]
        abandoned = count()
        await anext(abandoned)
        await abandoned.aclose()

    assert inspect.isasyncgenfunction(count)
    asyncio.run(use())
    recorder.flush()
    assert (stats()["count"], stats()["error_count"]) == (2, 0)
    assert stats()["max_duration"] >= 0.03


@pytest.mark.django_db(transaction=True)
def test_an_async_generator_can_be_sent_to_and_thrown_into_and_its_failure_counts() -> None:
    @PerformanceMonitor.track_duration("work")
    async def echo() -> AsyncIterator[object]:
        sent: object = None
        while True:
            try:
                sent = yield sent  # type: ignore[misc]
            except KeyError as error:
                sent = error

    async def use() -> None:
        generator: Any = echo()
        await anext(generator)
        assert await generator.asend("hello") == "hello"
        assert isinstance(await generator.athrow(KeyError("x")), KeyError)
        with pytest.raises(ValueError, match="enough"):
            await generator.athrow(ValueError("enough"))

    asyncio.run(use())
    recorder.flush()
    assert (stats()["count"], stats()["error_count"]) == (1, 1)


@pytest.mark.parametrize("raised", [Retry(), Ignore(), Reject("no")])
def test_what_celery_raises_to_steer_a_task_is_no_failure(raised: Exception) -> None:
    with pytest.raises(type(raised)), PerformanceMonitor.track_duration("work"):
        raise raised
    assert (stats()["count"], stats()["error_count"]) == (1, 0)


def test_a_with_block_is_timed_also_nested() -> None:
    with PerformanceMonitor.track_duration("outer"), PerformanceMonitor.track_duration("inner"):
        pass
    with pytest.raises(ZeroDivisionError), PerformanceMonitor.track_duration("outer"):
        _ = 1 / 0
    assert stats("outer")["count"] == 2
    assert stats("outer")["error_count"] == 1
    assert stats("inner")["count"] == 1


def test_one_object_can_be_entered_recursively() -> None:
    timer = PerformanceMonitor.track_duration("work")
    with timer, timer:
        pass
    assert stats()["count"] == 2


def test_it_decorates_below_and_above_a_task_decorator() -> None:
    app = Celery("tests", set_as_current=False)

    @app.task(name="below")
    @PerformanceMonitor.track_duration("below")
    def below() -> str:
        return "below"

    @PerformanceMonitor.track_duration("above")
    @app.task(name="above")
    def above() -> str:
        return "above"

    assert (below.apply().result, above.apply().result) == ("below", "above")
    assert above.name == "above"
    assert stats("below")["count"] == stats("above")["count"] == 1


def test_a_shared_task_can_be_tracked() -> None:
    @shared_task(name="tests.shared")
    @PerformanceMonitor.track_duration("shared")
    def work(number: int) -> int:
        return number + 1

    assert work(1) == 2
    assert stats("shared")["count"] == 1


def test_methods_of_every_kind_can_be_decorated_from_outside_too() -> None:
    class Press:
        @PerformanceMonitor.track_duration("work")
        def mine(self) -> str:
            return type(self).__name__

        @PerformanceMonitor.track_duration("work")
        @classmethod
        def ours(cls) -> str:
            return cls.__name__

        @PerformanceMonitor.track_duration("work")
        @staticmethod
        def anybodys(word: str) -> str:
            return word

    assert [Press().mine(), Press.ours(), Press().ours(), Press().anybodys("x")] == ["Press", "Press", "Press", "x"]
    assert stats()["count"] == 4


@pytest.mark.parametrize("name", [["a list"], {"a": "dict"}, None, 7])
def test_a_name_that_is_none_does_not_reach_the_caller(name: Any) -> None:
    with PerformanceMonitor.track_duration(name):
        pass
    with PerformanceMonitor.track_duration("work"):
        pass
    assert stats()["count"] == 1


@pytest.mark.parametrize("duration", [float("nan"), None, "fast"])
def test_a_duration_that_is_no_number_counts_without_one(duration: Any) -> None:
    PerformanceMonitor._record_duration("work", duration)
    assert (stats()["count"], stats()["avg_duration"], stats()["p99"]) == (1, 0.0, 0.0)


def test_documented_thresholds_apply_and_can_be_overridden(settings: Any) -> None:
    PerformanceMonitor._record_duration("geometry_extraction", 29.9)
    PerformanceMonitor._record_duration("upload", 59.0)
    assert not SlowSample.objects.exists()
    PerformanceMonitor._record_duration("geometry_extraction", 30.1)
    PerformanceMonitor._record_duration("upload", 60.5)
    settings.MONITORING = {**settings.MONITORING, "SLOW_OPERATION_SECONDS": {"quick": 0.5}}
    PerformanceMonitor._record_duration("quick", 0.6)
    assert set(SlowSample.objects.values_list("name", flat=True)) == {"geometry_extraction", "upload", "quick"}
