"""`track_duration(name)`: time a function, a coroutine function, a generator, a task, or a `with` block."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

from . import spans
from .context import Inner, describe_current
from .events import UNKNOWN_DURATION, Operation, Slow
from .recorder import SWALLOWED, recorder

logger = logging.getLogger("monitoring.slow")

SLOW_SECONDS = {"geometry_extraction": 30.0, "bom_extraction": 30.0, "upload": 60.0, "*": 30.0}
"""Seconds from which an operation counts as slow, as documented; `SLOW_OPERATION_SECONDS` overrides them by name."""

Callee = TypeVar("Callee", bound=Callable[..., Any])


def record_operation(name: str, duration: int, *, failed: bool, begun: Inner | None = None) -> None:
    """Record that an operation ran, also as a part of its trace if that is kept.

    Args:
        name: Name of the operation.
        duration: Nanoseconds it took.
        failed: Whether it raised.
        begun: Its span, if it has one.
    """
    at = time.time_ns()
    recorder.record(Operation(at, duration, name, failed))
    spans.record(spans.OPERATION, name, at, duration, failed=failed, begun=begun)
    try:
        if UNKNOWN_DURATION > duration >= slow_after(name):
            logger.warning("slow operation: %s took %.3f s", name, duration / 1e9)
            described = describe_current()
            if begun is not None:
                described["span_id"] = begun.span
            recorder.record_fact(Slow(at, duration, "operation", name, described))
    except SWALLOWED:  # the monitored code must not suffer
        recorder.failed()


def is_failure(error: BaseException | None) -> bool:
    """Whether what ended a piece of code is a failure: not a generator's end, nor Celery's retry, ignore or reject."""
    if error is None or isinstance(error, GeneratorExit):
        return False
    celery = sys.modules.get("celery.exceptions")  # where it is not loaded, nothing of it can have been raised
    return celery is None or not isinstance(error, celery.TaskPredicate)


@functools.lru_cache(maxsize=1_000)
def slow_after(name: str) -> int:
    """Return the nanoseconds from which an operation or task counts as slow."""
    limits = SLOW_SECONDS | recorder.config.slow_operation_seconds
    return int(limits.get(name, limits["*"]) * 1e9)


class track_duration:  # noqa: N801  # documented as a function: it is used as a decorator and in `with`
    """Time what it decorates or surrounds, as one operation; an exception counts as its failure and goes on.

    Args:
        name: Name of the operation.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._timings: list[_Timing] = []

    def __call__(self, function: Callee) -> Callee:
        """Wrap a function of any kind; of a Celery task its `run`, of a class or static method what is inside."""
        if isinstance(function, classmethod | staticmethod):
            return cast(Callee, type(function)(self(function.__func__)))
        if hasattr(function, "run") and hasattr(function, "apply_async"):
            cast(Any, function).run = self(function.run)
            return function
        if inspect.iscoroutinefunction(function):
            return cast(Callee, self._wrap_coroutine(function))
        if inspect.isasyncgenfunction(function):
            return cast(Callee, self._wrap_async_generator(function))
        if inspect.isgeneratorfunction(function):
            return cast(Callee, self._wrap_generator(function))
        return cast(Callee, self._wrap(function))

    def _wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with _Timing(self._name):
                return function(*args, **kwargs)

        return timed

    def _wrap_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            with _Timing(self._name):
                return await function(*args, **kwargs)

        return timed

    def _wrap_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with _Timing(self._name, surrounds=False):
                return (yield from function(*args, **kwargs))

        return timed

    def _wrap_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            with _Timing(self._name, surrounds=False):
                try:
                    value = await anext(generator)
                    while True:
                        try:
                            sent = yield value
                        except GeneratorExit:
                            await generator.aclose()
                            raise
                        except BaseException as thrown:
                            value = await generator.athrow(thrown)
                        else:
                            value = await generator.asend(sent)
                except StopAsyncIteration:
                    return

        return timed

    def __enter__(self) -> track_duration:
        timing = _Timing(self._name)
        timing.__enter__()
        self._timings.append(timing)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timings.pop().__exit__(kind, error, traceback)


class _Timing:
    """One run of an operation.

    What a generator does is no surrounding of what else runs meanwhile: its run is told of when it is over.
    """

    __slots__ = ("_begun", "_name", "_start", "_surrounds")

    def __init__(self, name: str, *, surrounds: bool = True) -> None:
        self._name = name
        self._surrounds = surrounds

    def __enter__(self) -> None:
        self._begun = spans.begin() if self._surrounds else None
        self._start = time.perf_counter_ns()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        duration = time.perf_counter_ns() - self._start
        spans.end(self._begun)
        record_operation(self._name, duration, failed=is_failure(error), begun=self._begun)


def record_seconds(name: str, duration: float, *, failed: bool) -> None:
    """Record that an operation ran, with a duration somebody else measured.

    Args:
        name: Name of the operation.
        duration: Seconds; what is no number counts as unknown.
        failed: Whether it failed.
    """
    try:
        nanoseconds = int(float(duration) * 1e9)
    except (TypeError, ValueError, OverflowError):
        nanoseconds = UNKNOWN_DURATION
    record_operation(name, nanoseconds, failed=failed)
