"""What Enginel answered lately, so that it is asked seldom, and event loops do not wait.

One thread asks each question, however many wait for its answer; a failure is remembered for a moment, too, so that
not every request waits for a server that is away.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import asking
from .errors import RemoteError, UnavailableError

FRESH_SECONDS = UnavailableError.retry_after
"""For so long an answer, or that there was none, is not asked for again."""
STALE_SECONDS = 60.0
"""On event loops an answer is good for so long while a new one is fetched."""
LOOP_SECONDS = 1.0
"""For so long an event loop is held up at most, once for each time that a question is asked."""
HOLD_WINDOW_SECONDS = 10.0
"""For `LOOP_SECONDS` in each such time event loops are held up in all, however many different questions they ask."""
_SPARE_SECONDS = 1.0
_MOST_QUESTIONS = 64
_MOST_AT_ONCE = 8

Key = tuple[asking.Source, str, tuple[tuple[str, str], ...], tuple[int, ...]]


@dataclass
class _Question:
    """What is known of one question.

    Attributes:
        body: The last answer; None before there was one.
        answered: When that came, on the monotonic clock.
        failure: Why the last try came to nothing; None where it did not.
        failed: When.
        asked: Set once the question that is being asked has its answer; None while nobody asks.
        held: Whether an event loop has waited for that answer already.
    """

    body: bytes | None = None
    answered: float = 0.0
    failure: RemoteError | None = None
    failed: float = 0.0
    asked: threading.Event | None = field(default=None, repr=False)
    held: bool = False


class Answers:
    """The answers of one process. Use the module's `answers`.

    Args:
        ask: Asks one question.
        clock: Seconds that never run backwards.
        wait: Waits for an event, so many seconds at most; returns whether it is set.
    """

    def __init__(
        self,
        ask: Callable[..., bytes] = asking.ask,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        self._ask, self._clock, self._wait = ask, clock, wait
        self.forget()

    def forget(self) -> None:
        """Begin anew: in a fork's child, whose threads are not there, and between tests."""
        self._questions: OrderedDict[Key, _Question] = OrderedDict()
        self._patience, self._window = LOOP_SECONDS, -HOLD_WINDOW_SECONDS
        self._lock = threading.Lock()

    def get(self, path: str, query: Mapping[str, str], also: tuple[int, ...] = ()) -> Any:
        """Return an answer; see `monitoring.remote.get`."""
        key = (asking.source(), path, tuple(sorted(query.items())), also)
        waits = _may_wait()
        with self._lock:
            question = self._question(key)
            now = self._clock()
            body = question.body
            if body is not None and now - question.answered < FRESH_SECONDS:
                return asking.read(body)
            if question.failure is None or now - question.failed >= FRESH_SECONDS:
                self._begin(key, question)
            if body is not None and not waits and now - question.answered < STALE_SECONDS:
                return asking.read(body)
            asked = question.asked
            seconds = asking.TOTAL_SECONDS + _SPARE_SECONDS if waits else self._hold(question, now)
        if asked is not None and not self._waited(asked, seconds, waits=waits):
            raise UnavailableError("Enginel has not answered yet; its answer will be here when it is asked for again.")
        return asking.read(_said(question))

    def _hold(self, question: _Question, now: float) -> float:
        """Return the seconds for which an event loop may wait for a question that is asked."""
        if now - self._window >= HOLD_WINDOW_SECONDS:
            self._patience, self._window = LOOP_SECONDS, now
        held, question.held = question.held, True
        return 0.0 if held else self._patience

    def _waited(self, asked: threading.Event, seconds: float, *, waits: bool) -> bool:
        """Wait for an answer; return whether it came. What an event loop waits, others have less."""
        began = self._clock()
        came = self._wait(asked, seconds)
        if not waits:
            with self._lock:
                spent = self._clock() - began if came else seconds
                self._patience = max(0.0, self._patience - spent)
        return came

    def _question(self, key: Key) -> _Question:
        """Return what is known of a question; the one that was asked for longest ago makes room."""
        question = self._questions.setdefault(key, _Question())
        self._questions.move_to_end(key)
        while len(self._questions) > _MOST_QUESTIONS:
            self._questions.popitem(last=False)
        return question

    def _begin(self, key: Key, question: _Question) -> None:
        """Have a question asked, unless it is being asked.

        Raises:
            UnavailableError: Too many are, or there can be no thread.
        """
        if question.asked is not None:
            return
        if sum(one.asked is not None for one in self._questions.values()) >= _MOST_AT_ONCE:
            raise UnavailableError("Enginel is asked too much at once from this process.")
        question.asked, question.held = threading.Event(), False
        try:
            threading.Thread(target=self._work, args=(key, question), name="enginel-remote", daemon=True).start()
        except RuntimeError:
            question.asked = None
            raise UnavailableError("No thread can be started to ask Enginel.") from None

    def _work(self, key: Key, question: _Question) -> None:
        where, path, query, also = key
        body, failure = None, None
        try:
            body = self._ask(where, path, dict(query), also)
        except RemoteError as error:
            failure = error
        except Exception as error:  # whoever waits is told
            failure = UnavailableError(f"Enginel could not be asked: {type(error).__name__}.")
        with self._lock:
            asked, question.asked = question.asked, None
            question.failure = failure
            if body is not None:
                question.body, question.answered = body, self._clock()
            else:
                question.failed = self._clock()
        if asked is not None:
            asked.set()


def _said(question: _Question) -> bytes:
    """Return the last answer of a question that has been asked.

    Raises:
        RemoteError: There is none.
    """
    failure, body = question.failure, question.body
    if failure is not None:
        raise failure.again()
    if body is None:
        raise UnavailableError("Enginel could not be asked.")
    return body


def _may_wait() -> bool:
    """Whether this thread may wait: no event loop runs on it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


answers = Answers()
os.register_at_fork(after_in_child=answers.forget)
