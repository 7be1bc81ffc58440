"""Circuit breakers that all processes of a service share: `with circuit("payments"): …`.

Each call is recorded; Celery counts them and decides when a circuit opens, for how long, and who may try it again. Here
that is a look-up in this process's memory: no network, no lock. Where nothing is known, as in a process that has just
started, or when the platform has been silent for too long, calls go through, counted.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, overload

from monitoring.recording import spans
from monitoring.recording.decisions import copy
from monitoring.recording.effects import effects
from monitoring.recording.events import Call, CircuitDeclared, Counter
from monitoring.recording.recorder import recorder

from .marks import mark
from .options import MAX_NAME, CircuitOptions
from .standing import Standing, standing, take

FAILED, SLOW, REFUSED, BEGAN = 1, 2, 4, 8
"""Flags of a recorded call: it failed, it was slow, it was refused, or it is a trial that has begun."""
UNREADY = "circuit_unready_total"
"""Calls that were let through as the process had not read the decisions yet."""
_DECLARE_NANOSECONDS = 600 * 10**9
_MOST_NAMES = 200
_TRIAL_SECONDS = 1.0

P = ParamSpec("P")
R = TypeVar("R")


class CircuitOpenError(Exception):
    """A call was refused because its circuit is open: the dependency is unwell, and is left alone for a while.

    It is no error of the caller. A later call may succeed; a web application answers it with 503.

    Attributes:
        name: The circuit's.
        retry_after: Seconds after which it may be worth trying again.
    """

    status_code = 503
    """The HTTP status that it stands for, as REST framework has it."""

    def __init__(self, name: str, retry_after: float) -> None:
        super().__init__(f"Circuit {name} is open: calls are refused for {max(retry_after, 0):.0f} s or longer.")
        self.name = name
        self.retry_after = retry_after

    def __reduce__(self) -> Any:
        """Be made anew from what it says, where it is pickled."""
        return type(self), (self.name, self.retry_after)


class Passage:
    """One call that was let through.

    Attributes:
        failed: Whether it failed though it raises nothing; set it with `fail`.
        told: Whether somebody else tells of it as a span.
    """

    __slots__ = ("_at", "_began", "_permit", "circuit", "failed", "outer", "told")

    def __init__(self, circuit: Circuit, permit: int, outer: Passage | None) -> None:
        self.circuit = circuit
        self.outer = outer
        self.failed = self.told = False
        self._permit = permit
        self._at = time.time_ns()
        self._began = time.perf_counter_ns()

    def fail(self) -> None:
        """Say that the call failed though it raises nothing: an answer of 503, for instance."""
        self.failed = True

    def end(self, exception: BaseException | None) -> None:
        """Record how the call ended."""
        duration = time.perf_counter_ns() - self._began
        circuit, flags = self.circuit, FAILED if self.failed else 0
        if exception is not None:
            mark(exception, circuit.name)
            if isinstance(exception, CircuitOpenError) and exception.name == circuit.name:
                return
            if isinstance(exception, Exception) and not isinstance(exception, circuit.ignored):
                flags |= FAILED
        if not self.told:
            failed = bool(flags & FAILED)
            about = {"dependency": circuit.name}
            spans.record(spans.CLIENT, circuit.name, self._at + duration, duration, failed=failed, about=about)
        slow = circuit.slow
        if slow and duration >= slow:
            flags |= SLOW
        if exception is not None and not flags and not isinstance(exception, Exception):
            # Cancelled: that says nothing of the dependency. A trial must not pass for a success, though.
            if not self._permit:
                return
            flags = FAILED
        recorder.record(Call(self._at, duration, circuit.name, flags, self._permit))


_innermost: ContextVar[Passage | None] = ContextVar("enginel_circuit", default=None)


class Circuit:
    """A circuit of this process's service; see `circuit`. Use it as often, and from as many threads, as you like."""

    def __init__(self, name: str, said: Mapping[str, Any], ignored: tuple[type[BaseException], ...]) -> None:
        options = CircuitOptions(**said)
        self.name = name
        self.options = options
        self._said = dict(said)
        self.ignored = ignored
        self.slow = int(options.slow_seconds * 1e9) if options.slow_seconds is not None else 0
        self._declare_at = 0

    def enter(self) -> Passage:
        """Let one call through; end what is returned when the call does.

        Raises:
            CircuitOpenError: It is open.
        """
        permit, held = 0, standing.get(self.name)
        if held is not None:
            permit = self._try(held)
        elif copy.mark is None:
            recorder.record(Counter(time.time_ns(), UNREADY, 1.0))
        passage = Passage(self, permit, None)
        if passage._began >= self._declare_at:
            self._declare(passage)
        return passage

    def __enter__(self) -> Passage:
        passage = self.enter()
        passage.outer = _innermost.get()
        _innermost.set(passage)
        return passage

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        passage = self._leave()
        if passage is not None:
            passage.end(error)
        elif error is not None:
            mark(error, self.name)

    async def __aenter__(self) -> Passage:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    @overload
    def __call__(self, function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]: ...

    @overload
    def __call__(self, function: Callable[P, R]) -> Callable[P, R]: ...

    def __call__(self, function: Callable[P, Any]) -> Callable[P, Any]:
        """Have every call of a function go through the circuit."""
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
                async with self:
                    return await function(*args, **kwargs)

            return awaited

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> Any:
            with self:
                return function(*args, **kwargs)

        return called

    def _try(self, held: Standing) -> int:
        """Return the number of a permit to try an open circuit, or 0 where nothing is known of it any more.

        Raises:
            CircuitOpenError: There is no permit.
        """
        now = time.time_ns()
        milliseconds = now // 1_000_000
        if milliseconds >= held.void:
            return 0
        permit = take(self.name, held.permits) if held.permits else 0
        recorder.record(Call(now, 0, self.name, BEGAN if permit else REFUSED, permit))
        if permit:
            return permit
        refusal = CircuitOpenError(self.name, max((held.until - milliseconds) / 1000, _TRIAL_SECONDS))
        mark(refusal, self.name)
        raise refusal

    def _leave(self) -> Passage | None:
        """Return the innermost call of this circuit in the running task or thread, which ends."""
        inner, passage = None, _innermost.get()
        while passage is not None and passage.circuit is not self:
            inner, passage = passage, passage.outer
        if passage is None:  # it was entered in another context
            return None
        if inner is None:
            _innermost.set(passage.outer)
        else:  # generators may leave in another order than they entered
            inner.outer = passage.outer
        return passage

    def _declare(self, passage: Passage) -> None:
        """Tell the platform of the circuit: at its first use, and every ten minutes while it is used."""
        self._declare_at = passage._began + _DECLARE_NANOSECONDS
        recorder.record_fact(CircuitDeclared(passage._at, self.name, self._said))


_known: dict[str, Circuit] = {}


def circuit(
    name: str, *, ignore: type[BaseException] | tuple[type[BaseException], ...] = (), **options: Any
) -> Circuit:
    """Return a circuit, to be used as a context manager or a decorator, by sync and async code.

    All processes of a service share it, and what was said last of its options holds for all of them. Without options it
    is what it is.

    Args:
        name: The dependency's, such as `payments`; 100 characters at most.
        ignore: Exceptions that say nothing against the dependency, such as one for an answer of 404.
        **options: See `CircuitOptions`: `failure_rate`, `failure_threshold`, `slow_seconds`, `slow_rate`, `minimum`,
            `window_seconds`, `timeout_seconds`, `half_open_requests`.

    Raises:
        TypeError: There is no such option.
        ValueError: A name or an option that cannot be.

    Example:
        >>> with circuit("payments", timeout_seconds=30):
        ...     charge(order)
    """
    known = _known.get(name)
    if known is not None and not options and not ignore:
        return known
    made = _make(name, options, ignore if isinstance(ignore, tuple) else (ignore,))
    if known is not None and (known.options, known.ignored) == (made.options, made.ignored):
        return known
    if known is not None or len(_known) < _MOST_NAMES:
        _known[name] = made
    return made


def _make(name: str, options: Mapping[str, Any], ignored: tuple[type[BaseException], ...]) -> Circuit:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise ValueError(f"A circuit's name has 1 to {MAX_NAME} characters.")
    problems = CircuitOptions(**options).problems()
    if problems:
        raise ValueError(f"circuit {name!r}: {' '.join(problems)}")
    copy.follow()
    return Circuit(name, options, ignored)


def declared(name: str) -> Circuit | None:
    """Return the circuit that code of this process has declared under a name, or None."""
    return _known.get(name)


def forget() -> None:
    """Know of none: between tests."""
    _known.clear()
    standing.clear()


effects.offer("circuits", lambda: sorted(_known) or None)
